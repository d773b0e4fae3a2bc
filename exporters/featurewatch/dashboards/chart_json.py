"""Today's options of the panels that show how values are spread: heat map, histogram, bars, pie.

grafanalib writes the heat map of the years of Angular, and leaves out what the other three need to look as meant.
"""

from __future__ import annotations

from typing import Final

from featurewatch.dashboards.field_json import Json, field_config, legend_options, reduce, without_nulls

HIDDEN_NOWHERE: Final = {"legend": False, "tooltip": False, "viz": False}
EMPTY_BUCKET: Final = 1e-9
"""A cell with less in it is not drawn."""


def heatmap(old: Json) -> Json:
    """The buckets come from Prometheus, so nothing is calculated; each row is named by its upper edge."""
    found = old["fieldConfig"]["defaults"]
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {},
        "color": {
            "exponent": 0.5,
            "fill": "dark-orange",
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": "Oranges",
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": EMPTY_BUCKET},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
        "yAxis": without_nulls(
            {"axisPlacement": "left", "decimals": found.get("decimals"), "reverse": False, "unit": found.get("unit")}
        ),
    }
    custom = {"hideFrom": dict(HIDDEN_NOWHERE), "scaleDistribution": {"type": "linear"}}
    return {"fieldConfig": field_config(old, "thresholds", custom), "options": options}


def histogram(old: Json) -> Json:
    custom = {
        **old["fieldConfig"]["defaults"]["custom"],
        "gradientMode": "none",
        "hideFrom": dict(HIDDEN_NOWHERE),
        "stacking": {"group": "A", "mode": "none"},
    }
    options = {"bucketCount": 30, "tooltip": {"mode": "multi", "sort": "none"}} | old["options"]
    if not options.get("bucketOffset"):
        options["bucketOffset"] = 0
    return {
        "fieldConfig": field_config(old, "palette-classic", custom),
        "options": legend_options(old | {"options": options}),
    }


def bar_chart(old: Json) -> Json:
    custom = {key: value for key, value in old["fieldConfig"]["defaults"]["custom"].items() if value != ""}
    custom.setdefault("thresholdsStyle", {"mode": "off"})
    options = {"fullHighlight": False, "xTickLabelMaxLength": 0} | old["options"]
    return {
        "fieldConfig": field_config(old, "palette-classic", custom),
        "options": legend_options(old | {"options": options}),
    }


def pie_chart(old: Json) -> Json:
    found = old["options"]
    options = {"displayLabels": [], "sort": "desc"} | found
    options["reduceOptions"] = reduce(found["reduceOptions"]["calcs"], found["reduceOptions"]["values"])
    legend = dict(found["legend"])
    legend |= {"showLegend": legend["displayMode"] != "hidden", "values": legend.get("values") or ["percent"]}
    options["legend"] = legend
    options["tooltip"] = {"sort": "none", **found["tooltip"]}
    return {
        "fieldConfig": field_config(old, "palette-classic", {"hideFrom": dict(HIDDEN_NOWHERE)}),
        "options": options,
    }
