"""Panels about the machine, from node_exporter. Nothing was promised about it, so nothing is coloured."""

from __future__ import annotations

from featurewatch.dashboards import panels, units
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.rules.plan import Plan

NO_HOST = "node_exporter does not answer"


def cpu(plan: Plan) -> Panel:
    return panels.time_series(
        "CPU in use",
        [
            Query(
                '1 - avg by (instance) (\n  rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval])\n)',
                "{{instance}}",
            )
        ],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "The share of all cores that is not idle.",
            "room above the line at all times. A plateau near 100 % that begins when extraction slows is its cause.",
        ),
    )


def memory(plan: Plan) -> Panel:
    return panels.time_series(
        "Memory in use",
        [Query("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "The share of memory that no process could get without others losing theirs.",
            "level. A line that climbs without falling after restarts of traffic is a leak.",
        ),
    )
