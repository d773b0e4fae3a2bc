"""What today's Grafana knows: panels, units, reducers, modes, matchers, colours (@grafana/data 12.4).

Keys, types and choices are in Grafana's own schema; see `schema`. These words it takes for any text.

Anything else is either a slip or something to add here on purpose.
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

PANELS: Final = frozenset(
    {
        *("alertlist", "barchart", "bargauge", "gauge", "heatmap", "histogram", "piechart", "stat", "state-timeline"),
        *("table", "text", "timeseries"),
    }
)
"""The living panels that we use. Grafana has more; each new one wants its options looked at first."""

TARGET: Final = frozenset(
    {
        *("datasource", "editorMode", "exemplar", "expr", "format", "hide", "instant", "interval", "legendFormat"),
        *("range", "refId"),
    }
)
ALERT_LIST: Final = frozenset(
    {
        *("alertInstanceLabelFilter", "alertName", "dashboardAlerts", "datasource", "folder", "groupBy"),
        *("groupMode", "maxItems", "showInactiveAlerts", "showInstances", "sortOrder", "stateFilter", "viewMode"),
    }
)
"""The options of a list of alerts: the one panel of ours that @grafana/schema has no types of."""

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

MATCHERS: Final = frozenset(
    {
        *("byFrameRefID", "byName", "byNames", "byRegexp", "byRegexpOrNames", "byType", "byTypes", "byValue", "first"),
        *("firstTimeField", "numeric", "time"),
    }
)
"""Of fields, in overrides."""

PROPERTIES: Final = frozenset(
    {
        *("actions", "color", "decimals", "displayName", "fieldMinMax", "filterable", "links", "mappings", "max"),
        *("min", "noValue", "thresholds", "unit"),
    }
)
"""What an override can change, besides `custom.…`."""

TRANSFORMATIONS: Final = frozenset(
    {
        *("calculateField", "concatenate", "configFromData", "convertFieldType", "extractFields", "fieldLookup"),
        *("filterByRefId", "filterByValue", "filterFieldsByName", "formatString", "formatTime", "groupBy"),
        *("groupToNestedTable", "groupingToMatrix", "heatmap", "histogram", "joinByField", "joinByLabels"),
        *("labelsToFields", "limit", "merge", "organize", "partitionByValues", "prepareTimeSeries", "reduce"),
        *("regression", "renameByRegex", "rowsToFields", "seriesToRows", "smoothing", "sortBy", "spatial"),
        *("timeSeriesTable", "transpose"),
    }
)

_SHADES = ("dark-", "semi-dark-", "", "light-", "super-light-")
COLOURS: Final = frozenset(
    {
        *(f"{shade}{hue}" for shade in _SHADES for hue in ("blue", "green", "orange", "purple", "red", "yellow")),
        *("black", "gray", "panel", "text", "transparent", "white"),
    }
)
"""The names in Grafana's themes; anything else is written as a number."""
