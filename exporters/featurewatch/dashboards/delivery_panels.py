"""Whether messages arrive: from the evaluation through Alertmanager to the channels and the responder."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import panels, queries, quiet, units, unscraped
from featurewatch.dashboards.limits import Limits
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules import chain
from featurewatch.rules.chain_guards import DELIVERY_SECONDS
from featurewatch.rules.plan import Plan


def delivery(plan: Plan) -> Panel:
    """Where the seconds go, against what was declared."""
    wait = plan.timing.group_wait
    return panels.time_series(
        "From evaluation to delivery",
        [
            Query(queries.of_environment(chain.EVALUATION_SECONDS), "evaluation"),
            Query(queries.of_environment(chain.HANDOVER_SECONDS), "to Alertmanager"),
            Query(queries.of_environment(chain.SEND_SECONDS), "sending, {{integration}}"),
            Query(queries.of_environment(DELIVERY_SECONDS), "all, {{integration}}"),
        ],
        unit=units.SECONDS,
        limits=Limits("above", ((plan.objectives.delivery_budget, Severity.MEDIUM),)),
        interval=interval(plan),
        no_value=quiet.NO_DELIVERY,
        description=panels.describe(
            f"Means over 5m of each part; all includes the {duration_text(wait)} that a group waits. "
            f"{duration_text(plan.objectives.delivery_budget)} from breach to message were declared: the line.",
            "all below the line, by more than the time to detect.",
        ),
    )


def handed_over(plan: Plan) -> Panel:
    pairs = {
        "sent": "prometheus_notifications_sent_total",
        "failed": "prometheus_notifications_errors_total",
        "dropped": "prometheus_notifications_dropped_total",
    }
    return panels.time_series(
        "From Prometheus to Alertmanager",
        queries.rates(pairs),
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=unscraped.NO_PROMETHEUS,
        description=panels.describe(
            "Alerts per second, told again and again while they last.", "none failed and none dropped."
        ),
    )


def sent(plan: Plan) -> Panel:
    sent, failed = (
        queries.rate(queries.of_environment(f"alertmanager_notifications_{what}"), "integration")
        for what in ("total", "failed_total")
    )
    ever = f"sum by (integration) ({queries.of_environment('alertmanager_notifications_total')}) > 0"
    return panels.time_series(
        "Messages by channel",
        [
            Query(f"{every}\nand on (integration)\n{ever}", f"{{{{integration}}}} {word}")
            for every, word in ((sent, "sent"), (failed, "failed"))
        ],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_DELIVERY,
        description=panels.describe("Messages that left Alertmanager, and those that failed.", "none failed."),
    )


def taken(plan: Plan) -> Panel:
    return panels.time_series(
        "What the responder took and refused",
        [
            Query(queries.rate(queries.of_environment(names.RESPONDER_ALERTS_TAKEN), names.SOURCE), "{{source}}"),
            Query(
                queries.rate(queries.of_environment(names.RESPONDER_MESSAGES_REFUSED), names.REASON),
                "refused: {{reason}}",
            ),
        ],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=unscraped.NO_RESPONDER,
        description=panels.describe(
            "Alerts in messages that were written to the history, and messages that were not.", "none refused."
        ),
    )


def silences(plan: Plan) -> Panel:
    return panels.time_series(
        "Alerts and silences in Alertmanager",
        [
            Query(f"sum by (state) ({queries.of_environment('alertmanager_alerts')})", "alerts {{state}}"),
            Query(f"sum by (state) ({queries.of_environment('alertmanager_silences')})", "silences {{state}}"),
        ],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=unscraped.NO_ALERTMANAGER,
        description=panels.describe(
            "What Alertmanager knows now. `suppressed` are silenced or inhibited.",
            "one active alert, which is Watchdog, and no silence that was forgotten.",
        ),
    )
