"""What a cache holds and what would fit, read at each scrape."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from featurewatch import names
from featurewatch.measure.counter import Gauge
from featurewatch.measure.family import Family
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.owner import Owner

ENTRIES = Family(names.CACHE_ENTRIES, "gauge", "Entries kept now.")
CAPACITY = Family(names.CACHE_CAPACITY, "gauge", "Entries that fit.")
SIZE = Family(names.CACHE_SIZE, "gauge", "Bytes kept now.")
CAPACITY_BYTES = Family(names.CACHE_CAPACITY_BYTES, "gauge", "Bytes that fit.")
FILL = Family(names.CACHE_FILL, "gauge", "What is kept over what fits.", "max")
EFFICIENCY = Family(names.CACHE_EFFICIENCY, "gauge", "Hit ratio of the last five minutes times fill ratio.", "min")

EFFICIENCY_SECONDS = 300.0
REMEMBERED = 30


class CacheState(NamedTuple):
    """What a cache holds, as far as it is known; NaN where it is not, or where there is no limit."""

    entries: float = math.nan
    capacity: float = math.nan
    """In entries."""
    size_bytes: float = math.nan
    capacity_bytes: float = math.nan

    @property
    def fill_ratio(self) -> float:
        """By bytes where bytes are limited, else by entries."""
        by_bytes = _ratio(self.size_bytes, self.capacity_bytes)
        return _ratio(self.entries, self.capacity) if math.isnan(by_bytes) else by_bytes


UNKNOWN = CacheState()


class RecentHits:
    """The hit ratio of about the last five minutes, from totals that are looked at now and then."""

    def __init__(self, totals: Callable[[], tuple[float, float]], clock: Callable[[], float]) -> None:
        self._totals = totals
        self._clock = clock
        self.restart()
        restart_in_children(self)

    def restart(self) -> None:
        """Begin anew in a forked child, whose totals do so, too."""
        self._lock = threading.RLock()
        self._seen: deque[tuple[float, float, float]] = deque([(self._clock(), 0.0, 0.0)], maxlen=REMEMBERED)

    def ratio(self) -> float:
        """NaN as long as there was no look-up."""
        hits, misses = self._totals()
        with self._lock:
            now, seen = self._clock(), self._seen
            while len(seen) > 1 and seen[1][0] <= now - EFFICIENCY_SECONDS:
                seen.popleft()
            _, hits_then, misses_then = seen[0]
            if now - seen[-1][0] >= EFFICIENCY_SECONDS / (REMEMBERED - 2):
                seen.append((now, hits, misses))
        return _ratio(hits - hits_then, hits - hits_then + misses - misses_then)


def add_gauges(owner: Owner, state: Callable[[], CacheState], recent: RecentHits) -> None:
    """Export the state, and the ratios that follow from it. What cannot be read is NaN, and counted as trouble."""

    def safely(read: Callable[[], float]) -> Callable[[], float]:
        def reading() -> float:
            try:
                return float(read())
            except Exception as error:  # noqa: BLE001 - a scrape goes on without it
                owner.trouble(error)
                return math.nan

        return reading

    for family, read in (
        (ENTRIES, lambda: state().entries),
        (CAPACITY, lambda: state().capacity),
        (SIZE, lambda: state().size_bytes),
        (CAPACITY_BYTES, lambda: state().capacity_bytes),
        (FILL, lambda: state().fill_ratio),
        (EFFICIENCY, lambda: recent.ratio() * state().fill_ratio),
    ):
        owner.registry.add(family, Gauge(owner.labels, safely(read)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
