"""Is the monitoring well? The chain from scrape to message, which can be trusted only while this page is green."""

from __future__ import annotations

from featurewatch.dashboards import Plan, Row, chain_panels, delivery_panels, line, prometheus_panels, question, row


@question(
    "Is the monitoring well?",
    "Scrapes, rules, delivery and the responder: the chain that tells of everything else.",
    since="now-1h",
    refresh="10s",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "Now",
            line(
                chain_panels.watchdog(),
                chain_panels.reloaded(),
                chain_panels.alertmanagers(),
                chain_panels.database(),
                chain_panels.lost(),
                height=4,
                most=5,
            ),
        ),
        row(
            "Measuring",
            line(
                prometheus_panels.targets_up(plan), prometheus_panels.scrape_time(plan), prometheus_panels.samples(plan)
            ),
            line(
                chain_panels.measuring_faults(plan),
                prometheus_panels.series(plan),
                prometheus_panels.storage(plan),
                height=7,
            ),
        ),
        row(
            "Judging",
            line(prometheus_panels.evaluation_time(plan), prometheus_panels.evaluation_faults(plan)),
        ),
        row(
            "Delivering",
            line(
                delivery_panels.delivery(plan),
                delivery_panels.handed_over(plan),
                delivery_panels.sent(plan),
                delivery_panels.silences(plan),
                delivery_panels.taken(plan),
                chain_panels.versions(),
                most=3,
            ),
        ),
        row(
            "Beside it",
            line(chain_panels.pushed(plan), chain_panels.preview_load(plan), height=6),
            folded=True,
        ),
    )
