"""The rows of a benchmark's table, and whether they reach their goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TOLERANCE = 0.15
"""A goal missed by no more than this is a miss in the table, but does not fail the run: machines are noisy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `goal` is an upper bound (`at most`), a lower bound (`at least`), or absent."""

    name: str
    measured: float
    unit: str
    note: str = ""
    goal: float | None = None
    bound: Literal["at most", "at least"] = "at most"

    @property
    def excess(self) -> float:
        """By which share the goal is missed; negative when it is reached with room to spare."""
        if self.goal is None:
            return -1.0
        return self.measured / self.goal - 1 if self.bound == "at most" else self.goal / self.measured - 1

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        if self.excess <= 0:
            return "reached"
        return "missed, within tolerance" if self.excess <= TOLERANCE else "MISSED"


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text."""
    cells = [("", "goal", "measured", "verdict", "")]
    for row in rows:
        sign = "" if row.goal is None else "<= " if row.bound == "at most" else ">= "
        goal = "" if row.goal is None else f"{sign}{row.goal:g} {row.unit}"
        cells.append((row.name, goal, f"{row.measured:.3g} {row.unit}", row.verdict, row.note))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (1, 2) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def failed(rows: Sequence[Row]) -> bool:
    return any(row.excess > TOLERANCE for row in rows)
