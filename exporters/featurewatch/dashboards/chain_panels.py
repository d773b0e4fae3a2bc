"""Whether the monitoring is well, at one look: the whole chain now, what runs, and what was lost beside it."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units, unscraped
from featurewatch.dashboards.limits import GOOD, Steps
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.rules.build import WATCHDOG
from featurewatch.rules.plan import Plan

YES_NO = {0: ("no", "red"), 1: ("yes", GOOD)}
NONE_GOOD: Steps = [{"color": GOOD, "value": None}, {"color": "red", "value": 0.5}]


def watchdog() -> Panel:
    firing = f'ALERTS{{alertname="{WATCHDOG}",alertstate="firing",{queries.ENVIRONMENT}}}'
    return _yes(
        "Watchdog fires",
        f"max({firing}) or vector(0)",
        "Whether the alert that always fires does: Prometheus evaluates its rules.",
        "“yes”. The responder raises the alarm by a second path when this stops to arrive.",
    )


def reloaded() -> Panel:
    return _yes(
        "Last reload succeeded",
        "min("
        f"{queries.of_environment('prometheus_config_last_reload_successful')}\nor "
        f"{queries.of_environment('alertmanager_config_last_reload_successful')})",
        "Whether Prometheus and Alertmanager both run the newest configuration that they were given.",
        "“yes”. “no”: they run on with the one before.",
    )


def alertmanagers() -> Panel:
    return panels.stat(
        "Alertmanagers found",
        Query(f"min({queries.of_environment('prometheus_notifications_alertmanagers_discovered')})"),
        unit=units.COUNT,
        steps=[{"color": "red", "value": None}, {"color": GOOD, "value": 1}],
        no_value=unscraped.NO_PROMETHEUS,
        description=panels.describe("How many Alertmanagers Prometheus tells.", "all that there are, at least 1."),
    )


def database() -> Panel:
    return _yes(
        "The history is kept",
        f"min({queries.of_environment(names.RESPONDER_DATABASE_UP)})",
        "Whether the responder's database answered the last question.",
        "“yes”. “no”: Alertmanager sends again what could not be taken, and nothing is lost while it does.",
        unscraped.NO_RESPONDER,
    )


def lost() -> Panel:
    lost = (
        "prometheus_notifications_dropped_total",
        "prometheus_notifications_errors_total",
        "alertmanager_notifications_failed_total",
        "prometheus_rule_evaluation_failures_total",
        "prometheus_rule_group_iterations_missed_total",
        names.INTERNAL_ERRORS,
    )
    total = " + ".join(f"(sum(increase({queries.of_environment(metric)}[$__range])) or vector(0))" for metric in lost)
    return panels.stat(
        "Failed in the range shown",
        Query(f"round({total})"),
        unit=units.COUNT,
        steps=NONE_GOOD,
        no_value=unscraped.NO_PROMETHEUS,
        description=panels.describe(
            "Evaluations that failed or were left out, alerts that did not reach Alertmanager, messages that did not "
            "leave it, errors inside featurewatch: all together.",
            "0. The graphs below say which it was.",
        ),
    )


def measuring_faults(plan: Plan) -> Panel:
    pairs = {
        "refused durations": names.OBSERVATIONS_REFUSED,
        "folded label values": names.LABEL_VALUES_FOLDED,
        "internal errors": names.INTERNAL_ERRORS,
    }
    return panels.time_series(
        "What measuring could not take",
        [Query(f"sum(rate({queries.of_service(metric)}[$__rate_interval]))", word) for word, metric in pairs.items()],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=unscraped.NO_EXTRACTOR,
        description=panels.describe(
            "Durations that were no numbers, label values beyond the cap that went into `other`, and errors that were "
            "kept from the caller.",
            "0 each.",
        ),
    )


def pushed(plan: Plan) -> Panel:
    expr = queries.rate(queries.of_environment(names.OTLP_ITEMS), names.SIGNAL, names.RESULT)
    return panels.time_series(
        "Pushed by OpenTelemetry",
        [Query(expr, "{{signal}} {{result}}")],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_PUSH,
        description=panels.describe(
            "Spans, log records and pushes of metrics: offered, sent, failed.", "sent follows offered, and none failed."
        ),
    )


def preview_load(plan: Plan) -> Panel:
    pairs = {"asked": names.PREVIEW_QUERIES_ASKED, "sent to Prometheus": names.PREVIEW_QUERIES_SENT}
    return panels.time_series(
        "Queries of the preview",
        queries.rates(pairs),
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_PREVIEW,
        description=panels.describe(
            "What readers asked, and what was really sent: the rest had just been asked by others.",
            "many readers cost about what one costs.",
        ),
    )


def versions() -> Panel:
    builds = {
        "Prometheus": queries.of_environment("prometheus_build_info"),
        "Alertmanager": queries.of_environment("alertmanager_build_info"),
        "node_exporter": queries.of_environment("node_exporter_build_info"),
        "featurewatch": queries.of_environment(names.BUILD_INFO),
    }
    named = (
        f'label_replace(count by ({names.VERSION}) ({build}), "program", "{program}", "", "")'
        for program, build in builds.items()
    )
    return charts.table(
        "What runs",
        [Query("\nor\n".join(named))],
        [
            charts.Column("program", "Program"),
            charts.Column(names.VERSION, "Version"),
            charts.Column("Value", "Running", unit=units.COUNT),
        ],
        no_value=unscraped.NO_PROMETHEUS,
        description=panels.describe(
            "Each program of the chain with its version.", "one version of each, except while it is being replaced."
        ),
    )


def _yes(title: str, query: str, shows: str, good: str, no_value: str = unscraped.NO_PROMETHEUS) -> Panel:
    return panels.stat(
        title,
        Query(query),
        unit=units.STATE,
        words=YES_NO,
        no_value=no_value,
        description=panels.describe(shows, good),
    )
