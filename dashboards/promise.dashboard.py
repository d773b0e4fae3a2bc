"""Are we keeping our promise? The screen to look at first, and the one that every alert links to."""

from __future__ import annotations

from featurewatch.dashboards import (
    Plan,
    Row,
    advice_panels,
    budget_panels,
    health_panels,
    host_panels,
    line,
    objective_panels,
    outlook_panels,
    question,
    row,
    service_panels,
)


@question(
    "Are we keeping our promise?",
    "Each objective now and over time, what fires, what to do next, and what usually explains it.",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "Now",
            line(
                *(objective_panels.now(plan, objective) for objective in plan.objectives.objectives),
                service_panels.availability(),
                service_panels.traffic(plan),
                service_panels.firing(),
                height=4,
                most=5,
            ),
            line(
                *health_panels.score(plan), *objective_panels.limits_used(plan), service_panels.firing_list(), height=7
            ),
        ),
        row(
            "What to do next",
            line(advice_panels.first_steps(plan), height=7),
        ),
        *budget_panels.rows(plan, *outlook_panels.full_in(plan)),
        row(
            "Latency",
            line(
                objective_panels.percentiles(plan),
                *(objective_panels.share_too_slow(plan, timed) for timed in objective_panels.quantile_objectives(plan)),
                height=9,
                most=2,
            ),
        ),
        row(
            "Cache, fallback, errors",
            line(
                *(objective_panels.ratio(plan, objective) for objective in objective_panels.ratio_objectives(plan)),
                service_panels.errors_by_type(plan),
            ),
        ),
        row(
            "Throughput and machine",
            line(
                service_panels.rate_by_source(plan),
                host_panels.cpu(plan),
                host_panels.memory(plan),
                *objective_panels.values(plan),
                most=3,
            ),
        ),
        row(
            "Health and uptime",
            line(*health_panels.scores(plan), health_panels.uptime(plan)),
        ),
        row("Alerts", line(service_panels.alert_timeline(plan), height=7)),
        row(
            "Thresholds to think about",
            line(
                *advice_panels.limits_reached(plan), advice_panels.time_firing(), advice_panels.alert_starts(), height=9
            ),
        ),
    )
