"""The house style: grafanalib's living panels with our defaults, so that all dashboards look and speak alike.

Each builder wants a unit and a description that says what is shown and what good looks like; none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import attr
from grafanalib import core as grafana

from featurewatch.dashboards import units
from featurewatch.dashboards.limits import GOOD, NEUTRAL, NONE, TOLERANCE, Limits, Steps
from featurewatch.dashboards.panel_json import ref_ids
from featurewatch.dashboards.queries import DATASOURCE_VARIABLE, Query

Panel = Any
"""A panel of grafanalib, which is untyped."""

DATASOURCE: Final = {"type": "prometheus", "uid": f"${{{DATASOURCE_VARIABLE}}}"}
"""Whichever Prometheus the reader chose at the top of the dashboard."""

WORST_FIRST: Final = 3
"""Of the sort orders of an alert list."""

UNKNOWN: Final = "#5a5e66"
"""Grey, dark enough for white letters in both themes."""

GREY_BASE: Steps = [{"color": NEUTRAL, "value": None}]


@attr.s(auto_attribs=True, kw_only=True)
class AlertList:
    """Instead of grafanalib's, which writes the options of Grafana's retired alerting and none of today's."""

    title: str
    description: str
    options: dict[str, Any]
    id: int | None = None
    gridPos: Any = None  # noqa: N815 - as grafanalib's panels have it

    def to_json_data(self) -> dict[str, Any]:
        return {"type": "alertlist", **attr.asdict(self, recurse=False)}


def describe(shows: str, good: str, limits: str = "") -> str:
    """What a panel says about itself, under its (i)."""
    parts = [shows, f"**Good:** {good}"]
    if limits:
        parts.append(f"**Limits:** {limits}.")
    return "\n\n".join(parts)


def link(title: str, url: str) -> Panel:
    """A link in the panel's corner; opens beside the dashboard."""
    return grafana.DataLink(title=title, linkUrl=url, isNewTab=True)


def stat(
    title: str,
    query: Query,
    *,
    unit: str,
    description: str,
    limits: Limits = NONE,
    steps: Steps | None = None,
    decimals: int | None = None,
    no_value: str = "no traffic",
    words: Mapping[int, tuple[str, str]] | None = None,
    links: Iterable[Panel] = (),
) -> Panel:
    """One number now, on the colour of what it means. `words` turns values into (text, colour)."""
    neutral = not (steps or limits.bounds or words)
    return grafana.Stat(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([Query(query.expr, query.legend, instant=True)]),
        format=unit,
        decimals=decimals,
        noValue=no_value,
        reduceCalc="lastNotNull",
        graphMode="none",
        colorMode="none" if neutral else "background",
        textMode="value",
        color={"mode": "thresholds"},
        thresholds=steps or (limits.bands() if limits.bounds else GREY_BASE),
        mappings=[*_mappings(words), _nothing(no_value)],
        links=list(links),
        maxDataPoints=None,
    )


def time_series(
    title: str,
    queries: Iterable[Query],
    *,
    unit: str,
    description: str,
    limits: Limits = NONE,
    decimals: int | None = None,
    span: tuple[float | None, float | None] = (0, None),
    stacked: bool = False,
    interval: str,
    no_value: str = "no traffic",
    links: Iterable[Panel] = (),
) -> Panel:
    """Lines over time with a dashed line at each limit. `span` is what the axis shows at least; `interval` is the
    shortest step that has new data."""
    low, high = span
    if low == 0 and high is None:
        high = units.SMALLEST_AXIS.get(unit)
    axis = {key: value for key, value in (("axisSoftMin", low), ("axisSoftMax", high)) if value is not None}
    return grafana.TimeSeries(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets(queries, interval),
        unit=unit,
        valueDecimals=decimals,
        lineWidth=2,
        fillOpacity=25 if stacked else 0,
        stacking={"mode": "normal" if stacked else "none", "group": "A"},
        showPoints="never",
        tooltipMode="multi",
        tooltipSort="desc",
        legendDisplayMode="table",
        legendPlacement="bottom",
        legendCalcs=["lastNotNull", "max"],
        thresholds=limits.lines() if limits.bounds else GREY_BASE,
        thresholdsStyleMode="dashed" if limits.bounds else "off",
        links=list(links),
        maxDataPoints=None,
        extraJson={
            "fieldConfig": {"defaults": {"noValue": no_value, "custom": axis}},
            # What there is most of is what to look at; of many series only the first are seen.
            "options": {"legend": {"sortBy": "Max", "sortDesc": True}},
        },
    )


def used_bars(title: str, queries: Iterable[Query], *, description: str, wary: float) -> Panel:
    """Bars of shares used: green, yellow from `wary` on, red beyond 1."""
    steps: Steps = [
        {"color": GOOD, "value": None},
        {"color": "yellow", "value": wary},
        {"color": "red", "value": 1 + TOLERANCE},
    ]
    return grafana.BarGauge(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([Query(query.expr, query.legend, instant=True) for query in queries]),
        format=units.SHARE,
        decimals=1,
        min=0,
        max=1,
        calc="lastNotNull",
        displayMode="gradient",
        orientation="horizontal",
        thresholds=steps,
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"noValue": "no traffic"}}},
    )


def state_timeline(
    title: str,
    query: Query,
    *,
    description: str,
    words: Mapping[int, tuple[str, str]],
    interval: str,
    no_value: str = "no alert",
) -> Panel:
    """Which state each series was in, and when. `words` turns values into (text, colour)."""
    return grafana.StateTimeline(
        title=title,
        description=description,
        dataSource=DATASOURCE,
        targets=targets([query], interval),
        mappings=_mappings(words),
        thresholds=GREY_BASE,
        showValue="never",
        legendDisplayMode="list",
        tooltipMode="single",
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"unit": units.STATE, "noValue": no_value}}},
    )


def alert_list(title: str, *, description: str, matchers: str) -> Panel:
    """Alerts that fire or are about to, the newest first. `matchers` selects them by label, as in PromQL."""
    return AlertList(
        title=title,
        description=description,
        options={
            "alertInstanceLabelFilter": f"{{{matchers}}}",
            "alertName": "",
            "dashboardAlerts": False,
            "groupBy": [],
            "groupMode": "default",
            "maxItems": 20,
            "showInactiveAlerts": False,
            "sortOrder": WORST_FIRST,
            "stateFilter": {
                "error": True,
                "firing": True,
                "noData": False,
                "normal": False,
                "pending": True,
                "recovering": False,
            },
            "viewMode": "list",
        },
    )


def text(title: str, content: str, *, description: str) -> Panel:
    """Markdown."""
    return grafana.Text(title=title, description=description, content=content, mode="markdown")


@dataclass(frozen=True, slots=True)
class _WithExemplars:
    """A query with the key that grafanalib does not know."""

    target: Panel

    def to_json_data(self) -> dict[str, Any]:
        return {**self.target.to_json_data(), "exemplar": True}


def targets(queries: Iterable[Query], interval: str = "", form: str = "time_series") -> list[Panel]:
    """As grafanalib has queries. `interval` is the shortest step that has new data; `form` is such as `table`."""
    return [
        _WithExemplars(target) if query.exemplar else target
        for query, ref_id in zip(queries, ref_ids(), strict=False)
        for target in [_target(query, ref_id, interval, form)]
    ]


def _target(query: Query, ref_id: str, interval: str, form: str) -> Panel:
    return grafana.Target(
        expr=query.expr,
        format=form,
        legendFormat=query.legend,
        instant=query.instant,
        interval=interval,
        intervalFactor=1,
        refId=ref_id,
        datasource=DATASOURCE,
    )


def _nothing(text: str) -> dict[str, Any]:
    """Grey: without it, what nobody knows has the colour of the first threshold, which may be green."""
    return {"type": "special", "options": {"match": "null+nan", "result": {"color": UNKNOWN, "text": text}}}


def _mappings(words: Mapping[int, tuple[str, str]] | None) -> list[dict[str, Any]]:
    if not words:
        return []
    options = {
        str(value): {"color": colour, "index": index, "text": word}
        for index, (value, (word, colour)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]
