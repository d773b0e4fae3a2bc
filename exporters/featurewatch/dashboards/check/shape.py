"""What Grafana's schema takes for any text or leaves open: living panels, datasources, units, steps, descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from featurewatch.dashboards.check import vocabulary
from featurewatch.dashboards.check.board import Board, Json, field_defaults, targets
from featurewatch.dashboards.check.finding import Finding

DROP = "drop it; the normalising step knows what Grafana reads today"
TEMPLATED = 'write {"type": "prometheus", "uid": "${datasource}"}'


def check_shape(board: Board) -> Iterator[Finding]:
    """Findings about form; nothing here asks what a dashboard means."""
    for key in ("uid", "title", "panels"):
        if not board.data.get(key):
            yield board.error(None, f"no {key}", "every dashboard has one")
    version = board.data.get("schemaVersion")
    if not isinstance(version, int) or version < vocabulary.SCHEMA_VERSION:
        remedy = f"write {vocabulary.SCHEMA_VERSION} or newer, or Grafana migrates what is new already"
        yield board.error(None, f"schemaVersion {version!r}", remedy)
    for variable in board.variables:
        if variable.get("type") == "query" and not _templated(variable.get("datasource")):
            yield board.error(None, f"variable {variable.get('name')!r} is bound to one datasource", TEMPLATED)
    for annotation in board.annotations:
        if not annotation.get("builtIn") and not _templated(annotation.get("datasource")):
            yield board.error(None, f"annotation {annotation.get('name')!r} is bound to one datasource", TEMPLATED)
    for panel in board.panels:
        yield from _panel(board, panel)


def _panel(board: Board, panel: Json) -> Iterator[Finding]:
    kind = panel.get("type")
    if kind == "row":
        return
    if not isinstance(kind, str) or kind not in vocabulary.PANELS:
        living = ", ".join(sorted(vocabulary.PANELS))
        yield board.error(panel, f"panel type {kind!r} is none that we use", f"take one of {living}")
        return
    if kind == "alertlist":
        yield from _unknown(board, panel, panel.get("options"), vocabulary.ALERT_LIST, "options.")
    if not panel.get("title"):
        yield board.error(panel, "no title", "name what it shows")
    if "**Good:**" not in str(panel.get("description")):
        yield board.error(panel, "the description does not say what good looks like", "write it with panels.describe")
    if kind not in vocabulary.WITHOUT_DATA:
        yield from _data(board, panel)


def _data(board: Board, panel: Json) -> Iterator[Finding]:
    if not _templated(panel.get("datasource")):
        yield board.error(panel, "bound to one datasource", TEMPLATED)
    if not targets(panel):
        yield board.error(panel, "no queries", "`targets` is a list of at least one")
    for target in targets(panel):
        yield from _unknown(board, panel, target, vocabulary.TARGET, "targets.")
        if not _templated(target.get("datasource")):
            yield board.error(panel, f"query {target.get('refId')!r} is bound to one datasource", TEMPLATED)
    defaults = field_defaults(panel)
    if not isinstance(_get(panel, "fieldConfig", "overrides"), list):
        yield board.error(panel, "fieldConfig.overrides is missing", "write [] where there are none")
    unit = defaults.get("unit")
    if unit not in vocabulary.UNITS:
        yield board.error(panel, f"unit {unit!r} is none of Grafana's", "take one of featurewatch.dashboards.units")
    if not defaults.get("noValue"):
        yield board.warning(panel, "says nothing while it has no value", "give it a noValue such as “no traffic”")
    mode = _get(defaults, "color", "mode")
    if mode not in vocabulary.COLOUR_MODES:
        yield board.error(panel, f"colour mode {mode!r} is none of Grafana's", "such as thresholds or palette-classic")
    yield from _thresholds(board, panel, defaults)
    yield from _reducers(board, panel)


def _thresholds(board: Board, panel: Json, defaults: Json) -> Iterator[Finding]:
    steps = _get(defaults, "thresholds", "steps")
    if not (isinstance(steps, list) and steps and all(isinstance(step, dict) and "color" in step for step in steps)):
        remedy = "write a list of {color, value}; without one everything is grey"
        yield board.error(panel, f"threshold steps {steps!r}", remedy)
        return
    if steps[0].get("value") is not None:
        yield board.error(panel, "the first threshold step has a value", "the first begins at null")
    values = [step.get("value") for step in steps[1:]]
    if not all(isinstance(value, int | float) for value in values):
        yield board.error(panel, f"threshold values {values!r}", "write numbers")
    elif any(left >= right for left, right in pairwise(values)):
        yield board.error(panel, f"threshold values {values!r} do not ascend", "Grafana wants them ascending")


def _reducers(board: Board, panel: Json) -> Iterator[Finding]:
    used = [
        *(_get(panel, "options", "reduceOptions", "calcs") or []),
        *(_get(panel, "options", "legend", "calcs") or []),
    ]
    for reducer in used:
        if reducer not in vocabulary.REDUCERS:
            yield board.error(panel, f"reducer {reducer!r} is none of Grafana's", "such as lastNotNull, max or mean")
    if panel.get("type") in ("stat", "gauge", "bargauge") and not _get(panel, "options", "reduceOptions", "calcs"):
        yield board.error(panel, "no reducer", "set options.reduceOptions.calcs")


def _unknown(board: Board, panel: Json, value: Any, known: frozenset[str], where: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield board.error(panel, f"{where or 'panel'} is not an object", "see the normalising step")
        return
    for key in sorted(value.keys() - known):
        yield board.error(panel, f"key {where}{key} is unknown or of a Grafana long gone", DROP)


def _templated(datasource: Any) -> bool:
    return isinstance(datasource, dict) and bool(datasource.get("type")) and datasource.get("uid") == "${datasource}"


def _get(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
