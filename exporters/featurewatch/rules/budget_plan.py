"""Error budgets decided: what is counted, which pairs of windows can fire, and what was changed and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from featurewatch.chance import firing
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives.model import (
    Objective,
    Objectives,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
    Severity,
)
from featurewatch.objectives.outlook import BUDGET_WINDOW, DAY, Budget, BurnPair
from featurewatch.objectives.units import duration_text, number_text, percent_text
from featurewatch.rules import sli
from featurewatch.rules.trust import MARGIN, MINIMUM_BAD, TOLERATED

BURN_PAIRS = (
    BurnPair(3600.0, 300.0, 14.4, Severity.CRITICAL),
    BurnPair(21600.0, 1800.0, 6.0, Severity.HIGH),
    BurnPair(DAY, 7200.0, 3.0, Severity.MEDIUM),
    BurnPair(3 * DAY, 21600.0, 1.0, Severity.LOW),
)
"""For a window of 30 days: 2 %, 5 %, 10 % and 10 % of the budget, spent within the long window."""

FEASIBLE = 0.8
"""Share of bad events beyond which no threshold is set: a factor of 14.4 on a budget of 15 % would ask for 216 %."""

SHORT_STEP = 60.0
"""Seconds: good and total events are summed up once in this time; all windows are sums of these sums."""

LONG_STEP = 120.0
"""Seconds between evaluations of long windows. Prometheus reads a series that is up to five minutes old."""

LONGEST_SHORT = 21600.0
"""Windows up to this are summed from the sums of a minute, longer ones from those of two, and less often."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of windows as it is judged."""

    pair: BurnPair
    target: float
    """Share of good events below which both windows burn."""
    false_firing: float
    """Chance per long window to fire at 80 % of what is allowed, at the minimum traffic."""

    @property
    def text(self) -> str:
        """Both windows, as in names of series: `1h_5m`."""
        return f"{duration_text(self.pair.long)}_{duration_text(self.pair.short)}"


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """One budget with everything that its rules need."""

    budget: Budget
    objective: Objective
    sli: sli.Sli
    allowed: float
    """Share of bad events that is the whole budget."""
    pairs: tuple[Pair, ...]
    """The fastest first."""
    notes: tuple[str, ...]
    """What was changed of the declared pairs, and why."""
    falsely_exhausted: float
    """Chance that all of it seems spent at 80 % of what is allowed, at the minimum traffic."""

    @property
    def exhausted(self) -> Severity:
        """Of the alert that nothing is left."""
        return self.budget.exhausted or Severity.HIGH

    @property
    def target(self) -> float:
        """Share of good events below which all of the budget is spent."""
        return round(1 - self.allowed, 12)

    @property
    def windows(self) -> tuple[float, ...]:
        """All that are judged, the budget's own last."""
        judged = {window for pair in self.pairs for window in (pair.pair.short, pair.pair.long)}
        return (*sorted(judged - {self.budget.window}), self.budget.window)

    @property
    def long_windows(self) -> tuple[float, ...]:
        """Those in which enough bad events are asked for."""
        return tuple(sorted({*(pair.pair.long for pair in self.pairs), self.budget.window}))


def plans(objectives: Objectives, file: str = "objectives.yaml") -> tuple[BudgetPlan, ...]:
    """All budgets. Raises `Faulty` with everything that is wrong with them."""
    known = {objective.name: objective for objective in objectives.objectives}
    faults: list[Fault] = []
    decided: list[BudgetPlan] = []
    for budget in objectives.outlook.budgets:
        objective = known.get(budget.objective)
        found = list(_faults(objectives, budget, objective))
        faults += [Fault(file, 0, 0, f"budget of {budget.objective}: {what}", remedy) for what, remedy in found]
        if objective is None or found:
            continue
        decided.append(_plan(objectives, budget, objective))
        if not decided[-1].pairs:
            what = f"budget of {objective.name}: no pair of windows can fire ({'; '.join(decided[-1].notes)})"
            faults.append(Fault(file, 0, 0, what, "leave the budget out, a plain limit says as much"))
        elif decided[-1].falsely_exhausted > TOLERATED:
            chance = percent_text(round(decided[-1].falsely_exhausted, 4))
            what = f"budget of {objective.name}: by chance alone it is spent in {chance} of its windows"
            faults.append(Fault(file, 0, 0, what, "a longer window, a looser target, or a higher traffic.minimum"))
    names = [budget.objective for budget in objectives.outlook.budgets]
    faults += [
        Fault(file, 0, 0, f"budget of {name}: again", "an objective has one budget")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise Faulty(faults)
    return tuple(decided)


def _faults(objectives: Objectives, budget: Budget, objective: Objective | None) -> Iterator[tuple[str, str]]:
    """What is wrong with one budget, and the remedy."""
    if objective is None:
        yield "there is no such objective", f"one of {', '.join(item.name for item in objectives.objectives)}"
        return
    if isinstance(objective, PresenceObjective):
        if objective.of != "target":
            yield "nothing can be counted of it", "a presence has a budget with `of: target` only"
        elif budget.target is None:
            yield "needs a `target`", "the share of the time that the service is up, such as 99.9%"
    elif not isinstance(objective, QuantileObjective | RatioObjective) or objective.foreign:
        yield (
            "nothing is counted of it",
            "a quantile or ratio of extractions, or the presence of a target, has a budget",
        )
    if budget.target is not None and not 0 < budget.target < 1:
        yield f"target: {percent_text(budget.target)}", "a share above 0 % and below 100 %"
    if budget.window > objectives.retention:
        yield (
            f"its window of {duration_text(budget.window)} is longer than the samples are kept, "
            f"retention: {duration_text(objectives.retention)}",
            f"retention: {duration_text(budget.window + 5 * 86400)}, or a shorter window",
        )
    for pair in budget.pairs:
        text = f"pair {duration_text(pair.long)}/{duration_text(pair.short)}"
        if not SHORT_STEP * 2 <= pair.short < pair.long <= budget.window:
            yield text, "a short window of at least 2m, a longer long one, both within the budget's window"
        if pair.short % SHORT_STEP or pair.long % (SHORT_STEP if pair.long <= LONGEST_SHORT else LONG_STEP):
            yield text, "windows in whole minutes, in twos of them beyond six hours"
    for faster, slower in pairwise(budget.pairs):
        if not (faster.factor > slower.factor and faster.long < slower.long and faster.severity > slower.severity):
            what = f"pairs {duration_text(faster.long)} and {duration_text(slower.long)}"
            yield what, "the fastest first: shorter windows, a higher factor and a higher severity than the next"


def _plan(objectives: Objectives, budget: Budget, objective: Objective) -> BudgetPlan:
    allowed, counted = _counted(objectives, budget, objective)
    notes: list[str] = []
    pairs: list[Pair] = []
    for pair in _feasible(_declared(budget, notes), allowed, notes):
        chance = _false_firing(objectives, objective, pair.long, pair.factor * allowed, allowed)
        if chance > TOLERATED:
            notes.append(
                f"{_text(pair)} left out: by chance alone it fires in {percent_text(round(chance, 4))} of windows"
            )
        else:
            pairs.append(Pair(pair, round(1 - pair.factor * allowed, 12), chance))
    spent = _false_firing(objectives, objective, budget.window, allowed, allowed)
    return BudgetPlan(budget, objective, counted, allowed, tuple(pairs), tuple(notes), spent)


def _counted(objectives: Objectives, budget: Budget, objective: Objective) -> tuple[float, sli.Sli]:
    """(share of bad events allowed, what is counted)"""
    target = budget.target
    if isinstance(objective, PresenceObjective):
        return round(1 - (target or 0.0), 12), sli.of_uptime(objectives, objective)
    if not isinstance(objective, QuantileObjective | RatioObjective):
        raise TypeError(f"{objective.name}: nothing is counted of it")
    mildest = sli.mildest(objective)
    if target is None:
        if isinstance(objective, QuantileObjective):
            target = objective.quantile
        else:
            target = mildest.bound if objective.counts == "good" else 1 - mildest.bound
    return round(1 - target, 12), sli.of_events(objectives, objective, mildest.bound)


def _declared(budget: Budget, notes: list[str]) -> list[BurnPair]:
    """The declared pairs, or the usual ones with the factors that spend the usual shares of this window."""
    if budget.pairs:
        return list(budget.pairs)
    stretched = [
        replace(pair, factor=round(pair.factor * budget.window / BUDGET_WINDOW, 6))
        for pair in BURN_PAIRS
        if pair.long <= budget.window
    ]
    kept: list[BurnPair] = []
    for position, pair in enumerate(stretched):
        if pair.factor >= 1:
            kept.append(pair)
        elif position < len(stretched) - 1:
            notes.append(f"{_text(pair)} left out: at less than 1 it would fire while the budget lasts")
        else:
            notes.append(f"{_text(pair)} raised to 1: at less it would fire while the budget lasts")
            kept.append(replace(pair, factor=1.0))
    return kept


def _feasible(pairs: list[BurnPair], allowed: float, notes: list[str]) -> Iterator[BurnPair]:
    """Factors that ask for more bad events than there can be are lowered, or left to the next slower pair."""
    highest = math.floor(FEASIBLE / allowed * 100 + 1e-9) / 100
    for position, pair in enumerate(pairs):
        following = pairs[position + 1].factor if position + 1 < len(pairs) else 1.0
        if pair.factor <= highest:
            yield pair
            continue
        asks = f"asks for {percent_text(round(pair.factor * allowed, 4))} bad events"
        if highest > following or (position == len(pairs) - 1 and highest >= 1):
            notes.append(f"{_text(pair)} lowered to {number_text(highest)}: it {asks}, more than {FEASIBLE:.0%}")
            yield replace(pair, factor=highest)
        else:
            notes.append(
                f"{_text(pair)} left out: it {asks}, more than {FEASIBLE:.0%}, and lowered it says no more "
                "than the next"
            )


def _text(pair: BurnPair) -> str:
    return f"{duration_text(pair.long)}/{duration_text(pair.short)} at {number_text(pair.factor)}"


def _false_firing(
    objectives: Objectives, objective: Objective, window: float, fires_from: float, allowed: float
) -> float:
    """Chance per window that more than `fires_from` of the events are bad when 80 % of what is allowed are. The
    evaluations of an uptime depend on each other, so nothing is said of them."""
    if isinstance(objective, PresenceObjective):
        return 0.0
    return firing(int(objectives.minimum_traffic * window), fires_from, MARGIN * allowed, MINIMUM_BAD)
