"""The house style, continued: panels that show how values are spread, ranked and tabled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grafanalib import core as grafana

from featurewatch.dashboards import units
from featurewatch.dashboards.limits import NONE, Limits, Steps
from featurewatch.dashboards.panels import DATASOURCE, GREY_BASE, Panel, targets
from featurewatch.dashboards.queries import Query

RANKED_TEXT = {"titleSize": 13, "valueSize": 20}
"""Pixels. Left alone, few bars shout and many whisper."""


def heatmap(
    title: str, query: Query, *, unit: str, description: str, interval: str, no_value: str = "no traffic"
) -> Panel:
    """How values were spread over time. `query` is a sum of rates of classic buckets by `le`."""
    return grafana.Heatmap(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([replace(query, legend="{{le}}")], interval, "heatmap"),
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"unit": unit, "noValue": no_value}, "overrides": []}},
    )


def histogram(
    title: str, queries: Iterable[Query], *, unit: str, description: str, interval: str, no_value: str = "no traffic"
) -> Panel:
    """How often each value occurred in the time shown."""
    return grafana.Histogram(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets(queries, interval),
        combine=False,
        fillOpacity=60,
        legendDisplayMode="list",
        legendPlacement="bottom",
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"unit": unit, "noValue": no_value}}},
    )


def bar_chart(
    title: str, queries: Iterable[Query], *, unit: str, description: str, label: str, no_value: str = "no traffic"
) -> Panel:
    """One bar for each value of `label`, now or over the time shown."""
    return grafana.BarChart(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=_tables(queries),
        orientation="auto",
        showValue="auto",
        stacking="none",
        barWidth=0.8,
        showLegend=False,
        legendDisplayMode="list",
        axisColorMode="text",
        colorMode="palette-classic",
        fillOpacity=80,
        transformations=[_organised({"Time": True}, {})],
        maxDataPoints=None,
        extraJson={
            "fieldConfig": {"defaults": {"unit": unit, "noValue": no_value}},
            "options": {"xField": label},
        },
    )


def pie(title: str, queries: Iterable[Query], *, unit: str, description: str, no_value: str = "no traffic") -> Panel:
    """Parts of a whole, each with its share."""
    return grafana.PieChartv2(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([replace(query, instant=True) for query in queries]),
        pieType="donut",
        unit=unit,
        reduceOptionsCalcs=["lastNotNull"],
        legendDisplayMode="table",
        legendPlacement="right",
        legendValues=["value", "percent"],
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"noValue": no_value}}},
    )


def gauge(
    title: str,
    query: Query,
    *,
    description: str,
    unit: str = units.SHARE,
    limits: Limits = NONE,
    steps: Steps | None = None,
    most: float = 1,
    no_value: str = "no traffic",
) -> Panel:
    """One number, or a few, on an arc from 0 to `most`."""
    return grafana.GaugePanel(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([replace(query, instant=True)]),
        format=unit,
        min=0,
        max=most,
        calc="lastNotNull",
        decimals=1,
        maxDataPoints=None,
        extraJson={
            "fieldConfig": {
                "defaults": {
                    "noValue": no_value,
                    "thresholds": {
                        "mode": "absolute",
                        "steps": steps or (limits.bands() if limits.bounds else GREY_BASE),
                    },
                }
            }
        },
    )


def ranking(
    title: str,
    queries: Iterable[Query],
    *,
    description: str,
    unit: str = units.SHARE,
    steps: Steps | None = None,
    span: tuple[float | None, float | None] = (0, None),
    decimals: int | None = None,
    no_value: str = "no traffic",
) -> Panel:
    """Bars beneath each other, one for each series. `span` is where they begin and end; None leaves it to Grafana."""
    bounds = {key: value for key, value in zip(("min", "max"), span, strict=True) if value is not None}
    return grafana.BarGauge(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([replace(query, instant=True) for query in queries]),
        format=unit,
        decimals=decimals,
        min=None,
        max=None,
        calc="lastNotNull",
        displayMode="gradient",
        orientation="horizontal",
        thresholds=steps or [{"color": "blue", "value": None}],
        maxDataPoints=None,
        extraJson={
            "fieldConfig": {"defaults": {"noValue": no_value, **bounds}},
            "options": {"text": dict(RANKED_TEXT)},
        },
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a label of the result, or `Value` (`Value #B` of the second query)."""

    field: str
    title: str
    unit: str = ""
    width: int | None = None
    words: Mapping[str, tuple[str, str]] | None = None
    """Turns values into (text, colour); a colour of "" leaves it."""
    coloured: bool = False
    """The text in the colour of its value."""
    url: str = ""
    link: str = ""
    """What the cell leads to, and what that is called."""


def table(
    title: str,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    description: str,
    by: str = "",
    no_value: str,
    steps: Steps | None = None,
) -> Panel:
    """The columns in their order, nothing else, the largest of column `by` first. Several queries are merged into the
    rows whose labels agree."""
    shown = {column.field: index for index, column in enumerate(columns)}
    merged = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    renamed = {column.field: column.title for column in columns if column.title != column.field}
    return grafana.Table(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=_tables(queries),
        transformations=[
            *merged,
            {"id": "filterFieldsByName", "options": {"include": {"names": list(shown)}}},
            _organised({}, renamed, shown),
        ],
        overrides=[_override(column) for column in columns],
        sortBy=[grafana.TableSortByField(displayName=by, desc=True)] if by else [],
        thresholds=steps or GREY_BASE,
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"unit": units.COUNT, "noValue": no_value}}},
    )


def _override(column: Column) -> dict[str, Any]:
    properties: list[dict[str, Any]] = [{"id": "noValue", "value": "–"}]
    if column.unit:
        properties.append({"id": "unit", "value": column.unit})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.words:
        options = {
            value: {"index": index, "text": text, **({"color": colour} if colour else {})}
            for index, (value, (text, colour)) in enumerate(column.words.items())
        }
        properties.append({"id": "mappings", "value": [{"type": "value", "options": options}]})
    if column.coloured:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.url:
        link = {"title": column.link, "url": column.url, "targetBlank": True}
        properties.append({"id": "links", "value": [link]})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def _organised(hidden: dict[str, bool], renamed: dict[str, str], order: dict[str, int] | None = None) -> dict[str, Any]:
    options = {"excludeByName": hidden, "indexByName": order or {}, "renameByName": renamed}
    return {"id": "organize", "options": options}


def _tables(queries: Iterable[Query]) -> list[Panel]:
    return targets([replace(query, instant=True) for query in queries], form="table")
