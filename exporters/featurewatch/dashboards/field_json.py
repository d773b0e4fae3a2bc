"""What the JSON of several kinds of panels shares: fields with unit, steps and mappings; legend; how to reduce."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

DEFAULTS_KEYS: Final = ("decimals", "displayName", "links", "max", "min", "noValue", "unit")


class Unsupported(ValueError):
    """grafanalib wrote something that today's Grafana does not have. The message names the panel and a way out."""


def without_nulls(value: Json) -> Json:
    return {key: item for key, item in value.items() if item is not None}


def field_config(old: Json, mode: str, custom: Json | None = None, **defaults: Any) -> Json:
    """`fieldConfig` from what the panel has and `defaults` from where else grafanalib put them."""
    found = old.get("fieldConfig", {})
    known = {key: value for key, value in found.get("defaults", {}).items() if value not in (None, "", [])}
    known |= {key: value for key, value in defaults.items() if value not in (None, "", []) and key not in known}
    new: Json = {key: known[key] for key in DEFAULTS_KEYS if key in known}
    new["color"] = known.get("color") or {"mode": mode}
    new["custom"] = without_nulls(found.get("defaults", {}).get("custom", {}) if custom is None else custom)
    new["mappings"] = _mappings(known.get("mappings", []), old)
    new["thresholds"] = {
        "mode": found.get("defaults", {}).get("thresholds", {}).get("mode", "absolute"),
        "steps": _steps(found.get("defaults", {}).get("thresholds", {}).get("steps")),
    }
    return {"defaults": new, "overrides": found.get("overrides", [])}


def _steps(old: Any) -> list[Json]:
    """Explicit steps, the first one from minus infinity. Without any, Grafana paints everything grey."""
    steps = [{"color": step["color"], "value": step.get("value")} for step in old or []]
    if not steps:
        return [{"color": "green", "value": None}]
    steps[0]["value"] = None  # grafanalib writes the word "null"
    return steps


def _mappings(old: list[Json], panel_old: Json) -> list[Json]:
    for mapping in old:
        if not {"type", "options"} <= mapping.keys():
            raise Unsupported(f'panel {panel_old["title"]!r}: a mapping of Grafana 7; write {{"type", "options"}}')
    return old


def reduce(calcs: list[str] | None, values: bool = False, fields: str = "") -> Json:
    return {"calcs": calcs or ["lastNotNull"], "fields": fields, "values": values}


def legend_options(old: Json) -> Json:
    options: Json = dict(old["options"])
    legend = {"calcs": [], **options["legend"]}
    legend["showLegend"] = legend["displayMode"] != "hidden"
    if not legend["showLegend"]:
        legend["displayMode"] = "list"
    tooltip = {"sort": "none", **options["tooltip"]}
    return options | {"legend": legend, "tooltip": tooltip}
