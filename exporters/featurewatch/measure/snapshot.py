"""The last window of one extractor, in the process itself: for services that adapt to their own latency."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from featurewatch import names
from featurewatch.measure.histogram import Histogram
from featurewatch.measure.native import FIRST_INDEX, edges
from featurewatch.measure.window import Slice, Window


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the extractions of the last window were like.

    Durations are in seconds and over the successful extractions, as for the objectives: fast failures do not improve
    them. Ratios lie between 0 and 1. Extractions are those that succeeded or failed; cancelled ones stand apart.
    Quantiles are known to 2.2 %, all else is exact. What cannot be said (a mean of nothing) is NaN, which compares as
    false: `snapshot.p95_seconds > 0.1` holds only for what was measured.
    """

    at: datetime
    """UTC."""
    window_seconds: float
    """The time that this covers; shorter than the window while the monitor is young."""
    extractions: int
    total_seconds: float
    mean_seconds: float
    p95_seconds: float
    p99_seconds: float
    max_seconds: float
    min_seconds: float
    cache_hits: int
    cache_misses: int
    """Extractions that succeeded without the cache."""
    cache_hit_ratio: float
    fallbacks: int
    fallback_ratio: float
    errors: int
    error_ratio: float
    cancelled: int
    extractions_per_second: float
    cpu_cores: float
    """Processor time of this process, all threads, per second since the snapshot before: 1.0 is one core in full."""
    memory_bytes: float
    """Resident memory of this process; NaN where there is no /proc."""


class Snapshots:
    """The windows of one monitor's series."""

    def __init__(
        self,
        histograms: Mapping[tuple[str, str], Histogram],
        windows: Mapping[tuple[str, str], Window],
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._histograms = histograms
        self._windows = windows
        self._clock = clock
        self._now = now
        self._processor = (clock(), time.process_time())

    def take(self) -> Snapshot:
        for histogram in self._histograms.values():
            histogram.read()
        window_seconds = next(iter(self._windows.values())).covered()
        by_series = {key: window.merged() for key, window in self._windows.items()}
        success = Slice(0)
        for (_, outcome), part in by_series.items():
            if outcome == names.SUCCESS:
                success.merge(part)
        errors = by_series[names.NOWHERE, names.ERROR].count
        hits = by_series[names.CACHE, names.SUCCESS].count
        fallbacks = by_series[names.FALLBACK, names.SUCCESS].count
        extractions = success.count + errors
        return Snapshot(
            at=self._now(),
            window_seconds=window_seconds,
            extractions=extractions,
            total_seconds=success.sum,
            mean_seconds=_ratio(success.sum, success.count),
            p95_seconds=quantile(success, 0.95),
            p99_seconds=quantile(success, 0.99),
            max_seconds=success.longest if success.count else math.nan,
            min_seconds=success.shortest if success.count else math.nan,
            cache_hits=hits,
            cache_misses=success.count - hits,
            cache_hit_ratio=_ratio(hits, success.count),
            fallbacks=fallbacks,
            fallback_ratio=_ratio(fallbacks, success.count),
            errors=errors,
            error_ratio=_ratio(errors, extractions),
            cancelled=by_series[names.NOWHERE, names.CANCELLED].count,
            extractions_per_second=_ratio(extractions, window_seconds),
            cpu_cores=self._cpu_cores(),
            memory_bytes=resident_bytes(),
        )

    def _cpu_cores(self) -> float:
        now, used = self._clock(), time.process_time()
        before, used_before = self._processor
        self._processor = (now, used)
        return _ratio(used - used_before, now - before)


def quantile(of: Slice, share: float) -> float:
    """The value that `share` of the samples do not exceed: the exponential bucket's middle, within the extremes."""
    if not of.count:
        return math.nan
    wanted, seen = share * of.count, 0
    uppers = edges()
    for index, count in sorted(of.buckets.items()):
        seen += count
        if seen >= wanted:
            position = min(index - FIRST_INDEX, len(uppers) - 1)
            middle = uppers[position] / 2 ** (1 / 32)
            return min(max(middle, of.shortest), of.longest)
    return of.longest


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> float:
    """Memory of this process that is really there."""
    try:
        import resource

        return int(statm.read_text().split()[1]) * float(resource.getpagesize())
    except (OSError, ValueError, IndexError, ImportError):
        return math.nan


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
