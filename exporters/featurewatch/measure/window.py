"""The last minute of one series, in time slices: what `monitor.snapshot()` is made of.

A window is fed by the folds of its histogram, so the extraction itself pays nothing. A fold brings samples in the order
of their arrival but without their times: they are spread evenly over the time since the fold before. Scrapes and
snapshots fold, so that time is short.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.histogram import refusal
from featurewatch.measure.native import counted

SLICES = 12


@dataclass(slots=True)
class Slice:
    """Samples of one stretch of time: exact count, sum, extremes; the rest by exponential bucket."""

    number: int
    count: int = 0
    sum: float = 0.0
    shortest: float = math.inf
    longest: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, samples: list[float]) -> None:
        samples = sorted(samples)
        self.count += len(samples)
        self.sum += sum(samples)
        self.shortest = min(self.shortest, samples[0])
        self.longest = max(self.longest, samples[-1])
        for index, count in counted(samples):
            self.buckets[index] = self.buckets.get(index, 0) + count

    def merge(self, other: Slice) -> None:
        self.count += other.count
        self.sum += other.sum
        self.shortest = min(self.shortest, other.shortest)
        self.longest = max(self.longest, other.longest)
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count


class Window:
    """At most SLICES + 1 slices; a slice holds at most 1,282 buckets, and some dozens with real latencies."""

    def __init__(self, seconds: float, clock: Callable[[], float], trouble: Callable[[BaseException], None]) -> None:
        self._clock = clock
        self._trouble = trouble
        self._width = seconds / SLICES
        self.restart()
        restart_in_children(self)

    def restart(self) -> None:
        """Begin anew in a forked child."""
        self._lock = threading.RLock()
        self._slices: deque[Slice] = deque(maxlen=SLICES + 1)
        self._folded = self.began = self._clock()

    def add(self, samples: list[float]) -> None:
        """Take the samples of one fold, in the order of their arrival. Never raises."""
        try:
            valid = samples if _are_durations(samples) else [float(one) for one in samples if refusal(one) is None]
            with self._lock:
                now, before = self._clock(), self._folded
                self._folded = now
                for number, some in _spread(valid, before, now, self._width):
                    self._slice(number).add(some)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._trouble(error)

    def merged(self) -> Slice:
        """Everything of the window's length up to now."""
        with self._lock:
            oldest = math.floor(self._clock() / self._width) - SLICES + 1
            whole = Slice(oldest)
            for part in self._slices:
                if part.number >= oldest:
                    whole.merge(part)
            return whole

    def covered(self) -> float:
        """Seconds that `merged` covers now: less than the window until it has run for that long."""
        now = self._clock()
        start = (math.floor(now / self._width) - SLICES + 1) * self._width
        return now - max(start, self.began)

    def _slice(self, number: int) -> Slice:
        for part in reversed(self._slices):
            if part.number == number:
                return part
        part = Slice(number)
        self._slices.append(part)
        return part


def _are_durations(samples: list[float]) -> bool:
    """Whether all are, by the look at the whole that is nearly always enough."""
    try:
        return sum(samples) < math.inf and min(samples) >= 0
    except Exception:  # noqa: BLE001 - whatever strange objects do; each is then looked at by itself
        return False


def _spread(samples: list[float], before: float, now: float, width: float) -> list[tuple[int, list[float]]]:
    """The samples by number of their slice, oldest slice first."""
    first, last = math.floor(before / width), math.floor(now / width)
    if not samples:
        return []
    if last <= first:
        return [(last, samples)]
    found: list[tuple[int, list[float]]] = []
    taken = 0
    for number in range(max(first, last - SLICES), last + 1):
        upto = len(samples) if number == last else int(len(samples) * ((number + 1) * width - before) / (now - before))
        if upto > taken:
            found.append((number, samples[taken:upto]))
            taken = upto
    return found
