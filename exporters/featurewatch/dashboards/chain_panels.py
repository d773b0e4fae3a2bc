"""Whether the monitoring is well: scrapes, rules, delivery, the responder, what was lost."""

from __future__ import annotations

from collections.abc import Mapping

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.limits import GOOD, Limits, Steps
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules import chain
from featurewatch.rules.build import WATCHDOG
from featurewatch.rules.chain_guards import DELIVERY_SECONDS
from featurewatch.rules.plan import Plan

NO_PROMETHEUS = "Prometheus does not scrape itself"
NO_ALERTMANAGER = "Alertmanager is not scraped"
NO_RESPONDER = "no responder is scraped"
YES_NO = {0: ("no", "red"), 1: ("yes", GOOD)}
DOWN_UP = {0: ("down", "red"), 1: ("up", GOOD)}
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
        no_value=NO_PROMETHEUS,
        description=panels.describe("How many Alertmanagers Prometheus tells.", "all that there are, at least 1."),
    )


def database() -> Panel:
    return _yes(
        "The history is kept",
        f"min({queries.of_environment(names.RESPONDER_DATABASE_UP)})",
        "Whether the responder's database answered the last question.",
        "“yes”. “no”: Alertmanager sends again what could not be taken, and nothing is lost while it does.",
        NO_RESPONDER,
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
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            "Evaluations that failed or were left out, alerts that did not reach Alertmanager, messages that did not "
            "leave it, errors inside featurewatch: all together.",
            "0. The graphs below say which it was.",
        ),
    )


def targets_up(plan: Plan) -> Panel:
    return panels.state_timeline(
        "Targets",
        Query(f"max by (job, instance) ({queries.of_environment('up')})", "{{job}} {{instance}}"),
        words=DOWN_UP,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            "Which targets answered their scrape, and when.", "all green. Gaps at once in all are Prometheus' own."
        ),
    )


def scrape_time(plan: Plan) -> Panel:
    return panels.time_series(
        "How long scrapes take",
        [Query(f"max by (job) ({queries.of_environment('scrape_duration_seconds')})", "{{job}}")],
        unit=units.SECONDS,
        limits=Limits("above", ((plan.timing.scrape_timeout, Severity.MEDIUM),)),
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            f"The slowest target of each job. After {duration_text(plan.timing.scrape_timeout)} a scrape is given up.",
            "a tenth of the line.",
        ),
    )


def samples(plan: Plan) -> Panel:
    return panels.time_series(
        "Samples per scrape",
        [Query(f"sum by (job) ({queries.of_environment('scrape_samples_post_metric_relabeling')})", "{{job}}")],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            "What each job brings with every scrape.", "level. A climb is a label with too many values: find it first."
        ),
    )


def series(plan: Plan) -> Panel:
    return panels.time_series(
        "Series in memory",
        [Query(queries.of_environment("prometheus_tsdb_head_series"), "{{instance}}")],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe("Series that Prometheus keeps in memory.", "level; a saw with each deployment."),
    )


def storage(plan: Plan) -> Panel:
    return panels.time_series(
        "Prometheus on disk",
        [
            Query(queries.of_environment("prometheus_tsdb_storage_blocks_bytes"), "blocks"),
            Query(queries.of_environment("prometheus_tsdb_wal_storage_size_bytes"), "log"),
        ],
        unit=units.BYTES,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            f"What is kept. Retention is {duration_text(plan.objectives.retention)}.",
            "grows until that is reached, then stays.",
        ),
    )


def evaluation_time(plan: Plan) -> Panel:
    took = queries.of_environment("prometheus_rule_group_last_duration_seconds")
    name = f'label_replace({took}, "group", "$1", "rule_group", ".*;(.+)")'
    return panels.time_series(
        "How long rules take",
        [Query(f"topk(8, max by (group) ({name}))", "{{group}}")],
        unit=units.SECONDS,
        limits=Limits("above", ((plan.timing.evaluation_interval, Severity.HIGH),)),
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            "The eight slowest groups of rules. "
            f"The fastest is evaluated every {duration_text(plan.timing.evaluation_interval)}: the line.",
            "far below the line.",
        ),
    )


def evaluation_faults(plan: Plan) -> Panel:
    pairs = {
        "failed": "prometheus_rule_evaluation_failures_total",
        "left out": "prometheus_rule_group_iterations_missed_total",
    }
    return panels.time_series(
        "Evaluations failed and left out",
        _rates(pairs),
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
        description=panels.describe("Rules that failed, and evaluations that came too late to be made.", "0."),
    )


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
        _rates(pairs),
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=NO_PROMETHEUS,
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
        no_value=NO_RESPONDER,
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
        no_value=NO_ALERTMANAGER,
        description=panels.describe(
            "What Alertmanager knows now. `suppressed` are silenced or inhibited.",
            "one active alert, which is Watchdog, and no silence that was forgotten.",
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
        no_value="no extractor is scraped",
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
        _rates(pairs),
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
        no_value=NO_PROMETHEUS,
        description=panels.describe(
            "Each program of the chain with its version.", "one version of each, except while it is being replaced."
        ),
    )


def _rates(metrics: Mapping[str, str]) -> list[Query]:
    """Word to counter, each added up."""
    return [
        Query(f"sum(rate({queries.of_environment(metric)}[$__rate_interval]))", word)
        for word, metric in metrics.items()
    ]


def _yes(title: str, query: str, shows: str, good: str, no_value: str = NO_PROMETHEUS) -> Panel:
    return panels.stat(
        title,
        Query(query),
        unit=units.STATE,
        words=YES_NO,
        no_value=no_value,
        description=panels.describe(shows, good),
    )
