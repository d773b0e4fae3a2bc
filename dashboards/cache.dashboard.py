"""Is the cache earning its memory? What it finds, what it costs, and why entries leave it."""

from __future__ import annotations

from featurewatch.dashboards import Plan, Row, cache_panels, latency_panels, line, question, row


@question(
    "Is the cache earning its memory?",
    "Hits, evictions, fill, speed and warming of each cache.",
    "cache",
    since="now-1h",
    refresh="10s",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "Now",
            line(
                cache_panels.hit_ratio(),
                cache_panels.fill(),
                cache_panels.efficiency(),
                cache_panels.entries(),
                cache_panels.hits_per_megabyte(),
                cache_panels.warmed(),
                height=6,
                most=6,
            ),
        ),
        row(
            "Cache $cache",
            line(
                cache_panels.hit_ratio_over_time(plan),
                cache_panels.lookups(plan),
                cache_panels.filled(plan),
            ),
            line(
                cache_panels.evictions(plan),
                cache_panels.evictions_in_range(),
                cache_panels.kept(plan),
            ),
            repeat="cache",
        ),
        row(
            "How fast it answers",
            line(
                cache_panels.operation_heat(plan),
                cache_panels.operation_time(plan, 0.5),
                cache_panels.operation_time(plan, 0.99),
            ),
        ),
        row(
            "What it saves",
            line(latency_panels.by_source(plan, 0.95), cache_panels.warming(plan), most=2),
        ),
    )
