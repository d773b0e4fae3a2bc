"""The health score, 0 to 100: latency (weight 50), cache (30) and errors (20), for each extractor and for the service.

- latency: 100 up to the limit, then two points less for every hundredth of it: 0 from one and a half limits on
- cache: the share of hits in hundredths of the limit, at most 100
- errors: 100 without any, 0 from the limit on

The quantile is interpolated in its bucket, so the latency score is exact up to the limit and beyond one and a half
limits, and off by at most the width of a bucket between (docs/objectives.md has the figures). The other two are exact.
"""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import delivery, names
from featurewatch.objectives.model import QuantileObjective, Severity
from featurewatch.objectives.outlook import Health
from featurewatch.objectives.units import number_text
from featurewatch.rules import expressions, messages, outlook_messages, recorded
from featurewatch.rules.model import Alert, Recording
from featurewatch.rules.plan import Judgement, Plan
from featurewatch.rules.trust import MINIMUM_EVENTS

ALERT = "HealthScoreLow"
NAME = "health"

SEVERITIES = (Severity.CRITICAL, Severity.MEDIUM)
"""Of a score that is critical, and of one that is degraded."""

WEIGHTS = {"latency": 50, "cache": 30, "errors": 20}

SCORE = f"{recorded.LEVEL}:health:score"
"""0 to 100, of one extractor."""
SERVICE_SCORE = "service:health:score"
"""0 to 100, of the service: every extraction weighs the same, whoever made it."""

FIRST_STEPS = (
    "See on the dashboard which of its parts is low: latency, cache or errors.",
    "Follow the alert of that part; it names the cause.",
)


def part(name: str) -> str:
    """0 to 100: one part of the score."""
    return f"{recorded.LEVEL}:health_{name}:score"


def recordings(plan: Plan) -> tuple[Recording, ...]:
    """The score and its parts, from what is recorded of the limits; none where no score is declared."""
    health = plan.objectives.outlook.health
    return (*_parts(plan, health), *_scores(plan, health)) if health and named(plan, health) else ()


def alerts(plan: Plan) -> tuple[Alert, ...]:
    """Of the score; it stands in the group of the limits, where all that it reads is new."""
    health = plan.objectives.outlook.health
    return tuple(_alert(plan, health, *rung) for rung in _ladder(health)) if health and named(plan, health) else ()


def judged(plan: Plan, name: str) -> Judgement:
    """The mildest step of an objective's ladder."""
    steps = [judgement for judgement in plan.judgements if judgement.objective.name == name]
    return min(steps, key=lambda step: (bool(step.limit.scope.only), step.limit.severity))


def traffic(plan: Plan) -> str:
    """Extractions per second, of which there must be enough, and by which extractors weigh in the service's score."""
    return recorded.extractions_rate(plan.show_window)


def named(plan: Plan, health: Health) -> dict[str, str]:
    """Part to objective, of the parts that are judged here."""
    every = {"latency": health.latency, "cache": health.cache, "errors": health.errors}
    measured = {judgement.objective.name for judgement in plan.judgements}
    return {name: objective for name, objective in every.items() if objective in measured}


def weights(plan: Plan, health: Health) -> dict[str, float]:
    """Part to weight; all of them together are 1."""
    parts = named(plan, health)
    return {name: WEIGHTS[name] / sum(WEIGHTS[each] for each in parts) for name in parts}


def scope(plan: Plan) -> str:
    """What keeps apart the rules of several services in one Prometheus."""
    return expressions.selector("", ((names.SERVICE, plan.objectives.service),))


def _parts(plan: Plan, health: Health) -> Iterator[Recording]:
    own = scope(plan)
    for name, objective in named(plan, health).items():
        judgement = judged(plan, objective)
        good = recorded.good_ratio(objective, judgement.window, judgement.bound)
        if isinstance(judgement.objective, QuantileObjective):
            quantile = recorded.quantile_seconds(judgement.objective.quantile, judgement.window)
            nothing = f"({traffic(plan)}{own} > 0 unless {judgement.good_ratio})"
            yield Recording(part(name), _latency(f"{quantile}{own}", judgement.limit.bound, nothing))
        elif name == "cache":
            share = number_text(round(1 - judgement.allowed, 12))
            yield Recording(part(name), f"clamp_max(100 * {good}{own} / {share}, 100)")
        else:
            slope = number_text(round(100 / judgement.allowed, 6))
            yield Recording(part(name), f"clamp_min(100 - {slope} * (1 - {good}{own}), 0)")


def _latency(quantile: str, bound: float, failing: str) -> str:
    """Without a single success there is no quantile: that is 0, not nothing. Where there are some, it is only not yet
    recorded, because what shows is evaluated less often."""
    slope = number_text(round(200 / bound, 6))
    score = f"clamp(\n  100 - {slope} * ({quantile} - {number_text(bound)}),\n  0,\n  100\n)"
    return f"{score}\nor\n0 * {failing}"


def _scores(plan: Plan, health: Health) -> Iterator[Recording]:
    own = scope(plan)
    terms = [f"{number_text(round(weight, 12))} * {part(name)}{own}" for name, weight in weights(plan, health).items()]
    yield Recording(SCORE, "\n+\n".join(terms))
    rate = traffic(plan)
    yield Recording(
        SERVICE_SCORE,
        f"sum by (service) (\n  {SCORE}{own} * {rate}\n)\n/\n"
        f"(\n  sum by (service) (\n    {rate}{own} and {SCORE}\n  )\n  > 0\n)",
    )


def _ladder(health: Health) -> tuple[tuple[Severity, float], ...]:
    critical, degraded = SEVERITIES
    return (critical, health.critical_below), (degraded, health.degraded_below)


def _alert(plan: Plan, health: Health, severity: Severity, bound: float) -> Alert:
    """Of every extractor: the service's score is their mean, so it is never low while none of theirs is."""
    own, limit = scope(plan), number_text(bound)
    least = number_text(round(MINIMUM_EVENTS / plan.show_window, 6))
    return Alert(
        name=ALERT,
        expr=f"{SCORE}{own} < {limit} - {expressions.TOLERANCE}\nand\n{traffic(plan)} >= {least}",
        hold=plan.timing.hold(delivery.HOLD_EVALUATIONS[str(severity)]),
        labels=outlook_messages.labels(plan.objectives, NAME, NAME, severity),
        annotations=outlook_messages.texts(
            plan.objectives,
            ALERT,
            f"{messages.EXTRACTOR}: the health score is below {limit}",
            f"Health of feature extraction, 0 to 100, from {', '.join(named(plan, health))}",
            f"the score is {outlook_messages.ONE_DECIMAL}",
            f"at least {limit}",
            FIRST_STEPS,
        ),
    )
