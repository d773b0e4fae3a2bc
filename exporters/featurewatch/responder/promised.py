"""What was promised beside what is measured: the recorded series of each objective, and how a service stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from featurewatch.objectives.model import BoundObjective, Objective, PresenceObjective, QuantileObjective
from featurewatch.rules import health, recorded
from featurewatch.rules.plan import Plan

State = Literal["healthy", "degraded", "critical", "unknown"]
Unit = Literal["seconds", "ratio", "state", "bytes", "events per second", "events", "number", "share"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One step of an objective's ladder."""

    severity: str
    bound: float
    side: Literal["above", "below", "absent_for"]
    """Where the violation lies."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A recorded series that shows how an objective stands."""

    series: str
    unit: Unit


def bounds(objective: Objective) -> tuple[Bound, ...]:
    """Its ladder, the mildest step first."""
    return tuple(Bound(str(limit.severity), limit.bound, _side(objective)) for limit in objective.limits)


def shown(plan: Plan, objective: Objective) -> tuple[Shown, ...]:
    """The series that tell its value: the first one is in the unit of its bounds."""
    return tuple(dict.fromkeys(_shown(plan, objective)))


def series(plan: Plan) -> tuple[str, ...]:
    """Everything that may be asked for by name: what the plan shows, the health scores and the availability."""
    promised = [one.series for objective in plan.objectives.objectives for one in shown(plan, objective)]
    window = plan.show_window
    more = (recorded.extractions_rate(window), *HEALTH, recorded.SERVICE_UP, *availabilities())
    quantiles = (recorded.quantile_seconds(quantile, window) for quantile in (0.5, 0.95, 0.99))
    return tuple(sorted({*promised, *more, *quantiles}))


HEALTH: Final = (health.SERVICE_SCORE, health.SCORE)


def availabilities() -> tuple[str, ...]:
    return (recorded.availability(86_400.0),)


def state(plan: Plan, score: float | None, severities: Iterable[str]) -> State:
    """By the health score, and never better than the worst alert that fires says."""
    wanted = plan.objectives.outlook.health
    worst = set(severities)
    if "critical" in worst or (wanted is not None and score is not None and score < wanted.critical_below):
        return "critical"
    if "high" in worst or (wanted is not None and score is not None and score < wanted.degraded_below):
        return "degraded"
    return "unknown" if score is None else "healthy"


def _side(objective: Objective) -> Literal["above", "below", "absent_for"]:
    if isinstance(objective, PresenceObjective):
        return "absent_for"
    if isinstance(objective, BoundObjective):
        return objective.side
    return "above" if isinstance(objective, QuantileObjective) or objective.counts == "bad" else "below"


def _shown(plan: Plan, objective: Objective) -> Iterator[Shown]:
    for judgement in plan.judgements:
        if judgement.objective.name == objective.name and judgement.quantile is not None:
            yield Shown(judgement.quantile, "seconds")
    for judgement in plan.judgements:
        if judgement.objective.name == objective.name:
            yield Shown(judgement.shown, "ratio")
    for comparison in plan.comparisons:
        if comparison.objective.name == objective.name:
            yield Shown(comparison.value, comparison.objective.unit)
    if isinstance(objective, PresenceObjective) and objective.of == "target":
        yield Shown(recorded.SERVICE_UP, "state")
