"""Values that are compared with a bound: the steps of a gauge's, rate's, increase's or freshness' ladder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from featurewatch import delivery
from featurewatch.faults import Fault
from featurewatch.objectives.model import BoundObjective, Limit, Objectives
from featurewatch.objectives.units import duration_text
from featurewatch.rules import recorded
from featurewatch.rules.windows import SCRAPES_PER_WINDOW

WINDOW = 300.0
"""Seconds over which events are counted where nothing is declared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One step of a bound's ladder with everything that its rules need."""

    objective: BoundObjective
    limit: Limit
    window: float
    """Seconds looked back over; 0 where the value of the moment is compared."""
    hold: float
    """Seconds (`for`)."""

    @property
    def level(self) -> str:
        return recorded.level_of(self.objective.by)

    @property
    def value(self) -> str:
        """Name of the recorded value."""
        return recorded.value(self.objective.name, self.level, self._operation)

    @property
    def _operation(self) -> str:
        over = duration_text(self.window) if self.window else ""
        match self.objective.kind:
            case "gauge":
                return self.objective.aggregate + (f"_avg{over}" if over else "")
            case "freshness":
                return "age_seconds"
            case kind:
                return f"{kind}{over}"

    @property
    def tolerance(self) -> float:
        """What a rounding error may put a value beyond its bound: nothing where values are compared as they are."""
        objective = self.objective
        if objective.kind == "increase":
            return 0.0
        if (
            objective.kind == "gauge"
            and not objective.per
            and not self.window
            and objective.aggregate in ("max", "min")
        ):
            return 0.0
        size = max(abs(self.limit.bound), 1.0)
        finest = -6 if objective.kind == "freshness" else -9  # the clock has half a microsecond
        return 10.0 ** max(finest, math.ceil(math.log10(size)) - 9)


Bounded = Sequence[tuple[BoundObjective, Limit]]


def comparison(objective: BoundObjective, limit: Limit, timing: delivery.Timing) -> Comparison:
    hold = limit.hold
    if hold is None:
        hold = timing.hold(delivery.HOLD_EVALUATIONS[str(limit.severity)])
    return Comparison(objective, limit, _window(objective, limit), hold)


def faults(objectives: Objectives, bounded: Bounded, file: str) -> Iterator[Fault]:
    """Windows in which the bound cannot be told from what lies beside it."""
    for objective, limit in bounded:
        window = _window(objective, limit)
        place = f"{objective.name}, {limit.severity}: a window of {duration_text(window)}" if window else ""
        if not window:
            continue
        if window > objectives.retention:
            kept = duration_text(objectives.retention)
            yield Fault(file, 0, 0, f"{place} is longer than the samples are kept ({kept})", "shorten it")
        if window < _scrapes(objective, limit) * delivery.INTERVALS[0]:
            least = duration_text(_scrapes(objective, limit) * delivery.INTERVALS[0])
            yield Fault(file, 0, 0, f"{place} holds too few scrapes for {limit.bound:g}", f"at least {least}")


def longest_interval(bounded: Bounded) -> float:
    """The longest scrape interval with which every window can be judged."""
    return min(
        (window / _scrapes(objective, limit) for objective, limit in bounded if (window := _window(objective, limit))),
        default=math.inf,
    )


def _window(objective: BoundObjective, limit: Limit) -> float:
    if limit.window is not None:
        return limit.window
    return WINDOW if objective.kind in ("rate", "increase") else 0.0


def _scrapes(objective: BoundObjective, limit: Limit) -> float:
    """Scrapes that a window must hold. `increase` stretches what it saw to the whole window: with more scrapes than
    events, one event fewer never reads as all of them."""
    return max(SCRAPES_PER_WINDOW, limit.bound + 1 if objective.kind == "increase" else 0)
