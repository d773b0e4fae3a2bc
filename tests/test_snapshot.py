"""The last window of an extractor in its own process, against numbers by NumPy."""

from __future__ import annotations

import math
import os
import random
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurewatch import ExtractionMonitor, Registry
from featurewatch.measure.window import SLICES, Window


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def windowed(clock: Clock, window: float = 60.0, buffer: int = 256) -> ExtractionMonitor:
    return ExtractionMonitor("e", service="s", registry=Registry(), window=window, clock=clock, buffer=buffer)


def test_the_snapshot_holds_the_figures_of_its_window() -> None:
    clock = Clock()
    monitor = windowed(clock)
    for seconds in (0.1, 0.2, 0.3):
        monitor.record(seconds)
    monitor.record(0.002, served_from="cache")
    monitor.record(0.01, served_from="fallback")
    monitor.record(5.0, error=TimeoutError)
    clock.now += 30
    seen = monitor.snapshot()
    assert (seen.extractions, seen.cache_hits, seen.cache_misses, seen.fallbacks, seen.errors) == (6, 1, 4, 1, 1)
    assert seen.total_seconds == pytest.approx(0.612)
    assert seen.mean_seconds == pytest.approx(0.1224)
    assert (seen.min_seconds, seen.max_seconds) == (0.002, 0.3)
    assert (seen.cache_hit_ratio, seen.fallback_ratio, seen.error_ratio) == (0.2, 0.2, 1 / 6)
    assert seen.window_seconds == 30
    assert seen.extractions_per_second == 0.2
    assert seen.memory_bytes > 1e6
    assert datetime.now(UTC) - seen.at < timedelta(minutes=1)


def test_nothing_measured_is_not_slow_and_not_without_hits() -> None:
    clock = Clock()
    monitor = windowed(clock)
    clock.now += 1
    seen = monitor.snapshot()
    assert math.isnan(seen.p95_seconds)
    assert math.isnan(seen.cache_hit_ratio)
    assert seen.extractions == seen.extractions_per_second == 0


def test_what_is_older_than_the_window_is_forgotten() -> None:
    clock = Clock()
    monitor = windowed(clock, buffer=1)
    for _ in range(10):
        monitor.record(9.0)
    clock.now += 61
    monitor.record(0.1)
    clock.now += 1
    seen = monitor.snapshot()
    assert (seen.extractions, seen.max_seconds) == (1, 0.1)
    assert 55 <= seen.window_seconds <= 60


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.integers(1, 3000), st.sampled_from([0.3, 0.5, 1.5]))
def test_quantiles_lie_within_a_bucket_of_those_of_numpy(seed: int, count: int, sigma: float) -> None:
    draw = random.Random(seed)
    samples = [draw.lognormvariate(-2.3, sigma) for _ in range(count)]
    clock = Clock()
    monitor = windowed(clock)
    for sample in samples:
        monitor.record(sample)
    seen = monitor.snapshot()
    for share, found in ((95, seen.p95_seconds), (99, seen.p99_seconds)):
        assert found == pytest.approx(float(np.percentile(samples, share, method="inverted_cdf")), rel=0.0221)
    assert (seen.min_seconds, seen.max_seconds) == (min(samples), max(samples))
    assert seen.mean_seconds == pytest.approx(float(np.mean(samples)), rel=1e-12)
    assert seen.extractions == count


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 20), st.lists(st.floats(0, 5), max_size=30)), max_size=60))
def test_a_window_never_loses_or_doubles_what_it_covers(folds: list[tuple[float, list[float]]]) -> None:
    clock = Clock()
    window = Window(60.0, clock, _fails)
    sizes = []
    for pause, samples in folds:
        clock.now += pause
        window.add(list(samples))
        sizes.append((clock.now, len(samples)))
        assert len(window._slices) <= SLICES + 1
    everything = sum(size for _, size in sizes)
    merged = window.merged().count
    assert merged <= everything
    if clock.now - 1000.0 <= 50:
        assert merged == everything


def _fails(error: BaseException) -> None:
    raise error


def test_a_long_silence_before_a_fold_spreads_its_samples_over_that_time() -> None:
    clock = Clock()
    monitor = windowed(clock)
    for _ in range(120):
        clock.now += 1
        monitor.record(0.1)
    seen = monitor.snapshot()
    assert seen.extractions_per_second == pytest.approx(1.0, rel=0.1)


def test_snapshots_fit_the_counters_with_threads_at_work() -> None:
    monitor = ExtractionMonitor("e", service="s", registry=Registry(), window=3600, buffer=16)

    def work() -> None:
        for _ in range(5000):
            monitor.record(0.1, served_from="cache")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    counts = []
    while any(thread.is_alive() for thread in threads):
        counts.append(monitor.snapshot().cache_hits)
    for thread in threads:
        thread.join()
    assert monitor.snapshot().cache_hits == 20_000
    assert counts == sorted(counts)


def test_refused_durations_are_not_in_the_window() -> None:
    monitor = windowed(Clock())
    for wrong in (math.nan, -1.0, math.inf, "x"):
        monitor.record(wrong)  # type: ignore[arg-type]
    monitor.record(0.5)
    seen = monitor.snapshot()
    assert (seen.extractions, seen.total_seconds) == (1, 0.5)


def test_a_snapshot_without_a_window_says_how_to_have_one() -> None:
    monitor = ExtractionMonitor("e", service="s", registry=Registry())
    with pytest.raises(ValueError, match="window=60"):
        monitor.snapshot()
    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="window must be"):
            ExtractionMonitor("f", service="s", registry=Registry(), window=wrong)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_begins_with_an_empty_window() -> None:
    monitor = windowed(Clock())
    monitor.record(0.1)
    monitor.snapshot()
    child = os.fork()
    if child == 0:
        monitor.record(0.1)
        os._exit(0 if monitor.snapshot().extractions == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert monitor.snapshot().extractions == 1
