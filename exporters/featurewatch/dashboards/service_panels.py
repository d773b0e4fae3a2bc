"""Panels about the service as a whole: traffic, availability, alerts."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import panels, queries, units
from featurewatch.dashboards.limits import COLOURS, GOOD
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.convert import COUNT
from featurewatch.objectives.model import Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules import recorded
from featurewatch.rules.build import AVAILABILITY_WINDOW
from featurewatch.rules.plan import Plan

STATES = {
    queries.QUIET: ("quiet", GOOD),
    queries.PENDING: ("pending", "purple"),
    **{queries.rank(severity): (str(severity), COLOURS[severity]) for severity in Severity},
}
"""Of an alert over time, as `queries.alert_states` counts them."""


def availability() -> Panel:
    window = duration_text(AVAILABILITY_WINDOW)
    return panels.stat(
        f"Available over the last {window}",
        Query(f"max({queries.of_service(recorded.availability(AVAILABILITY_WINDOW))})"),
        unit=units.SHARE,
        decimals=3,
        no_value="not measured yet",
        description=panels.describe(
            f"The share of the last {window}, or of the time since the first scrape, in which at least one target of "
            "the service answered Prometheus.",
            "100 %, less what a planned restart costs: 0.1 % of a day is 86 seconds.",
        ),
    )


def traffic(plan: Plan) -> Panel:
    window, least = plan.show_window, plan.objectives.minimum_traffic
    return panels.stat(
        f"Traffic, declared ≥ {least:g}/s",
        Query(f"sum({queries.of_extractors(recorded.extractions_rate(window))})"),
        unit=units.PER_SECOND,
        steps=[{"color": "yellow", "value": None}, {"color": GOOD, "value": least}],
        description=panels.describe(
            f"Extractions per second over {duration_text(window)}, all chosen extractors together.",
            f"at least {least:g}/s, as declared: the windows of all rules were chosen for that. With less, alerts need "
            "longer, and ratios stand on few extractions.",
        ),
    )


def firing() -> Panel:
    return panels.stat(
        "Alerts firing",
        Query(queries.firing()),
        unit=units.COUNT,
        steps=[{"color": GOOD, "value": None}, {"color": "red", "value": 1}],
        no_value="no answer from Prometheus",
        description=panels.describe("Alerts of this service that fire now, without Watchdog, which always does.", "0."),
    )


def firing_list() -> Panel:
    return panels.alert_list(
        "What fires, and what is about to",
        matchers=f'{names.SERVICE}="${queries.SERVICE_VARIABLE}"',
        description=panels.describe(
            "Firing and pending alerts of this service with their labels, the newest first.",
            "empty. Open an alert to see its first steps and its runbook.",
        ),
    )


def alert_timeline(plan: Plan) -> Panel:
    return panels.state_timeline(
        "Alerts over time",
        Query(queries.alert_states(), queries.BY_TITLE),
        words=STATES,
        interval=interval(plan),
        description=panels.describe(
            "Which alerts were pending or firing when, by severity.",
            "one quiet green bar. A band that is pending often without firing says that the limit is close.",
        ),
    )


def rate_by_source(plan: Plan) -> Panel:
    by = f"{names.SERVED_FROM}, {names.OUTCOME}"
    return panels.time_series(
        "Extractions by source",
        [
            Query(
                f"sum by ({by}) (\n  rate({queries.of_extractors(COUNT)}[$__rate_interval])\n)",
                f"{{{{{names.SERVED_FROM}}}}} · {{{{{names.OUTCOME}}}}}",
            )
        ],
        unit=units.PER_SECOND,
        stacked=True,
        interval=interval(plan),
        description=panels.describe(
            f"Extractions per second by where their features came from and how they ended. `{names.NOWHERE}` served "
            "nothing: it failed or was cancelled.",
            f"mostly `{names.CACHE}` and `{names.COMPUTE}`; thin bands of `{names.FALLBACK}` and `{names.NOWHERE}`.",
        ),
    )


def errors_by_type(plan: Plan) -> Panel:
    errors = (
        f"sum by ({names.ERROR_TYPE}) (\n  rate({queries.of_extractors(names.EXTRACTION_ERRORS)}[$__rate_interval])\n)"
    )
    return panels.time_series(
        "Errors by type",
        [Query(queries.otherwise(errors, names.ERROR_TYPE, "no error"), f"{{{{{names.ERROR_TYPE}}}}}")],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        description=panels.describe(
            "Failed extractions per second by the class of the exception.",
            "“no error”, at 0. One type that rises is a cause; many that rise together point below the extractor.",
        ),
    )
