"""Does everything have its own place and its own name?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from featurewatch.dashboards.check.board import Board, Json, targets
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.layout import COLUMNS

SIDES = ("x", "y", "w", "h")
NARROWEST = 4
"""Of 24 columns: as wide as the number of a stat."""
LOWEST = 3
"""Of about 38 pixels each: title and number."""


def check_grid(board: Board) -> Iterator[Finding]:
    """Findings about ids and places."""
    for panel_id, count in Counter(repr(panel.get("id")) for panel in board.panels).items():
        if count > 1:
            yield board.error(None, f"{count} panels have the id {panel_id}", "links to a panel need one id each")
    for panel in board.panels:
        if not isinstance(panel.get("id"), int):
            yield board.error(panel, f"id {panel.get('id')!r}", "a panel's id is a whole number")
        references = Counter(repr(target.get("refId") or "") for target in targets(panel))
        for reference, count in references.items():
            if count > 1 or reference == "''":
                yield board.error(panel, f"{count} queries have the refId {reference}", "give each its own")
        yield from _inside(board, panel)
    top = [panel for panel in board.top_panels if _place(panel)]
    for upper, lower in combinations(top, 2):
        if _overlap(_place(upper), _place(lower)):
            other = upper.get("title") or upper.get("id")
            yield board.error(lower, f"overlaps {other!r}", "let layout.place lay it out")


def _inside(board: Board, panel: Json) -> Iterator[Finding]:
    place = _place(panel)
    if place is None:
        yield board.error(panel, f"gridPos {panel.get('gridPos')!r}", "write {x, y, w, h} as whole numbers")
    elif place["x"] < 0 or place["y"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS:
        yield board.error(panel, f"gridPos {place} leaves the grid", f"it has {COLUMNS} columns")
    elif panel.get("type") != "row" and (place["w"] < NARROWEST or place["h"] < LOWEST):
        yield board.warning(
            panel, f"too small to read: {place['w']} by {place['h']}", "give it a height, or wrap the line"
        )


def _place(panel: Json) -> Any:
    place = panel.get("gridPos")
    whole = isinstance(place, dict) and all(type(place.get(side)) is int for side in SIDES)
    return place if whole else None


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or apart)
