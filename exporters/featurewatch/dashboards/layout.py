"""From rows of panels to places in Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any, Final

import attr
from grafanalib import core as grafana

COLUMNS: Final = 24
ROW_HEIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class Line:
    """Panels beside each other, equally wide; what exceeds `most` wraps, so that each line is as full as the next."""

    panels: tuple[Any, ...]
    height: int
    most: int


@dataclass(frozen=True, slots=True)
class Row:
    """A titled part of a dashboard."""

    title: str
    lines: tuple[Line, ...]
    repeat: str = ""
    """The variable for each of whose values there is one such row."""
    folded: bool = False
    """Opened by those who have what it is about."""


def line(*panels: Any, height: int = 8, most: int = 4) -> Line:
    """`height` in Grafana's grid units of about 38 pixels."""
    return Line(panels, height, most)


def row(title: str, *lines: Line, repeat: str = "", folded: bool = False) -> Row:
    return Row(title, lines, repeat, folded)


def place(rows: Iterable[Row]) -> list[Any]:
    """All panels with their ids and places, in reading order."""
    placed: list[Any] = []
    ids = count(1)

    def put(into: list[Any], panel: Any, x: int, y: int, width: int, height: int) -> None:
        place = grafana.GridPos(h=height, w=width, x=x, y=y)
        into.append(attr.evolve(panel, id=next(ids), gridPos=place))

    y = 0
    for titled in rows:
        repeat = grafana.Repeat(variable=titled.repeat) if titled.repeat else grafana.Repeat()
        put(placed, grafana.RowPanel(title=titled.title, repeat=repeat), 0, y, COLUMNS, ROW_HEIGHT)
        inside = placed
        if titled.folded:
            # A folded row holds its panels itself; an open one is followed by them.
            placed[-1] = attr.evolve(placed[-1], collapsed=True)
            inside = placed[-1].panels
        top, y = y, y + ROW_HEIGHT
        for wrapped in titled.lines:
            for panels in _wrap(wrapped.panels, wrapped.most):
                edges = [COLUMNS * index // len(panels) for index in range(len(panels) + 1)]
                for panel, (left, right) in zip(panels, pairwise(edges), strict=True):
                    put(inside, panel, left, y, right - left, wrapped.height)
                y += wrapped.height
        if titled.folded:
            y = top + ROW_HEIGHT
    return placed


def _wrap(panels: Sequence[Any], most: int) -> list[Sequence[Any]]:
    if not panels:
        return []
    lines = -(-len(panels) // most)
    edges = [len(panels) * index // lines for index in range(lines + 1)]
    return [panels[left:right] for left, right in pairwise(edges)]
