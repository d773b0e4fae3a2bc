"""The edge to Grafana: what grafanalib writes becomes what today's Grafana reads without migrating anything.

grafanalib stopped at schema 12 and Grafana's migrations would run over JSON that is half new. So the schema version is
today's, and everything in the file has to be right as it stands.
"""

from __future__ import annotations

import json
from typing import Any, Final

from grafanalib._gen import DashboardEncoder

from featurewatch.dashboards.panel_json import Json, datasource, panel, without_nulls

SCHEMA_VERSION: Final = 41
"""Grafana 12's. From 39 on an older or newer Grafana has nothing of ours to migrate."""

DASHBOARD_KEYS: Final = (
    *("annotations", "description", "editable", "graphTooltip", "links", "refresh", "tags", "time", "timezone"),
    *("title", "uid"),
)
VARIABLE_KEYS: Final = (
    *("allValue", "current", "hide", "includeAll", "label", "multi", "name", "options", "query", "refresh", "regex"),
    *("sort", "type"),
)
CLASSIC_QUERY: Final = 5
"""The kind of variable query that Grafana's editor shows as text."""


def normalise(dashboard: Any) -> Json:
    """Today's JSON of a grafanalib dashboard. Raises `Unsupported` on what Grafana no longer has."""
    # grafanalib hides objects in lists and dictionaries; its own encoder is the one way to reach them all.
    old: Json = json.loads(json.dumps(dashboard, cls=DashboardEncoder))
    new = {key: old[key] for key in DASHBOARD_KEYS if old.get(key) is not None}
    new |= {
        "panels": [panel(item) for item in old["panels"]],
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": [_variable(item) for item in old["templating"]["list"]]},
        "timepicker": {"refresh_intervals": old["timepicker"]["refresh_intervals"]},
    }
    new["annotations"] = {"list": [without_nulls(item) for item in old["annotations"]["list"]]}
    return new


def write(dashboard: Json) -> str:
    """The same text for the same dashboard, with one line per value so that a change reads well."""
    return json.dumps(dashboard, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _variable(old: Json) -> Json:
    new = without_nulls({key: old.get(key) for key in VARIABLE_KEYS})
    new["current"] = {key: old["current"].get(key) for key in ("selected", "text", "value")}
    if old["type"] == "query":
        query = old["query"]
        new["datasource"] = datasource(old.get("datasource"), f"variable {old['name']}")
        new["query"] = {"qryType": CLASSIC_QUERY, "query": query, "refId": f"variable-{old['name']}"}
    return new
