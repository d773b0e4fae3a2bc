"""A dashboard with every kind of panel that the preview draws, on what any Prometheus says of itself."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

UID = "gallery"
INSTANCES = "up"
HEAP = "go_memstats_heap_alloc_bytes"
BUCKETS = "sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[1m]))"
REQUESTS = "sum by (code, handler) (rate(prometheus_http_requests_total[1m]))"
STEPS = [{"color": "green", "value": None}, {"color": "orange", "value": 60}, {"color": "red", "value": 85}]


def dashboard() -> Json:
    """Two columns and more rows than fit on a screen, one of them folded and one panel repeated."""
    small = [
        _panel("stat", "Stat", INSTANCES, legend="{{job}}", instant=True, options={"graphMode": "none"}),
        _panel("stat", "Stat with graph", HEAP, unit="bytes"),
        _panel("gauge", "Gauge", "100 * up", unit="percent", instant=True, low=0, high=100, legend="{{job}}"),
        _panel("bargauge", "Bar gauge", f"topk(5, {REQUESTS})", unit="reqps", instant=True, legend="{{handler}}"),
        _panel(
            "piechart", "Pie", f"topk(5, {REQUESTS})", instant=True, legend="{{handler}}", options={"pieType": "donut"}
        ),
        _panel("barchart", "Bars", f"topk(5, {REQUESTS})", instant=True, legend="{{handler}}"),
    ]
    large = [
        _panel("timeseries", "Lines", HEAP, unit="bytes"),
        _panel("heatmap", "Heat map", BUCKETS, unit="s", form="heatmap", legend="{{le}}"),
        _panel("histogram", "Histogram", HEAP, unit="bytes"),
        _panel(
            "state-timeline", "States", INSTANCES, legend="{{job}}", words={"0": ("DOWN", "red"), "1": ("UP", "green")}
        ),
        _panel("table", "Table", INSTANCES, form="table", instant=True),
        _panel("logs", "Logs", "up", form="table", instant=True),
        {"type": "text", "title": "Text", "options": {"mode": "markdown", "content": "# Hello\n\n*$job* and `code`"}},
        {"type": "alertlist", "title": "Alerts", "options": {"stateFilter": {"firing": True, "pending": True}}},
    ]
    panels: list[Json] = []
    for index, panel in enumerate(small):
        panels.append(panel | {"id": len(panels) + 1, "gridPos": {"x": 4 * index, "y": 0, "w": 4, "h": 6}})
    for index, panel in enumerate(large):
        place = {"x": 12 * (index % 2), "y": 6 + 8 * (index // 2), "w": 12, "h": 8}
        panels.append(panel | {"id": len(panels) + 1, "gridPos": place})
    row = {"type": "row", "title": "Each job: $job", "collapsed": False}
    panels.append(row | {"id": 50, "gridPos": {"x": 0, "y": 40, "w": 24, "h": 1}, "panels": []})
    repeated = _panel("stat", "$job", 'up{job="$job"}', instant=True) | {"repeat": "job", "repeatDirection": "h"}
    panels.append(repeated | {"id": 51, "gridPos": {"x": 0, "y": 41, "w": 24, "h": 4}})
    folded = _panel("stat", "Folded away", INSTANCES, instant=True) | {"id": 61}
    folded["gridPos"] = {"x": 0, "y": 46, "w": 24, "h": 4}
    row = {"type": "row", "title": "Folded", "collapsed": True, "panels": [folded]}
    panels.append(row | {"id": 60, "gridPos": {"x": 0, "y": 45, "w": 24, "h": 1}})
    return {
        "uid": UID,
        "title": "Every kind of panel",
        "panels": panels,
        "graphTooltip": 1,
        "schemaVersion": 41,
        "refresh": "5s",
        "tags": ["gallery"],
        "time": {"from": "now-5m", "to": "now"},
        "templating": {"list": [_job()]},
    }


def _job() -> Json:
    query = {"query": "label_values(up, job)", "refId": "job"}
    return {
        "name": "job",
        "type": "query",
        "query": query,
        "includeAll": True,
        "multi": True,
        "current": {"value": "$__all"},
    }


def _panel(
    kind: str,
    title: str,
    expr: str,
    *,
    unit: str = "short",
    legend: str = "",
    instant: bool = False,
    form: str = "time_series",
    low: float | None = None,
    high: float | None = None,
    words: dict[str, tuple[str, str]] | None = None,
    options: Json | None = None,
) -> Json:
    span = {name: value for name, value in (("min", low), ("max", high)) if value is not None}
    mapped = {value: {"text": text, "color": color} for value, (text, color) in (words or {}).items()}
    mappings = [{"type": "value", "options": mapped}] if mapped else []
    defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": STEPS}, "mappings": mappings, **span}
    target = {"refId": "A", "expr": expr, "legendFormat": legend, "instant": instant, "format": form}
    return {
        "type": kind,
        "title": title,
        "description": f"What a panel of type {kind} looks like.",
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options or {},
    }
