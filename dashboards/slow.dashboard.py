"""Why is extraction slow? From the shape of all durations down to the stage, the cache and the machine."""

from __future__ import annotations

from featurewatch.dashboards import (
    Plan,
    Row,
    cache_panels,
    host_panels,
    latency_panels,
    line,
    objective_panels,
    question,
    row,
    service_panels,
)


@question(
    "Why is extraction slow?",
    "Which source, stage, batch, cache or machine the time goes to.",
    "cache",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "All extractions",
            line(latency_panels.heat(plan), objective_panels.percentiles(plan), height=9, most=2),
        ),
        row(
            "By source",
            line(latency_panels.by_source(plan, 0.95), latency_panels.by_source(plan, 0.99), most=2),
            line(
                *latency_panels.slow_by_source(plan),
                latency_panels.spread(plan),
                service_panels.rate_by_source(plan),
            ),
        ),
        row(
            "Stages",
            line(
                latency_panels.stage_quantiles(plan),
                latency_panels.stage_shares(),
                latency_panels.stage_errors(plan),
            ),
        ),
        row(
            "Cache",
            line(cache_panels.hit_ratio_over_time(plan), cache_panels.operation_time(plan, 0.95), most=2),
        ),
        row(
            "What waits, and for what",
            line(
                latency_panels.in_progress(plan),
                host_panels.cpu(plan),
                host_panels.pressure(plan),
                latency_panels.input_age(plan),
            ),
        ),
        row(
            "Extractor $extractor",
            line(
                latency_panels.percentiles_of_one(plan),
                latency_panels.traffic_of_one(plan),
                service_panels.errors_by_type(plan),
                height=7,
            ),
            repeat="extractor",
        ),
        row(
            "Batches, payloads and rejections",
            line(
                latency_panels.batch_wait(plan),
                latency_panels.batch_use(plan),
                latency_panels.batch_duration(plan),
                latency_panels.payload(plan),
                latency_panels.rejected(plan),
                most=3,
            ),
            folded=True,
        ),
    )
