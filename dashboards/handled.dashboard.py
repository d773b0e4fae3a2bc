"""What alerted, and what did we do? For the review after an incident, and for the review of the alerts themselves."""

from __future__ import annotations

from featurewatch.dashboards import (
    Plan,
    Row,
    advice_panels,
    handling_panels,
    line,
    question,
    row,
    service_panels,
)


@question(
    "What alerted, and what did we do?",
    "Alerts, incidents, levels and acknowledgements over time, how long each took, and how much of it was noise.",
    since="now-6h",
    refresh="30s",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "Now",
            line(
                service_panels.firing(),
                handling_panels.incidents(),
                handling_panels.unacknowledged(),
                handling_panels.false_positives(),
                handling_panels.dedupe(),
                height=4,
                most=5,
            ),
            line(handling_panels.firing_now(plan), service_panels.firing_list(), height=8),
        ),
        row(
            "Over time",
            line(service_panels.alert_timeline(plan), handling_panels.hands(plan), height=9),
            line(handling_panels.by_severity(plan), handling_panels.levels(plan), height=8),
        ),
        row(
            "How long it took",
            line(
                handling_panels.time_to_deliver(plan),
                handling_panels.time_to_acknowledge(),
                handling_panels.time_to_resolve(),
                handling_panels.escalations(),
                height=7,
            ),
        ),
        row(
            "How much of it was noise",
            line(handling_panels.firings(), handling_panels.noise(), handling_panels.messages()),
            line(advice_panels.time_firing(), advice_panels.alert_starts()),
        ),
    )
