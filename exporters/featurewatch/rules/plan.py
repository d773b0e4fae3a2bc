"""From what was declared to what the rules need: windows, minimum counts, `for`, and the chance of a false firing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import delivery
from featurewatch.chance import firing
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives.model import (
    Limit,
    Objectives,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
    Severity,
)
from featurewatch.objectives.units import duration_text
from featurewatch.rules import clashes

MINIMUM_BAD = 10
"""Bad events that a window must hold before a ratio is judged: fewer than that is noise, whatever the ratio."""

MINIMUM_EVENTS = 20
"""Events that a window must hold before a ratio is judged."""

MARGIN = 0.8
"""A service that spends this part of what is allowed keeps its promise and must not be paged."""

TOLERATED = 0.01
"""Highest chance per window that such a service fires."""

WINDOWS = (60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)
"""Seconds looked back over, shortest first: the shortest that is trustworthy at the declared traffic is taken."""

SCRAPES_PER_WINDOW = 4
"""A rate over fewer scrapes breaks when one of them fails."""

EVALUATIONS_OF_SILENCE = 2
"""How many evaluations must find nothing counted: a process that has just begun has no rate before a second scrape."""


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
class Plan:
    """What the compiler decided; rules, tests, routes, dashboards and documents are made from it."""

    objectives: Objectives
    timing: delivery.Timing
    worst_case: delivery.WorstCase
    judgements: tuple[Judgement, ...]
    watches: tuple[Watch, ...]

    @property
    def show_window(self) -> float:
        """Seconds looked back over where nothing is judged, only shown: the shortest window that is judged."""
        return min((judgement.window for judgement in self.judgements), default=WINDOWS[0])


def plan(objectives: Objectives, file: str = "objectives.yaml") -> Plan:
    """Decide windows and intervals. Raises `Faulty` where the declarations contradict each other."""
    faults: list[Fault] = []
    measured = [
        (objective, limit)
        for objective in objectives.objectives
        if not isinstance(objective, PresenceObjective)
        for limit in objective.limits
    ]
    watched = [
        (objective, limit)
        for objective in objectives.objectives
        if isinstance(objective, PresenceObjective)
        for limit in objective.limits
    ]
    windows = [_window(objectives, objective, limit, file, faults) for objective, limit in measured]
    if faults:  # intervals from windows that cannot be would only repeat the same faults in other words
        raise Faulty(faults)
    waits = [
        delivery.Wait(_detection(objectives, _allowed(objective, limit), window), limit.hold)
        for (objective, limit), window in zip(measured, windows, strict=True)
        if limit.severity is Severity.CRITICAL
    ]
    try:
        timing = delivery.timing(objectives.delivery_budget, waits, _longest_interval(windows, watched))
    except delivery.BudgetTooSmall as error:
        what = f"delivery.budget: {duration_text(objectives.delivery_budget)}"
        raise Faulty([Fault(file, 0, 0, what, str(error))]) from error
    faults += [*_impatient(objectives, watched, timing, file), *clashes.faults(objectives, measured, windows, file)]
    if faults:
        raise Faulty(faults)
    return Plan(
        objectives=objectives,
        timing=timing,
        worst_case=delivery.worst_case(timing, waits),
        judgements=tuple(
            _judgement(objectives, objective, limit, window, timing)
            for (objective, limit), window in zip(measured, windows, strict=True)
        ),
        watches=tuple(_watch(objectives, objective, limit, timing) for objective, limit in watched),
    )


def _watch(objectives: Objectives, objective: PresenceObjective, limit: Limit, timing: delivery.Timing) -> Watch:
    window = 0.0 if objective.of == "target" else _silence(objectives, timing.scrape_interval)
    return Watch(objective, limit, window, round(limit.bound - window, 3))


def _silence(objectives: Objectives, scrape_interval: float) -> float:
    """The shortest window that hardly ever is empty while there is traffic, in whole scrapes."""
    needed = MINIMUM_EVENTS / objectives.minimum_traffic
    return max(SCRAPES_PER_WINDOW, math.ceil(needed / scrape_interval)) * scrape_interval


def _impatient(
    objectives: Objectives, watched: list[tuple[PresenceObjective, Limit]], timing: delivery.Timing, file: str
) -> Iterator[Fault]:
    """Absences that are shorter than it takes to notice that nothing is counted."""
    least = _silence(objectives, timing.scrape_interval) + EVALUATIONS_OF_SILENCE * timing.evaluation_interval
    for objective, limit in watched:
        if objective.of == "events" and limit.bound < least:
            what = f"{objective.name}, {limit.severity}: absent_for: {duration_text(limit.bound)}"
            yield Fault(file, 0, 0, what, f"at least {duration_text(least)}, or raise traffic.minimum")


def _longest_interval(windows: list[float], watched: list[tuple[PresenceObjective, Limit]]) -> float:
    """The longest scrape interval with which every window and every declared absence can be judged."""
    absences = [limit.bound for objective, limit in watched if objective.of == "events"]
    return min(
        min(windows, default=math.inf) / SCRAPES_PER_WINDOW,
        min(absences, default=math.inf) / (SCRAPES_PER_WINDOW + EVALUATIONS_OF_SILENCE),
    )


def _allowed(objective: QuantileObjective | RatioObjective, limit: Limit) -> float:
    if isinstance(objective, QuantileObjective):
        return round(1 - objective.quantile, 12)
    return limit.bound if objective.counts == "bad" else round(1 - limit.bound, 12)


def _false_firing(objectives: Objectives, allowed: float, window: float) -> float:
    events = int(objectives.minimum_traffic * window)
    return firing(events, allowed, MARGIN * allowed, MINIMUM_BAD)


def _window(
    objectives: Objectives,
    objective: QuantileObjective | RatioObjective,
    limit: Limit,
    file: str,
    faults: list[Fault],
) -> float:
    """The declared window when it can be trusted, else the shortest that can; else a fault."""
    allowed = _allowed(objective, limit)
    trusted = [
        window
        for window in WINDOWS
        if _fires_from(objectives, allowed, window) <= allowed and not any(_doubts(objectives, allowed, window))
    ]
    place = f"{objective.name}, {limit.severity}"
    declared = limit.window
    if declared is not None:
        advice = f"take {duration_text(trusted[0])}" if trusted else "raise traffic.minimum"
        faults += [
            Fault(file, 0, 0, f"{place}: a window of {duration_text(declared)} {what}", f"{advice}, or leave it out")
            for what in _doubts(objectives, allowed, declared)
        ]
        return declared
    if not trusted:
        what = f"{place}: no window up to {duration_text(WINDOWS[-1])} can be trusted at this traffic"
        faults.append(Fault(file, 0, 0, what, "raise traffic.minimum or loosen the limit"))
        return WINDOWS[-1]
    return trusted[0]


def _doubts(objectives: Objectives, allowed: float, window: float) -> Iterator[str]:
    """Why a declared window cannot be trusted."""
    shortest = SCRAPES_PER_WINDOW * delivery.INTERVALS[0]
    if window < shortest:
        yield f"is shorter than {SCRAPES_PER_WINDOW} scrapes"
    if window > objectives.retention:
        yield f"is longer than the samples are kept ({duration_text(objectives.retention)})"
    events = objectives.minimum_traffic * window
    if events < MINIMUM_EVENTS:
        yield f"holds {events:.3g} events at the minimum traffic, and fewer than {MINIMUM_EVENTS} are never judged"
    chance = _false_firing(objectives, allowed, window)
    if chance > TOLERATED:
        yield f"fires falsely in {chance:.1%} of windows"


def _fires_from(objectives: Objectives, allowed: float, window: float) -> float:
    least = MINIMUM_BAD / (objectives.minimum_traffic * window)
    return least if least > allowed + 1e-12 else allowed


def _detection(objectives: Objectives, allowed: float, window: float) -> float:
    """Seconds of nothing but bad events until their share in the window is over what is allowed."""
    return max(allowed * window, MINIMUM_BAD / objectives.minimum_traffic)


def _judgement(
    objectives: Objectives,
    objective: QuantileObjective | RatioObjective,
    limit: Limit,
    window: float,
    timing: delivery.Timing,
) -> Judgement:
    allowed = _allowed(objective, limit)
    hold = limit.hold
    if hold is None:
        hold = timing.hold(delivery.HOLD_EVALUATIONS[str(limit.severity)])
    return Judgement(
        objective=objective,
        limit=limit,
        allowed=allowed,
        window=window,
        hold=hold,
        false_firing=_false_firing(objectives, allowed, window),
        detection=_detection(objectives, allowed, window),
        fires_from=_fires_from(objectives, allowed, window),
    )
