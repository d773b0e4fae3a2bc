"""Do overrides, transformations and colours name what Grafana has? It passes over anything else without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from featurewatch.dashboards.check import vocabulary
from featurewatch.dashboards.check.board import Board, Json, as_object, as_objects, threshold_steps
from featurewatch.dashboards.check.finding import Finding

WRITTEN = re.compile(r"#[0-9a-fA-F]{3,8}|rgba?\([\d.,\s%]+\)")
"""A colour that is not named."""


def check_overrides(board: Board) -> Iterator[Finding]:
    """Findings about words that no schema lists."""
    for panel in board.panels:
        yield from _overrides(board, panel)
        for step in as_objects(panel.get("transformations")):
            if step.get("id") not in vocabulary.TRANSFORMATIONS:
                remedy = "such as organize, merge or filterFieldsByName"
                yield board.error(panel, f"transformation {step.get('id')!r} is none of Grafana's", remedy)
        for colour in _colours(panel):
            if not _known(colour):
                yield board.error(
                    panel, f"colour {colour!r} is none of Grafana's", "such as green, dark-red or #5a5e66"
                )
    for annotation in board.annotations:
        if not _known(annotation.get("iconColor")):
            what = f"annotation {annotation.get('name')!r} has the colour {annotation.get('iconColor')!r}"
            yield board.error(None, what, "such as green, dark-red or #5a5e66")


def _overrides(board: Board, panel: Json) -> Iterator[Finding]:
    for override in as_objects(as_object(panel.get("fieldConfig")).get("overrides")):
        matcher = as_object(override.get("matcher")).get("id")
        if matcher not in vocabulary.MATCHERS:
            yield board.error(panel, f"matcher {matcher!r} is none of Grafana's", "such as byName, byRegexp or byType")
        for item in as_objects(override.get("properties")):
            name = str(item.get("id"))
            if name not in vocabulary.PROPERTIES and not name.startswith("custom."):
                remedy = f"take one of {', '.join(sorted(vocabulary.PROPERTIES))}, or custom.…"
                yield board.error(panel, f"property {name!r} of an override is none of Grafana's", remedy)


def _colours(panel: Json) -> Iterator[object]:
    for step in threshold_steps(panel):
        yield step.get("color")
    for mapping in as_objects(as_object(as_object(panel.get("fieldConfig")).get("defaults")).get("mappings")):
        options = as_object(mapping.get("options"))
        for result in (options.get("result"), *options.values()):
            if isinstance(result, dict) and "color" in result:
                yield result["color"]


def _known(colour: object) -> bool:
    text = str(colour)
    return text in vocabulary.COLOURS or WRITTEN.fullmatch(text) is not None
