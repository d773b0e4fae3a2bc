# ruff: noqa: ARG001, ARG002 - all variants take the same arguments, used or not, so that calling them costs the same
"""What the further kinds of instrumentation cost: stages, caches, batches, and what a monitor can do besides."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import featurewatch
from featurewatch.bench.rounds import Call, Inputs, interleaved, median_ratio, nanoseconds_per_call, over, seconds
from featurewatch.bench.verdict import Row
from featurewatch.measure.observer import Ended, Work

BARE, FLOOR = "bare call", "floor"
PLAIN_CACHE = "plain cache"
WINDOW = "@measure with window=60"
OBSERVED = "@measure with an observer that does nothing"
STAGE = "with stage()"
CACHE = "watched cachetools cache, a hit"
PAIR = "monitor.pair() around a dictionary, a hit"
BATCH = "with batches.begin(size, waited=)"
INPUT = "saw_input(seconds)"

GOALS = {WINDOW: 3.5, STAGE: 4.5, CACHE: 6.5, PAIR: 6.5, BATCH: 26.0, INPUT: 11.0}
"""Times the floor."""


class Silent:
    def begin(self, work: Work, /) -> object:
        return None

    def end(self, begun: object, work: Work, ended: Ended, /) -> None:
        return None


def variants(kept: list[float]) -> dict[str, Call]:
    """Each kind around the same bare call; `kept` is where the floor appends."""
    registry = featurewatch.Registry()
    monitor = featurewatch.ExtractionMonitor("kinds", service="bench", registry=registry)
    windowed = featurewatch.ExtractionMonitor("windowed", service="bench", registry=registry, window=60)
    observed = featurewatch.ExtractionMonitor("observed", service="bench", registry=registry, observers=[Silent()])
    batches = featurewatch.BatchMonitor("batches", service="bench", registry=registry, capacity=64)
    table = {"compute": 1.0, "cache": 1.0, "fallback": 1.0}
    get, _ = featurewatch.CacheMonitor("pair", service="bench", registry=registry).pair(table.get, table.__setitem__)
    append, stage, begin, saw_input = kept.append, monitor.stage, batches.begin, monitor.saw_input

    def bare(value: float, source: str, error: str | None) -> float:
        return value

    def floor(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        append(perf_counter() - started)
        return result

    @windowed.measure
    def in_window(value: float, source: str, error: str | None) -> float:
        return value

    @observed.measure
    def with_observer(value: float, source: str, error: str | None) -> float:
        return value

    def in_stage(value: float, source: str, error: str | None) -> float:
        with stage("fetch"):
            return value

    def pair_hit(value: float, source: str, error: str | None) -> float | None:
        return get(source)

    def batch(value: float, source: str, error: str | None) -> float:
        with begin(32, waited=value):
            return value

    def fresh(value: float, source: str, error: str | None) -> float:
        saw_input(value)
        return value

    return {
        BARE: bare,
        FLOOR: floor,
        WINDOW: in_window,
        OBSERVED: with_observer,
        STAGE: in_stage,
        PAIR: pair_hit,
        BATCH: batch,
        INPUT: fresh,
        **cache_variants(registry),
    }


def cache_variants(registry: featurewatch.Registry) -> dict[str, Call]:
    """A hit in the same cache, watched and not; left out where cachetools is not installed."""
    try:
        from cachetools import LRUCache
    except ImportError:
        return {}
    plain: LRUCache[str, float] = LRUCache(16)
    watched: LRUCache[str, float] = LRUCache(16)
    featurewatch.CacheMonitor("watched", service="bench", registry=registry).watch(watched)
    for source in ("compute", "cache", "fallback"):
        plain[source] = watched[source] = 1.0
    plain_get, watched_get = plain.get, watched.get

    def plain_hit(value: float, source: str, error: str | None) -> float | None:
        return plain_get(source)

    def watched_hit(value: float, source: str, error: str | None) -> float | None:
        return watched_get(source)

    return {PLAIN_CACHE: plain_hit, CACHE: watched_hit}


def kind_rows(inputs: Inputs, rounds: int) -> list[Row]:
    """Cost over the bare call (of a cache: over the same cache unwatched), as a multiple of the floor's."""
    kept: list[float] = []
    times = nanoseconds_per_call(variants(kept), inputs, rounds, before_each=kept.clear)
    floor = over(times, FLOOR, BARE)
    rows = []
    for name in (name for name in times if name not in (BARE, FLOOR, PLAIN_CACHE)):
        cost = over(times, name, PLAIN_CACHE if name == CACHE else BARE)
        rows.append(Row(name, median_ratio(cost, floor), "x floor", f"{median(cost):.0f} ns", GOALS.get(name)))
    return [*rows, *snapshot_rows(rounds)]


def snapshot_rows(rounds: int) -> list[Row]:
    """One snapshot of a window that is full of samples."""
    monitor = featurewatch.ExtractionMonitor("full", service="bench", registry=featurewatch.Registry(), window=60)
    for number in range(20_000):
        monitor.record(0.01 + number % 997 / 5000, served_from="cache" if number % 2 else "compute")
    took = interleaved({"snapshot": seconds(monitor.snapshot)}, max(5, rounds))
    return [Row("monitor.snapshot()", median(took["snapshot"]) * 1e6, "us", "20,000 samples in the window", 200.0)]
