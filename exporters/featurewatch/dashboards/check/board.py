"""A dashboard under examination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from featurewatch.dashboards.check.finding import Finding

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Board:
    """The JSON of a dashboard and the file it is in. Reads kindly: what has the wrong type counts as missing."""

    file: str
    data: Json

    @property
    def panels(self) -> list[Json]:
        """All panels, those folded into rows too."""
        return [panel for item in self.top_panels for panel in (item, *as_objects(item.get("panels")))]

    @property
    def top_panels(self) -> list[Json]:
        """Those that lie in the grid themselves."""
        return as_objects(self.data.get("panels"))

    @property
    def variables(self) -> list[Json]:
        return as_objects(as_object(self.data.get("templating")).get("list"))

    @property
    def annotations(self) -> list[Json]:
        return as_objects(as_object(self.data.get("annotations")).get("list"))

    def queries(self) -> Iterator[tuple[Json, Json]]:
        """Each panel with each of its queries."""
        for panel in self.panels:
            for target in targets(panel):
                yield panel, target

    def error(self, panel: Json | None, what: str, remedy: str) -> Finding:
        return self._finding("error", panel, what, remedy)

    def warning(self, panel: Json | None, what: str, remedy: str) -> Finding:
        return self._finding("warning", panel, what, remedy)

    def _finding(self, severity: Literal["error", "warning"], panel: Json | None, what: str, remedy: str) -> Finding:
        name = "" if panel is None else str(panel.get("title") or f"panel {panel.get('id')}")
        return Finding(severity, self.file, name, what, remedy)


def targets(panel: Json) -> list[Json]:
    """The panel's queries."""
    return as_objects(panel.get("targets"))


def links(panel: Json) -> list[Json]:
    return as_objects(panel.get("links"))


def field_defaults(panel: Json) -> Json:
    """`fieldConfig.defaults` of a panel."""
    return as_object(as_object(panel.get("fieldConfig")).get("defaults"))


def threshold_steps(panel: Json) -> list[Json]:
    return as_objects(as_object(field_defaults(panel).get("thresholds")).get("steps"))


def strings(value: Any) -> Iterator[str]:
    """Every string anywhere in `value`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def as_object(value: Any) -> Json:
    """The value where it is an object; an empty one where it is not."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[Json]:
    """Those items of a list that are objects."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
