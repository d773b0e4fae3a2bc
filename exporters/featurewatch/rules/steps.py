"""How far apart the evaluations of a rule test are: as far as `for` allows to be told exactly.

Prometheus evaluates every few seconds, but a test that waits minutes for a `for` needs no more than its end. Steps that
divide `for` show one that is longer by an evaluation; steps that divide `for` less one evaluation show one that is
shorter by as much. The two together are as exact as every single evaluation, in a tenth of the time.
"""

from __future__ import annotations

from featurewatch.rules.windows import SCRAPES_PER_WINDOW

ENOUGH = 6
"""Evaluations that are waited for: a shorter `for` is told one evaluation after the other."""

AROUND = 7
"""Evaluations of a story besides those that are waited for."""

LONGEST = 240.0
"""Seconds: Prometheus forgets a sample after five minutes."""


def of(hold: float, interval: float, window: float = 0.0) -> float:
    """Seconds between evaluations, so that `hold` ends with one of them; a window, where there is one, holds some."""
    longest = min(LONGEST, window / 2 / SCRAPES_PER_WINDOW) if window else LONGEST
    if window > 2 * hold:  # what is told in one window: `for` twice, and a few steps around it
        longest = min(longest, (window - 2 * hold) / AROUND)
    return interval * _stride(round(hold / interval), int(longest / interval))


def just_before(hold: float, interval: float) -> float:
    """Seconds between evaluations, so that one of them is the last before `hold` is over."""
    return interval * _stride(round(hold / interval) - 1, int(LONGEST / interval))


def _stride(evaluations: int, most: int) -> int:
    """The largest divisor that leaves enough of them; without one, the smallest that leaves less, or 1."""
    divisors = [stride for stride in range(1, most + 1) if evaluations % stride == 0]
    enough = [stride for stride in divisors if evaluations // stride >= ENOUGH]
    if enough and enough[-1] > 1:
        return enough[-1]
    return next((stride for stride in divisors if stride > 1 and evaluations > ENOUGH), 1)
