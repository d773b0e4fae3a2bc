"""How long it takes to know that something is gone, and which declared absences are too short for that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from featurewatch import delivery
from featurewatch.faults import Fault
from featurewatch.objectives.model import Limit, Objectives, PresenceObjective
from featurewatch.objectives.units import duration_text
from featurewatch.rules.trust import MINIMUM_EVENTS
from featurewatch.rules.windows import SCRAPES_PER_WINDOW

EVALUATIONS_OF_SILENCE = 2
"""How many evaluations must find nothing counted: a process that has just begun has no rate before a second scrape."""

Watched = Sequence[tuple[PresenceObjective, Limit]]


def silence(objectives: Objectives, scrape_interval: float) -> float:
    """The shortest window that hardly ever is empty while there is traffic, in whole scrapes."""
    needed = MINIMUM_EVENTS / objectives.minimum_traffic
    return max(SCRAPES_PER_WINDOW, math.ceil(needed / scrape_interval)) * scrape_interval


def impatient(objectives: Objectives, watched: Watched, timing: delivery.Timing, file: str) -> Iterator[Fault]:
    """Absences that are shorter than it takes to notice that nothing is counted."""
    least = silence(objectives, timing.scrape_interval) + EVALUATIONS_OF_SILENCE * timing.evaluation_interval
    for objective, limit in watched:
        if objective.of == "events" and limit.bound < least:
            what = f"{objective.name}, {limit.severity}: absent_for: {duration_text(limit.bound)}"
            yield Fault(file, 0, 0, what, f"at least {duration_text(least)}, or raise traffic.minimum")


def longest_interval(watched: Watched) -> float:
    """The longest scrape interval with which every declared absence can be judged."""
    absences = [limit.bound for objective, limit in watched if objective.of == "events"]
    return min(absences, default=math.inf) / (SCRAPES_PER_WINDOW + EVALUATIONS_OF_SILENCE)
