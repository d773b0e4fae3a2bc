"""From what was declared to what the rules need: windows, minimum counts, `for`, and the chance of a false firing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import delivery
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives.model import (
    BoundObjective,
    Limit,
    Objectives,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
    Severity,
)
from featurewatch.objectives.units import duration_text
from featurewatch.rules import absences, budget_plan, clashes, comparisons, recorded, windows
from featurewatch.rules.comparisons import Comparison as Comparison
from featurewatch.rules.trust import MARGIN as MARGIN
from featurewatch.rules.trust import MINIMUM_BAD as MINIMUM_BAD
from featurewatch.rules.trust import MINIMUM_EVENTS as MINIMUM_EVENTS
from featurewatch.rules.trust import TOLERATED as TOLERATED
from featurewatch.rules.windows import SCRAPES_PER_WINDOW as SCRAPES_PER_WINDOW
from featurewatch.rules.windows import WINDOWS as WINDOWS


@dataclass(frozen=True, slots=True)
class Judgement:
    """One step of a ratio's or quantile's ladder with everything that its rules need."""

    objective: QuantileObjective | RatioObjective
    limit: Limit
    allowed: float
    """Share of bad events that is still no violation."""
    window: float
    hold: float
    """Seconds (`for`)."""
    false_firing: float
    """Chance per window to fire at 80 % of what is allowed, under the minimum traffic."""
    detection: float
    """Seconds until the window shows it when every event is bad, at the minimum traffic."""
    fires_from: float
    """Share of bad events from which it fires at the minimum traffic. Above `allowed` only where a short window was
    declared, in which so rare an event does not happen often enough to be judged."""

    @property
    def bound(self) -> float | None:
        """The edge in seconds, where there is one."""
        return self.limit.bound if isinstance(self.objective, QuantileObjective) else None

    @property
    def level(self) -> str:
        return recorded.level_of(self.objective.by)

    @property
    def good_ratio(self) -> str:
        """Name of the recorded share of good events; so are the following."""
        return recorded.good_ratio(self.objective.name, self.window, self.bound, self.level)

    @property
    def bad_ratio(self) -> str:
        return recorded.bad_ratio(self.objective.name, self.window, self.bound, self.level)

    @property
    def good_increase(self) -> str:
        return recorded.good_increase(self.objective.name, self.window, self.bound, self.level)

    @property
    def bad_increase(self) -> str:
        return recorded.bad_increase(self.objective.name, self.window, self.bound, self.level)

    @property
    def events(self) -> str:
        """How many events were counted."""
        if self.objective.foreign:
            return recorded.events_increase(self.objective.name, self.window, self.level)
        if isinstance(self.objective, QuantileObjective):
            return recorded.successes_increase(self.window)
        return recorded.extractions_increase(self.window)

    @property
    def quantile(self) -> str | None:
        """The quantile that messages and panels show; none of a ratio."""
        if not isinstance(self.objective, QuantileObjective):
            return None
        if self.objective.foreign:
            return recorded.declared_quantile(self.objective.name, self.objective.quantile, self.window, self.level)
        return recorded.quantile_seconds(self.objective.quantile, self.window)

    @property
    def shows_good(self) -> bool:
        """Whether the share of the good events is what was promised, and what is shown."""
        return isinstance(self.objective, RatioObjective) and self.objective.counts == "good"

    @property
    def shown(self) -> str:
        """The share that messages and panels show."""
        return self.good_ratio if self.shows_good else self.bad_ratio


@dataclass(frozen=True, slots=True)
class Watch:
    """One step of a presence's ladder."""

    objective: PresenceObjective
    limit: Limit
    window: float
    """Seconds in which nothing may be counted for there to be no events; 0 where a target is asked."""
    hold: float
    """Seconds (`for`): what is left of the declared absence after the window."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Says that the data of an objective are gone, which would keep its alerts silent for ever."""

    objective: QuantileObjective | RatioObjective | BoundObjective
    severity: Severity
    hold: float
    """Seconds (`for`): as long as the objective itself takes to fire, and never shorter than `TWIN_PATIENCE`."""


TWIN_PATIENCE = 60.0
"""Seconds. A target that restarts, or one scrape that fails, is no absence yet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the compiler decided; rules, tests, routes, dashboards and documents are made from it."""

    objectives: Objectives
    timing: delivery.Timing
    worst_case: delivery.WorstCase
    judgements: tuple[Judgement, ...]
    watches: tuple[Watch, ...]
    comparisons: tuple[Comparison, ...] = ()
    twins: tuple[Twin, ...] = ()
    budgets: tuple[budget_plan.BudgetPlan, ...] = ()

    @property
    def show_window(self) -> float:
        """Seconds looked back over where nothing is judged, only shown: the shortest window that is judged."""
        return min(
            (judgement.window for judgement in self.judgements if not judgement.objective.foreign), default=WINDOWS[0]
        )


def plan(objectives: Objectives, file: str = "objectives.yaml") -> Plan:
    """Decide windows and intervals. Raises `Faulty` where the declarations contradict each other."""
    faults: list[Fault] = []
    measured: list[tuple[QuantileObjective | RatioObjective, Limit]] = []
    bounded: list[tuple[BoundObjective, Limit]] = []
    watched: list[tuple[PresenceObjective, Limit]] = []
    for objective in objectives.objectives:
        for limit in objective.limits:
            match objective:
                case BoundObjective():
                    bounded.append((objective, limit))
                case PresenceObjective():
                    watched.append((objective, limit))
                case _:
                    measured.append((objective, limit))
    chosen = [windows.choose(objectives, objective, limit, file, faults) for objective, limit in measured]
    faults += comparisons.faults(objectives, bounded, file)
    if faults:  # intervals from windows that cannot be would only repeat the same faults in other words
        raise Faulty(faults)
    waits = [
        delivery.Wait(_detection(objectives, objective, limit, window), limit.hold)
        for (objective, limit), window in zip(measured, chosen, strict=True)
        if limit.severity is Severity.CRITICAL and not objective.foreign
    ]
    longest = min(
        min(chosen, default=float("inf")) / SCRAPES_PER_WINDOW,
        absences.longest_interval(watched),
        comparisons.longest_interval(bounded),
    )
    try:
        timing = delivery.timing(objectives.delivery_budget, waits, longest)
    except delivery.BudgetTooSmall as error:
        what = f"delivery.budget: {duration_text(objectives.delivery_budget)}"
        raise Faulty([Fault(file, 0, 0, what, str(error))]) from error
    faults += absences.impatient(objectives, watched, timing, file)
    faults += clashes.faults(objectives, measured, chosen, file)
    if faults:
        raise Faulty(faults)
    budgets = budget_plan.plans(objectives, timing.evaluation_interval, file)
    judgements = tuple(
        _judgement(objectives, objective, limit, window, timing)
        for (objective, limit), window in zip(measured, chosen, strict=True)
    )
    compared = tuple(comparisons.comparison(objective, limit, timing) for objective, limit in bounded)
    return Plan(
        objectives=objectives,
        timing=timing,
        worst_case=delivery.worst_case(timing, waits),
        judgements=judgements,
        watches=tuple(_watch(objectives, objective, limit, timing) for objective, limit in watched),
        comparisons=compared,
        twins=tuple(_twins((*judgements, *compared))),
        budgets=budgets,
    )


def _detection(objectives: Objectives, objective: windows.Share, limit: Limit, window: float) -> float:
    return windows.detection(windows.traffic(objectives, objective), windows.allowed_share(objective, limit), window)


def _watch(objectives: Objectives, objective: PresenceObjective, limit: Limit, timing: delivery.Timing) -> Watch:
    window = absences.silence(objectives, timing.scrape_interval) if objective.of == "events" else 0.0
    return Watch(objective, limit, window, round(limit.bound - window, 3))


def _judgement(
    objectives: Objectives,
    objective: QuantileObjective | RatioObjective,
    limit: Limit,
    window: float,
    timing: delivery.Timing,
) -> Judgement:
    allowed, traffic = windows.allowed_share(objective, limit), windows.traffic(objectives, objective)
    hold = limit.hold
    if hold is None:
        hold = timing.hold(delivery.HOLD_EVALUATIONS[str(limit.severity)])
    return Judgement(
        objective=objective,
        limit=limit,
        allowed=allowed,
        window=window,
        hold=hold,
        false_firing=windows.false_firing(traffic, allowed, window),
        detection=windows.detection(traffic, allowed, window),
        fires_from=windows.fires_from(traffic, allowed, window),
    )


def _twins(rungs: tuple[Judgement | Comparison, ...]) -> Iterator[Twin]:
    """One for each objective on declared series. Our own measurements are watched by a presence of events."""
    for objective in dict.fromkeys(rung.objective for rung in rungs):
        if not objective.foreign or (isinstance(objective, BoundObjective) and objective.starts_late):
            continue
        ladder = [rung for rung in rungs if rung.objective == objective]
        severity = min(Severity.HIGH, max(rung.limit.severity for rung in ladder))
        yield Twin(objective, severity, max(TWIN_PATIENCE, *(rung.window + rung.hold for rung in ladder)))
