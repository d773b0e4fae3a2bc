"""What Prometheus' `increase` returns, in fractions: a second statement of its algorithm for the tests' expectations.

It counts from the first to the last sample of the window, which is open on the left, and stretches that to the
window's edges: as far as half an interval beyond a sample where the edge is far, and never below a counter of zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def increase(counter: Sequence[int], at: int, window: Fraction, step: Fraction) -> Fraction | None:
    """Increase over `window` seconds that end with sample `at` of a counter without resets, sampled every `step`.

    None where the window holds fewer than two samples.
    """
    since = at * step - window
    first = max(0, since // step + 1)
    if at <= first:
        return None
    grown = Fraction(counter[at] - counter[first])
    sampled = (at - first) * step
    before = first * step - since
    if before >= step * Fraction(11, 10):
        before = step / 2
    if grown > 0:
        before = min(before, sampled * counter[first] / grown)
    return grown * (sampled + before) / sampled
