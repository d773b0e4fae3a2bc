"""What is counted for an objective: selectors of its good and of all its events, and the name of both."""

from __future__ import annotations

from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.model import (
    Counted,
    Limit,
    Objectives,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
)
from featurewatch.rules import expressions, recorded


@dataclass(frozen=True, slots=True)
class Sli:
    """Good events out of all events."""

    name: str
    """As it stands in names of recorded series: `extraction_latency_100ms`."""
    level: str
    """Level of the recorded series: by extractor, or of the whole service."""
    good: str
    total: str
    """Selectors of counters; of a series of 0 and 1 where `sampled`, whose every sample is an event."""
    sampled: bool = False

    def series(self, operation: str) -> str:
        """Name of a recorded series."""
        return f"{self.level}:{self.name}:{operation}"


def of_events(objectives: Objectives, objective: QuantileObjective | RatioObjective, bound: float) -> Sli:
    """Extractions that are good for one limit of an objective; `bound` matters to a quantile only."""
    service = (names.SERVICE, objectives.service)
    if isinstance(objective, QuantileObjective):
        population = (service, *objective.population)
        edge = (*population, ("le", expressions.le(round(bound * objective.scale, 9))))
        return Sli(
            recorded.metric(objective.name, bound),
            recorded.level_of(objective.by),
            expressions.selector_of_words(f"{objective.metric}_bucket", edge),
            expressions.selector_of_words(f"{objective.metric}_count", population),
        )
    if objective.counted is not None:
        return _of_counted(objectives, objective, objective.counted)
    total = expressions.selector_of_words(objective.metric, (service, *objective.total))
    if objective.counts == "good":
        good_events = {**dict(objective.total), **dict(objective.events)}  # good events are always some of all events
        good = expressions.selector_of_words(objective.metric, (service, *good_events.items()))
    else:
        good = expressions.selector_without(objective.metric, (service, *objective.total), objective.events)
    return Sli(recorded.metric(objective.name), recorded.LEVEL, good, total)


def _of_counted(objectives: Objectives, objective: RatioObjective, counted: Counted) -> Sli:
    """Declared counters can be added up over years only where the good and all events have one of their own."""
    if counted.good is None or counted.total is None:
        raise ValueError(f"{objective.name} does not count both good and total")
    service = (names.SERVICE, objectives.service)
    return Sli(
        recorded.metric(objective.name),
        recorded.level_of(objective.by),
        expressions.selector_of_words(counted.good.metric, (service, *counted.good.where)),
        expressions.selector_of_words(counted.total.metric, (service, *counted.total.where)),
    )


def of_uptime(objectives: Objectives, objective: PresenceObjective) -> Sli:
    """Every evaluation that finds the service up is good."""
    up = f"{recorded.SERVICE_UP}{expressions.selector('', ((names.SERVICE, objectives.service),))}"
    return Sli(recorded.metric(objective.name), "service", up, up, sampled=True)


def mildest(objective: QuantileObjective | RatioObjective) -> Limit:
    """The limit that budgets, scores and trends measure by: the nearest that is not for single extractors."""
    return min(objective.limits, key=lambda limit: (bool(limit.scope.only), limit.severity))
