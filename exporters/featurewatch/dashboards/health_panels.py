"""The health score, its parts, and whether the service was up."""

from __future__ import annotations

from featurewatch.dashboards import charts, panels, queries, units
from featurewatch.dashboards.limits import GOOD, Limits
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.objectives.outlook import Health
from featurewatch.objectives.units import number_text
from featurewatch.rules import health, recorded
from featurewatch.rules.plan import Plan

NO_SCORE = "no traffic"
DOWN_UP = {0: ("down", "red"), 1: ("up", GOOD)}


def score(plan: Plan) -> tuple[Panel, ...]:
    """The service's score now; no panel where none is declared."""
    declared = plan.objectives.outlook.health
    if declared is None:
        return ()
    healthy = number_text(declared.degraded_below)
    gauge = charts.gauge(
        f"Health score, healthy from {healthy}",
        Query(f"min({queries.of_service(health.SERVICE_SCORE)})", "score"),
        unit=units.COUNT,
        limits=_ladder(declared),
        most=100,
        no_value=NO_SCORE,
        description=panels.describe(
            f"0 to 100, from {_parts(plan, declared)}; every extraction weighs the same, whoever made it.",
            f"{healthy} and more.",
            _ladder(declared).text(number_text),
        ),
    )
    return (gauge,)


def scores(plan: Plan) -> tuple[Panel, ...]:
    """The score of each extractor over time, and its parts."""
    declared = plan.objectives.outlook.health
    if declared is None:
        return ()
    shown = panels.time_series(
        "Health score of each extractor",
        [Query(queries.of_extractors(health.SCORE), "{{extractor}}")],
        unit=units.COUNT,
        limits=_ladder(declared),
        span=(0, 100),
        interval=interval(plan),
        links=[panels.link(f"What to do: {health.ALERT}", f"{plan.objectives.runbooks}/{health.ALERT}")],
        description=panels.describe(
            f"0 to 100, from {_parts(plan, declared)}.",
            f"above {number_text(declared.degraded_below)}.",
            _ladder(declared).text(number_text),
        ),
    )
    parts = panels.time_series(
        "What the health score is made of",
        [Query(f"min({queries.of_extractors(health.part(name))})", name) for name in health.named(plan, declared)],
        unit=units.COUNT,
        span=(0, 100),
        interval=interval(plan),
        description=panels.describe(
            "Each part from 0 to 100, of the extractor that is worst off. Latency is interpolated in its bucket; cache "
            "and errors are exact.",
            "100 each. The lowest line names what to look at.",
        ),
    )
    return shown, parts


def uptime(plan: Plan) -> Panel:
    return panels.state_timeline(
        "Up and down",
        Query(f"max by (service) ({queries.of_service(recorded.SERVICE_UP)})", "{{service}}"),
        words=DOWN_UP,
        interval=interval(plan),
        no_value="no answer from Prometheus",
        description=panels.describe(
            "When at least one target of the service answered Prometheus.",
            "one green bar. A short red gap is a restart; a long one is in the budget of availability.",
        ),
    )


def _ladder(declared: Health) -> Limits:
    return Limits("below", ((declared.degraded_below, Severity.MEDIUM), (declared.critical_below, Severity.CRITICAL)))


def _parts(plan: Plan, declared: Health) -> str:
    weights = health.weights(plan, declared)
    return ", ".join(f"{name} ({number_text(round(100 * weight, 1))} %)" for name, weight in weights.items())
