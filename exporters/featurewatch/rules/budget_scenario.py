"""A made-up stretch of time for the tests of error budgets, and what must burn when, by exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import accumulate

from featurewatch.rules.budget_plan import BudgetPlan, Pair
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.trust import MINIMUM_BAD, MINIMUM_EVENTS

Phase = tuple[int, Fraction, Fraction]
"""Steps, good events a step, bad events a step."""


@dataclass(frozen=True)
class Stretch:
    """Sums of good and of all events, one for every step."""

    step: float
    """Seconds."""
    phases: tuple[Phase, ...]

    @property
    def steps(self) -> int:
        return sum(phase[0] for phase in self.phases)

    def notation(self, total: bool) -> str:
        """The sums as promtool writes them, the first one at step 0."""
        parts = []
        for steps, good, bad in self.phases:
            if steps:
                parts.append(f"{decimal(good + bad if total else good)}x{steps - 1}")
        return " ".join(parts)

    @cached_property
    def _scale(self) -> int:
        """Parts of an event in which all sums are whole numbers: exact like fractions, and much faster."""
        return math.lcm(*(events.denominator for _, *both in self.phases for events in both))

    @cached_property
    def _upto(self) -> tuple[list[int], list[int]]:
        """How many parts of (good, bad) events there were before each step."""
        good = (int(phase[1] * self._scale) for phase in self.phases for _ in range(phase[0]))
        bad = (int(phase[2] * self._scale) for phase in self.phases for _ in range(phase[0]))
        return list(accumulate(good, initial=0)), list(accumulate(bad, initial=0))

    def _parts(self, at: int, window: float) -> tuple[int, int]:
        """Parts of (good, bad) events in the window that ends at this step."""
        before = max(0, at + 1 - math.ceil(window / self.step))
        good, bad = self._upto
        return good[at + 1] - good[before], bad[at + 1] - bad[before]

    def counted(self, at: int, window: float) -> tuple[Fraction, Fraction]:
        """(good, bad) events in the window that ends at this step."""
        good, bad = self._parts(at, window)
        return Fraction(good, self._scale), Fraction(bad, self._scale)

    def below(self, at: int, window: float, target: float) -> bool:
        good, bad = self._parts(at, window)
        share = _exact(target)
        return good * share.denominator < (good + bad) * share.numerator

    def enough(self, at: int, window: float, events: int = MINIMUM_EVENTS) -> bool:
        good, bad = self._parts(at, window)
        return bad >= MINIMUM_BAD * self._scale and good + bad >= events * self._scale

    def burns(self, at: int, pair: Pair) -> bool:
        long, short = pair.pair.long, pair.pair.short
        return self.enough(at, long) and all(self.below(at, window, pair.target) for window in (long, short))

    def rate(self, at: int, plan: BudgetPlan, window: float) -> float:
        """How many times faster than allowed bad events came in the window, in the steps in which the rules reckon:
        printed with few digits, it must round as they do."""
        good, bad = self.counted(at, window)
        return (1 - float(good) / float(good + bad)) / plan.allowed

    def burning(self, at: int, plan: BudgetPlan, pair: Pair) -> float | None:
        """What the alert of this pair shows: the slowest burning pair that is no slower. None where none burns."""
        upto = plan.pairs.index(pair)
        for faster in reversed(plan.pairs[: upto + 1]):
            if self.burns(at, faster):
                return self.rate(at, plan, faster.pair.long)
        return None

    def fires(self, at: int, plan: BudgetPlan, pair: Pair) -> float | None:
        """The same once it has lasted for `for`."""
        return _lasting(at, pair.pair.hold, self.step, lambda earlier: self.burning(earlier, plan, pair))

    def exhausted(self, at: int, plan: BudgetPlan, hold: float) -> float | None:
        """The share that is left when the budget has been spent for as long as `for`; None before."""
        window = plan.budget.window

        def left(earlier: int) -> float | None:
            spent = self.enough(earlier, window, plan.least) and self.below(earlier, window, plan.target)
            return 1 - self.rate(earlier, plan, window) if spent else None

        return _lasting(at, hold, self.step, left)


@lru_cache(maxsize=64)
def _exact(share: float) -> Fraction:
    """The number that is written, and not the nearest one that a float can be."""
    return Fraction(str(share))


def _lasting(at: int, hold: float, step: float, value: Callable[[int], float | None]) -> float | None:
    needed = evaluations(hold, step)
    if at < needed:
        return None
    values = [value(earlier) for earlier in range(at - needed, at + 1)]
    return None if None in values else values[-1]


def decimal(value: Fraction) -> str:
    """A number with all its digits; the tests use only such that have few."""
    return f"{float(value):.12g}"


def at_target(target: float, samples: Iterable[int], least: int = 1) -> tuple[Fraction, Fraction]:
    """(good, bad) a step of which exactly what is allowed is bad: numbers for which rounding would say that it is more.

    A rule that compared without its tolerance would fire on them. `samples` are the counts of steps in the windows,
    `least` that of events in a step.
    """
    share = Fraction(str(target))
    widths = tuple(samples)
    total = Fraction(100 * share.denominator)
    for tenth in range(10 * share.denominator, 4000 * share.denominator + 1, share.denominator):
        good = Fraction(tenth, 10) * share
        if (
            all(math.fsum([float(good)] * width) / math.fsum([tenth / 10] * width) < target for width in widths)
            and good.denominator <= 1000
        ):
            total = Fraction(tenth, 10)
            break
    # Twice as much is rounded as half of it is.
    while total < least:
        total *= 2
    return total * share, total * (1 - share)
