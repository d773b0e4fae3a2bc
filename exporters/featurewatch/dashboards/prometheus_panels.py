"""Whether Prometheus is well: its scrapes, what it keeps, its evaluations."""

from __future__ import annotations

from featurewatch.dashboards import panels, queries, units, unscraped
from featurewatch.dashboards.limits import GOOD, Limits
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules.plan import Plan

DOWN_UP = {0: ("down", "red"), 1: ("up", GOOD)}


def targets_up(plan: Plan) -> Panel:
    return panels.state_timeline(
        "Targets",
        Query(f"max by (job, instance) ({queries.of_environment('up')})", "{{job}} {{instance}}"),
        words=DOWN_UP,
        interval=interval(plan),
        no_value=unscraped.NO_PROMETHEUS,
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
        no_value=unscraped.NO_PROMETHEUS,
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
        no_value=unscraped.NO_PROMETHEUS,
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
        no_value=unscraped.NO_PROMETHEUS,
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
        no_value=unscraped.NO_PROMETHEUS,
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
        no_value=unscraped.NO_PROMETHEUS,
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
        queries.rates(pairs),
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=unscraped.NO_PROMETHEUS,
        description=panels.describe("Rules that failed, and evaluations that came too late to be made.", "0."),
    )
