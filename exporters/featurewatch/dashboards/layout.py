"""From rows of panels to places in Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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


def line(*panels: Any, height: int = 8, most: int = 4) -> Line:
    """`height` in Grafana's grid units of about 38 pixels."""
    return Line(panels, height, most)


def row(title: str, *lines: Line) -> Row:
    return Row(title, lines)


def place(rows: Iterable[Row]) -> list[Any]:
    """All panels with their ids and places, in reading order."""
    placed: list[Any] = []

    def put(panel: Any, x: int, y: int, width: int, height: int) -> None:
        place = grafana.GridPos(h=height, w=width, x=x, y=y)
        placed.append(attr.evolve(panel, id=len(placed) + 1, gridPos=place))

    y = 0
    for titled in rows:
        put(grafana.RowPanel(title=titled.title), 0, y, COLUMNS, ROW_HEIGHT)
        y += ROW_HEIGHT
        for wrapped in titled.lines:
            for panels in _wrap(wrapped.panels, wrapped.most):
                edges = [COLUMNS * index // len(panels) for index in range(len(panels) + 1)]
                for panel, (left, right) in zip(panels, pairwise(edges), strict=True):
                    put(panel, left, y, right - left, wrapped.height)
                y += wrapped.height
    return placed


def _wrap(panels: Sequence[Any], most: int) -> list[Sequence[Any]]:
    if not panels:
        return []
    count = -(-len(panels) // most)
    edges = [len(panels) * index // count for index in range(count + 1)]
    return [panels[left:right] for left, right in pairwise(edges)]
