"""A made-up stretch of time for a rule test: counters step by step, and what must fire when, by exact arithmetic.

This is a second, independent statement of what the rules mean: whole numbers and fractions instead of PromQL. Where
the two disagree, promtool fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Judgement

Phase = tuple[int, int, int]
"""Steps, good events a step, bad events a step."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic in phases, one step per evaluation."""

    step: float
    """Seconds."""
    phases: tuple[Phase, ...]

    @property
    def steps(self) -> int:
        return sum(phase[0] for phase in self.phases)

    def increments(self) -> list[tuple[int, int]]:
        """(good, bad) that arrived in each step; step 0 is where the counters begin."""
        return [(0, 0), *((good, bad) for steps, good, bad in self.phases for _ in range(steps))]

    def in_window(self, step: int, window: float) -> tuple[int, int]:
        """(good, bad) between the first and the last sample of the window that ends at `step`.

        The window is open on the left, so it holds window / step samples and one increment less.
        """
        width = int(window / self.step)
        seen = self.increments()[max(step - width + 2, 1) : step + 1]
        return sum(good for good, _ in seen), sum(bad for _, bad in seen)

    def violated(self, step: int, judgement: Judgement, bad_counts: bool = True) -> bool:
        """Whether more than what is allowed was bad. `bad_counts` is False where these bad events are good for it."""
        good, bad = self.in_window(step, judgement.window)
        if not bad_counts:
            good, bad = good + bad, 0
        total = good + bad
        return (
            total >= MINIMUM_EVENTS and bad >= MINIMUM_BAD and Fraction(bad, total) > Fraction(str(judgement.allowed))
        )

    def fires(self, step: int, judgement: Judgement, bad_counts: bool = True) -> bool:
        """Whether it has been violated at every evaluation for at least `for`."""
        needed = math.ceil(judgement.hold / self.step)
        return step >= needed and all(
            self.violated(earlier, judgement, bad_counts) for earlier in range(step - needed, step + 1)
        )

    def counter(self, which: int) -> str:
        """The counter of good (0), bad (1) or all (2) events in promtool's notation."""
        parts, value, begun = [], 0, False
        for steps, good, bad in self.phases:
            increment = (good, bad, good + bad)[which]
            if begun:
                parts.append(f"{value + increment}+{increment}x{steps - 1}")
            else:
                parts.append(f"0+{increment}x{steps}")
            value, begun = value + increment * steps, True
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Story:
    """Exactly what is allowed, then one event more, then recovery: the three moments at which a rule is looked at."""

    scenario: Scenario
    at_limit: int
    """The last step at which exactly as much was bad as is allowed, for long enough."""
    before: int
    """The last evaluation before `for` is over."""
    firing: int
    recovered: int


def one_over(judgement: Judgement, step: float) -> Story:
    """One bad event more than allowed; where `for` outlasts the window, one more in each step."""
    width = int(judgement.window / step)
    hold = math.ceil(judgement.hold / step)
    allowed = Fraction(str(judgement.allowed))
    scale = math.ceil(max(width, MINIMUM_BAD, MINIMUM_EVENTS) / allowed.numerator)
    bad, good = allowed.numerator * scale, (allowed.denominator - allowed.numerator) * scale
    steady = width + hold + 3
    if hold <= width - 3:
        phases = ((steady, good, bad), (1, good - 1, bad + 1), (width + 3, good, bad))
        recovered = steady + width
    else:
        phases = ((steady, good, bad), (hold + 3, good - 1, bad + 1), (5, good + bad, 0))
        recovered = steady + hold + 4
    return Story(Scenario(step, phases), steady, steady + hold, steady + 1 + hold, recovered)


def little_traffic(judgement: Judgement, step: float) -> Scenario:
    """Fewer bad events than are needed to judge, and nothing but bad ones."""
    width = int(judgement.window / step)
    return Scenario(step, ((width, 0, 0), (1, 0, MINIMUM_BAD // 2), (width + math.ceil(judgement.hold / step), 0, 0)))


def no_traffic(judgement: Judgement, step: float) -> Scenario:
    """Counters that stand still."""
    width = int(judgement.window / step)
    return Scenario(step, ((2 * width + math.ceil(judgement.hold / step), 0, 0),))
