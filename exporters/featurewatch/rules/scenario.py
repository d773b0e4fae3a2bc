"""A made-up stretch of time for a rule test: counters step by step, and what must fire when, by exact arithmetic.

This is a second, independent statement of what the rules mean: whole numbers and fractions instead of PromQL. Where
the two disagree, promtool fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from featurewatch.rules.extrapolation import increase
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Judgement

Phase = tuple[int, int, int]
"""Steps, good events a step, bad events a step."""

GOOD, BAD, ALL = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic in phases, one step per evaluation. All counters begin at 0 in step 0."""

    step: float
    """Seconds."""
    phases: tuple[Phase, ...]

    @property
    def steps(self) -> int:
        return sum(phase[0] for phase in self.phases)

    def counter(self, which: int) -> list[int]:
        """The counter of good (0), bad (1) or all (2) events after each step."""
        return list(accumulate(self._increments(which)))

    def notation(self, which: int) -> str:
        """The same counter as promtool writes it."""
        return notation((steps, (good, bad, good + bad)[which]) for steps, good, bad in self.phases)

    def _increments(self, which: int) -> Iterable[int]:
        yield 0
        for steps, good, bad in self.phases:
            yield from (((good, bad, good + bad)[which],) * steps)

    def in_window(self, step: int, window: float) -> tuple[Fraction, Fraction] | None:
        """(good, bad) events in the window that ends at `step`, as Prometheus counts them; None before it counts."""
        good, everything = (
            increase(self.counter(which), step, Fraction(str(window)), Fraction(str(self.step)))
            for which in (GOOD, ALL)
        )
        return None if good is None or everything is None else (good, everything - good)

    def violated(self, step: int, judgement: Judgement, bad_counts: bool = True) -> bool:
        """Whether more than what is allowed was bad. `bad_counts` is False where these bad events are good for it."""
        counted = self.in_window(step, judgement.window)
        if counted is None or not bad_counts:
            return False
        bad, total = counted[1], sum(counted)
        return total >= MINIMUM_EVENTS and bad >= MINIMUM_BAD and bad / total > Fraction(str(judgement.allowed))

    def fires(self, step: int, judgement: Judgement, bad_counts: bool = True) -> bool:
        """Whether it has been violated at every evaluation for at least `for`, now or as lately as it is kept."""
        return self.fired(step, judgement, bad_counts) is not None

    def fired(self, step: int, judgement: Judgement, bad_counts: bool = True) -> int | None:
        """The last step of its violation where it fires at this one: what it shows stays as it was."""
        needed, kept = (evaluations(time, self.step) for time in (judgement.hold, judgement.objective.keep))
        for last in range(step, max(needed, step - kept) - 1, -1):
            if all(self.violated(earlier, judgement, bad_counts) for earlier in range(last, last - needed - 1, -1)):
                return last
        return None


def evaluations(hold: float, step: float) -> int:
    """How many evaluations after the first one an alert with this `for` fires."""
    return math.ceil(Fraction(str(hold)) / Fraction(str(step)))


def notation(phases: Iterable[tuple[int, int]]) -> str:
    """A counter that begins at 0, as promtool writes it, from (steps, increment of each)."""
    parts: list[str] = []
    value = 0
    for steps, increment in phases:
        if not steps:
            continue
        parts.append(f"{value + increment if parts else 0}+{increment}x{steps - 1 if parts else steps}")
        value += increment * steps
    return " ".join(parts)
