"""One panel of grafanalib in today's JSON: only keys that Grafana knows, each where it looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, product
from string import ascii_uppercase
from typing import Any, Final

from featurewatch.dashboards import chart_json
from featurewatch.dashboards.field_json import Json as Json
from featurewatch.dashboards.field_json import Unsupported as Unsupported
from featurewatch.dashboards.field_json import field_config, legend_options, reduce
from featurewatch.dashboards.field_json import without_nulls as without_nulls

PLUGIN_VERSION: Final = "12.0.0"
"""Panels without a version are taken for Grafana 6's, and migrated."""

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

MOST_BAR_HEIGHT: Final = 48
"""Pixels. A single bar would otherwise fill its panel, and say no more for it."""

COMMON_KEYS: Final = (
    *("description", "gridPos", "id", "interval", "links", "maxPerRow", "repeat", "repeatDirection", "timeFrom"),
    *("timeShift", "title", "transformations", "transparent"),
)
TARGET_KEYS: Final = ("exemplar", "expr", "format", "hide", "interval", "legendFormat", "refId")
GRAFANALIB_POINTS: Final = 100
"""grafanalib's default for `maxDataPoints`, which makes graphs coarse; Grafana's own is the panel's width."""

OPTIONAL: Final[tuple[object, ...]] = (None, "", [], False)
"""What Grafana takes for granted when a key is not there."""


def panel(old: Json) -> Json:
    """Today's JSON of one panel, of a row with the panels folded into it."""
    kind, where = old["type"], f"panel {old.get('title') or old.get('id')!r}"
    new = {key: old[key] for key in COMMON_KEYS if old.get(key) not in OPTIONAL}
    new |= {"id": old["id"], "title": old["title"], "type": kind}
    if kind == "row":
        return new | {"collapsed": old["collapsed"], "panels": [panel(item) for item in old["panels"]]}
    if kind not in BODIES:
        raise Unsupported(f"{where}: Grafana has no panel {kind} that we support; take one of {', '.join(BODIES)}")
    new["pluginVersion"] = PLUGIN_VERSION
    if old.get("maxDataPoints") not in (None, GRAFANALIB_POINTS):
        new["maxDataPoints"] = old["maxDataPoints"]
    if kind not in WITHOUT_DATA:
        new["datasource"] = datasource(old.get("datasource"), where)
        new["targets"] = _targets(old["targets"], new["datasource"], where)
    new |= BODIES[kind](old)
    return new


def datasource(found: Any, where: str) -> Json:
    """The object that Grafana wants; a name alone would have to be migrated."""
    if found is None:
        return dict(DATASOURCE)
    if not (isinstance(found, dict) and {"type", "uid"} <= found.keys()):
        raise Unsupported(f'{where}: datasource {found!r}; write {{"type": …, "uid": …}}')
    return found


def ref_ids() -> Iterator[str]:
    """A, B, … Z, AA, AB, …: what Grafana calls the queries of one panel."""
    for length in count(1):
        yield from map("".join, product(ascii_uppercase, repeat=length))


def _targets(old: list[Json], panel_datasource: Json, where: str) -> list[Json]:
    taken = {target["refId"] for target in old}
    free = (letters for letters in ref_ids() if letters not in taken)
    new = []
    for target in old:
        kept = {key: target[key] for key in TARGET_KEYS if target.get(key) not in OPTIONAL}
        instant = bool(target["instant"])
        kept |= {"editorMode": "code", "instant": instant, "range": not instant}
        kept["refId"] = target["refId"] or next(free)
        kept["datasource"] = datasource(target.get("datasource") or panel_datasource, where)
        new.append(kept)
    return new


def _stat(old: Json) -> Json:
    options = {"wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard"} | old["options"]
    config = field_config(old, "thresholds")
    if config["defaults"].get("noValue") == "none":  # grafanalib's default
        config["defaults"]["noValue"] = "-"
    return {"fieldConfig": config, "options": options}


def _gauge(old: Json) -> Json:
    found = old["fieldConfig"]["defaults"]
    options = {
        "minVizHeight": 75,
        "minVizWidth": 75,
        "orientation": "auto",
        "reduceOptions": reduce(found.get("calcs"), found.get("values", False)),
        "showThresholdLabels": old["fieldConfig"].get("showThresholdLabels", False),
        "showThresholdMarkers": old["fieldConfig"].get("showThresholdMarkers", True),
        "sizing": "auto",
    }
    config = field_config(old, "thresholds", displayName=found.get("title"))
    return {"fieldConfig": config, "options": options | old.get("options", {})}


def _bar_gauge(old: Json) -> Json:
    fields = old["options"]["fieldOptions"]
    found = fields["defaults"]
    options = {
        "displayMode": old["options"]["displayMode"],
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": MOST_BAR_HEIGHT,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": old["options"]["orientation"],
        "reduceOptions": reduce(fields["calcs"], fields["values"]),
        "showUnfilled": True,
        "sizing": "manual",
        "valueMode": "color",
    }
    options |= {key: value for key, value in old["options"].items() if key in {*options, "text"}}
    wanted = {key: found.get(key) for key in ("decimals", "links", "max", "min", "unit")}
    config = field_config(old, "thresholds", displayName=found.get("title"), mappings=fields["mappings"], **wanted)
    return {"fieldConfig": config, "options": options}


def _table(old: Json) -> Json:
    custom = dict(old["fieldConfig"]["defaults"].get("custom", {}))
    mode = custom.pop("displayMode", "auto")
    custom.setdefault("cellOptions", {"type": mode})
    custom.setdefault("inspect", False)
    config = field_config(old, old["color"]["mode"], custom, mappings=old["mappings"])
    return {"fieldConfig": config, "options": {"cellHeight": "sm"} | old["options"]}


def _time_series(old: Json) -> Json:
    custom = dict(old["fieldConfig"]["defaults"]["custom"])
    custom["stacking"] = custom["stacking"] or {"group": "A", "mode": "none"}
    if custom["scaleDistribution"]["type"] == "linear":
        custom["scaleDistribution"] = {"type": "linear"}
    return {"fieldConfig": field_config(old, "palette-classic", custom), "options": legend_options(old)}


def _state_timeline(old: Json) -> Json:
    return {"fieldConfig": field_config(old, "thresholds"), "options": legend_options(old)}


def _text(old: Json) -> Json:
    code = {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False}
    options = {"code": code} | old["options"]
    if options["mode"] == "text":  # gone since Grafana 8
        options["mode"] = "markdown"
    return {"options": options}


def _alert_list(old: Json) -> Json:
    states = old.get("stateFilter") or ["alerting", "pending"]
    options = {
        "alertInstanceLabelFilter": "",
        "alertName": old.get("nameFilter", ""),
        "dashboardAlerts": bool(old.get("onlyAlertsOnDashboard")),
        "groupBy": [],
        "groupMode": "default",
        "maxItems": old.get("limit", 20),
        "showInactiveAlerts": False,
        "sortOrder": old.get("sortOrder", 1),
        "stateFilter": {
            "error": "execution_error" in states,
            "firing": "alerting" in states,
            "noData": "no_data" in states,
            "normal": "ok" in states,
            "pending": "pending" in states,
            "recovering": False,
        },
        "viewMode": "list",
    }
    return {"options": options | old["options"]}


WITHOUT_DATA: Final = frozenset({"alertlist", "text"})

BODIES: Final[dict[str, Callable[[Json], Json]]] = {
    "alertlist": _alert_list,
    "barchart": chart_json.bar_chart,
    "bargauge": _bar_gauge,
    "gauge": _gauge,
    "heatmap": chart_json.heatmap,
    "histogram": chart_json.histogram,
    "piechart": chart_json.pie_chart,
    "stat": _stat,
    "state-timeline": _state_timeline,
    "table": _table,
    "text": _text,
    "timeseries": _time_series,
}
"""The panels that live on in today's Grafana and that we use, and who writes their options."""
