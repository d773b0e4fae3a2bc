"""What today's Grafana knows: keys, panels, units, reducers, modes (@grafana/schema and @grafana/data 12.4).

Only what our panels may use is listed; anything else is either a slip or something to add here on purpose.
"""

from __future__ import annotations

from typing import Final

from grafanalib import formatunits

SCHEMA_VERSION: Final = 39
"""The oldest that Grafana 11 and newer read without migrating."""

UNITS: Final = frozenset(
    value for name, value in vars(formatunits).items() if name.isupper() and isinstance(value, str)
)
"""All units that grafanalib spells; each of them is one of Grafana's 272."""

DASHBOARD: Final = frozenset(
    {
        *("annotations", "description", "editable", "fiscalYearStartMonth", "graphTooltip", "links", "liveNow"),
        *("panels", "preload", "refresh", "schemaVersion", "tags", "templating", "time", "timepicker", "timezone"),
        *("title", "uid", "version", "weekStart"),
    }
)
PANEL: Final = frozenset(
    {
        *("datasource", "description", "fieldConfig", "gridPos", "hideTimeOverride", "id", "interval", "links"),
        *("maxDataPoints", "maxPerRow", "options", "pluginVersion", "repeat", "repeatDirection", "targets"),
        *("timeFrom", "timeShift", "title", "transformations", "transparent", "type"),
    }
)
ROW: Final = frozenset({"collapsed", "gridPos", "id", "panels", "repeat", "title", "type"})
TARGET: Final = frozenset(
    {
        *("datasource", "editorMode", "exemplar", "expr", "format", "hide", "instant", "interval", "legendFormat"),
        *("range", "refId"),
    }
)
DEFAULTS: Final = frozenset(
    {
        *("color", "custom", "decimals", "displayName", "links", "mappings", "max", "min", "noValue", "thresholds"),
        "unit",
    }
)

_AXIS: Final = frozenset(
    {
        *("axisBorderShow", "axisCenteredZero", "axisColorMode", "axisGridShow", "axisLabel", "axisPlacement"),
        *("axisSoftMax", "axisSoftMin", "axisWidth", "hideFrom", "scaleDistribution"),
    }
)
CUSTOM: Final[dict[str, frozenset[str]]] = {
    "timeseries": _AXIS
    | {
        *("barAlignment", "barMaxWidth", "barWidthFactor", "drawStyle", "fillBelowTo", "fillOpacity", "gradientMode"),
        *("insertNulls", "lineInterpolation", "lineStyle", "lineWidth", "pointSize", "showPoints", "spanNulls"),
        *("stacking", "thresholdsStyle", "transform"),
    },
    "barchart": _AXIS | {"fillOpacity", "gradientMode", "lineWidth", "thresholdsStyle"},
    "heatmap": frozenset({"hideFrom", "scaleDistribution"}),
    "histogram": _AXIS | {"fillOpacity", "gradientMode", "lineWidth", "stacking"},
    "piechart": frozenset({"hideFrom"}),
    "state-timeline": _AXIS | {"fillOpacity", "lineWidth"},
    "table": frozenset(
        {"align", "cellOptions", "filterable", "footer", "hideFrom", "inspect", "minWidth", "width", "wrapText"}
    ),
}
OPTIONS: Final[dict[str, frozenset[str]]] = {
    "alertlist": frozenset(
        {
            *("alertInstanceLabelFilter", "alertName", "dashboardAlerts", "datasource", "folder", "groupBy"),
            *("groupMode", "maxItems", "showInactiveAlerts", "showInstances", "sortOrder", "stateFilter", "viewMode"),
        }
    ),
    "barchart": frozenset(
        {
            *("barRadius", "barWidth", "colorByField", "fullHighlight", "groupWidth", "legend", "orientation"),
            *("showValue", "stacking", "text", "tooltip", "xField", "xTickLabelMaxLength", "xTickLabelRotation"),
            "xTickLabelSpacing",
        }
    ),
    "heatmap": frozenset(
        {
            *("annotations", "calculate", "calculation", "cellGap", "cellRadius", "cellValues", "color", "exemplars"),
            *("filterValues", "legend", "rowsFrame", "selectionMode", "showValue", "tooltip", "yAxis"),
        }
    ),
    "histogram": frozenset({"bucketCount", "bucketOffset", "bucketSize", "combine", "legend", "tooltip"}),
    "piechart": frozenset({"displayLabels", "legend", "pieType", "reduceOptions", "sort", "text", "tooltip"}),
    "bargauge": frozenset(
        {
            *("displayMode", "legend", "maxVizHeight", "minVizHeight", "minVizWidth", "namePlacement", "orientation"),
            *("reduceOptions", "showUnfilled", "sizing", "text", "valueMode"),
        }
    ),
    "gauge": frozenset(
        {
            *("minVizHeight", "minVizWidth", "orientation", "reduceOptions", "showThresholdLabels"),
            *("showThresholdMarkers", "sizing", "text"),
        }
    ),
    "stat": frozenset(
        {
            *("colorMode", "graphMode", "justifyMode", "orientation", "percentChangeColorMode", "reduceOptions"),
            *("showPercentChange", "text", "textMode", "wideLayout"),
        }
    ),
    "state-timeline": frozenset(
        {"alignValue", "legend", "mergeValues", "perPage", "rowHeight", "showValue", "timezone", "tooltip"}
    ),
    "table": frozenset({"cellHeight", "enablePagination", "frameIndex", "showHeader", "showTypeIcons", "sortBy"}),
    "text": frozenset({"code", "content", "mode"}),
    "timeseries": frozenset({"legend", "orientation", "timezone", "tooltip"}),
}
"""The living panels with the options of each."""

WITHOUT_DATA: Final = frozenset({"alertlist", "row", "text"})

REDUCERS: Final = frozenset(
    {
        *("allIsNull", "allIsZero", "allValues", "changeCount", "count", "countAll", "delta", "diff", "diffperc"),
        *("distinctCount", "first", "firstNotNull", "last", "lastNotNull", "logmin", "max", "mean", "median", "min"),
        *("range", "stdDev", "step", "sum", "uniqueValues", "variance"),
        *(f"p{percent}" for percent in range(1, 100)),
    }
)

_CONTINUOUS = (
    *("BlPu", "BlYlRd", "GrYlRd", "RdYlGr", "YlBl", "YlRd", "blues", "cividis", "greens", "inferno", "magma"),
    *("plasma", "purples", "reds", "viridis"),
)
COLOUR_MODES: Final = frozenset(
    {
        *("fixed", "palette-classic", "palette-classic-by-name", "shades", "thresholds"),
        *(f"continuous-{name}" for name in _CONTINUOUS),
    }
)

CHOICES: Final[dict[str, frozenset[str]]] = {
    "drawStyle": frozenset({"bars", "line", "points"}),
    "lineInterpolation": frozenset({"linear", "smooth", "stepAfter", "stepBefore"}),
    "showPoints": frozenset({"always", "auto", "never"}),
    "gradientMode": frozenset({"hue", "none", "opacity", "scheme"}),
    "axisPlacement": frozenset({"auto", "bottom", "hidden", "left", "right", "top"}),
}
"""Of `custom`, where Grafana falls back silently on anything else."""

THRESHOLD_STYLES: Final = frozenset({"area", "dashed", "dashed+area", "line", "line+area", "off", "series"})
