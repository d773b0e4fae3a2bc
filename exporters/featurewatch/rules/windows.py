"""How far the rule of a share looks back: far enough to judge it at the declared traffic, and no farther."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import delivery
from featurewatch.chance import firing
from featurewatch.faults import Fault
from featurewatch.objectives.model import Limit, Objectives, QuantileObjective, RatioObjective
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules.trust import MARGIN, MINIMUM_BAD, MINIMUM_EVENTS, TOLERATED

Share = QuantileObjective | RatioObjective

WINDOWS = (60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)
"""Seconds looked back over, shortest first: the shortest that is trustworthy at the declared traffic is taken."""

SCRAPES_PER_WINDOW = 4
"""A rate over fewer scrapes breaks when one of them fails."""


def traffic(objectives: Objectives, objective: Share) -> float:
    """Events per second at the quietest time: the objective's own, or those of the whole file."""
    return objective.traffic or objectives.minimum_traffic


def allowed_share(objective: Share, limit: Limit) -> float:
    """Share of bad events that is still no violation."""
    if isinstance(objective, QuantileObjective):
        return round(1 - objective.quantile, 12)
    return limit.bound if objective.counts == "bad" else round(1 - limit.bound, 12)


def false_firing(traffic: float, allowed: float, window: float) -> float:
    """Chance per window to fire at 80 % of what is allowed."""
    return firing(int(traffic * window), allowed, MARGIN * allowed, MINIMUM_BAD)


def choose(objectives: Objectives, objective: Share, limit: Limit, file: str, faults: list[Fault]) -> float:
    """The declared window when it can be trusted, else the shortest that can; else a fault."""
    allowed, rate = allowed_share(objective, limit), traffic(objectives, objective)
    trusted = [
        window
        for window in WINDOWS
        if fires_from(rate, allowed, window) <= allowed and not any(_doubts(objectives, rate, allowed, window))
    ]
    key = "its traffic" if objective.traffic else "traffic.minimum"
    place = f"{objective.name}, {limit.severity}"
    declared = limit.window
    if declared is not None:
        advice = f"take {duration_text(trusted[0])}" if trusted else f"raise {key}"
        faults += [
            Fault(file, 0, 0, f"{place}: a window of {duration_text(declared)} {what}", f"{advice}, or leave it out")
            for what in _doubts(objectives, rate, allowed, declared)
        ]
        return declared
    if not trusted:
        what = f"{place}: no window up to {duration_text(WINDOWS[-1])} can be trusted at this traffic"
        faults.append(Fault(file, 0, 0, what, f"raise {key} or loosen the limit"))
        return WINDOWS[-1]
    return trusted[0]


def widened(objectives: Objectives, objective: Share, limit: Limit, window: float) -> str | None:
    """Why no shorter window was taken; None where it is the shortest, or was declared."""
    shorter = [each for each in WINDOWS if each < window]
    if limit.window is not None or not shorter:
        return None
    allowed, rate, tried = allowed_share(objective, limit), traffic(objectives, objective), shorter[-1]
    reasons = list(_doubts(objectives, rate, allowed, tried))
    share = fires_from(rate, allowed, tried)
    if share > allowed:
        reasons.append(f"fires from {percent_text(round(share, 6))} on only")
    return f"{duration_text(window)}, because {duration_text(tried)} {' and '.join(reasons)}"


def _doubts(objectives: Objectives, traffic: float, allowed: float, window: float) -> Iterator[str]:
    """Why a declared window cannot be trusted."""
    shortest = SCRAPES_PER_WINDOW * delivery.INTERVALS[0]
    if window < shortest:
        yield f"is shorter than {SCRAPES_PER_WINDOW} scrapes"
    if window > objectives.retention:
        yield f"is longer than the samples are kept ({duration_text(objectives.retention)})"
    events = traffic * window
    if events < MINIMUM_EVENTS:
        yield f"holds {events:.3g} events at the minimum traffic, and fewer than {MINIMUM_EVENTS} are never judged"
    chance = false_firing(traffic, allowed, window)
    if chance > TOLERATED:
        yield f"fires falsely in {chance:.1%} of windows"


def fires_from(traffic: float, allowed: float, window: float) -> float:
    """Share of bad events from which it fires at this traffic."""
    least = MINIMUM_BAD / (traffic * window)
    return least if least > allowed + 1e-12 else allowed


def detection(traffic: float, allowed: float, window: float) -> float:
    """Seconds of nothing but bad events until their share in the window is over what is allowed."""
    return max(allowed * window, MINIMUM_BAD / traffic)
