"""Exponential buckets, as Prometheus' native histograms have them.

With schema 4 there are 16 buckets per doubling, each 4.4 % wide, so that a quantile is known to 2 % at worst and to
0.2 % in practice (with 8 buckets, 0.6 % was seen). Their edges are powers of 2^(1/16): none lies on a threshold such as
100 ms, so they serve quantiles and heat maps, never an alert on a threshold.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Final

from featurewatch.measure.family import Totals
from featurewatch.measure.histogram import Histogram

SCHEMA: Final = 4
PER_DOUBLING: Final = 2**SCHEMA
LOWEST_DOUBLING, HIGHEST_DOUBLING = -40, 40

ZERO_THRESHOLD: Final = 2.0**LOWEST_DOUBLING
"""Seconds up to which a duration counts as zero: about a picosecond. Above 2^40 s (35,000 years) lies one bucket."""

FIRST_INDEX: Final = LOWEST_DOUBLING * PER_DOUBLING
"""The bucket that ends at the zero threshold; the next one is the first that is used."""


@lru_cache(maxsize=1)
def edges() -> tuple[float, ...]:
    """Upper edges of the buckets from FIRST_INDEX on; the edge of bucket i is 2^(i/16)."""
    within = [2 ** (step / PER_DOUBLING) for step in range(PER_DOUBLING)]
    upto = [math.ldexp(step, doubling) for doubling in range(LOWEST_DOUBLING, HIGHEST_DOUBLING) for step in within]
    return (*upto, 2.0**HIGHEST_DOUBLING)


class NativeHistogram(Histogram):
    """A histogram with exponential buckets beside its classic ones, for the protobuf exposition.

    A fold takes about 15 ns more per sample. At most 1,282 buckets exist; real latencies fill some dozens.
    """

    __slots__ = ()

    def _added(self, samples: list[float], total: float) -> Totals:
        totals = super()._added(samples, total)
        native = dict(self._totals.native or {})
        for index, count in counted(samples):
            native[index] = native.get(index, 0) + count
        return totals._replace(native=native)

    def _start(self) -> None:
        super()._start()
        self._totals = self._totals._replace(native={})


def counted(samples: list[float]) -> list[tuple[int, int]]:
    """How many of the sorted samples each bucket takes, by bucket index; the zero bucket is FIRST_INDEX."""
    uppers = edges()
    low, high = bisect_left(uppers, samples[0]), bisect_left(uppers, samples[-1])
    upto = [0, *map(bisect_right, repeat(samples), uppers[low:high]), len(samples)]
    return [
        (FIRST_INDEX + low + step, after - before)
        for step, (before, after) in enumerate(pairwise(upto))
        if after > before
    ]


def spans(native: Mapping[int, int]) -> tuple[int, list[tuple[int, int]], list[int]]:
    """The buckets as Prometheus wants them: the zero bucket's count, spans (offset, length), and count deltas."""
    zero = 0
    runs: list[tuple[int, int]] = []
    deltas: list[int] = []
    previous_index, previous_count = 0, 0
    for index, count in sorted(native.items()):
        if index == FIRST_INDEX:
            zero = count
            continue
        offset = index - previous_index - 1 if deltas else index
        if deltas and offset == 0:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((offset, 1))
        deltas.append(count - previous_count)
        previous_index, previous_count = index, count
    return zero, runs, deltas
