"""A watched cachetools cache behaves as before, and says how it is used."""

from __future__ import annotations

import asyncio
import copy
import math
import os
import pickle
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import cachetools
import pytest
from cachetools import FIFOCache, LFUCache, LRUCache, RRCache, TTLCache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter
from tests.exposed import exposed, parsed_openmetrics, value

from featurewatch import CacheMonitor, DuplicateSeries, Registry, names
from featurewatch.measure.cache_state import CacheState


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(cache: Any, clock: Callable[[], float] = perf_counter) -> tuple[Registry, CacheMonitor]:
    registry = Registry()
    monitor = CacheMonitor("features", service="s", registry=registry, clock=clock)
    assert monitor.watch(cache) is cache
    return registry, monitor


def lookups(registry: Registry) -> tuple[float, float]:
    return value(registry, names.CACHE_LOOKUPS, result="hit"), value(registry, names.CACHE_LOOKUPS, result="miss")


def evictions(registry: Registry) -> dict[str, float]:
    reasons = ("capacity", "expired", "deleted", "cleared")
    return {reason: value(registry, names.CACHE_EVICTIONS, reason=reason) for reason in reasons}


def operations(registry: Registry, operation: str, result: str) -> float:
    return value(registry, names.CACHE_OPERATION_DURATION + "_count", operation=operation, result=result)


@pytest.mark.parametrize("kind", [LRUCache, LFUCache, FIFOCache, RRCache, lambda size: TTLCache(size, 60)])
def test_hits_misses_sets_and_evictions_of_every_kind_of_cache(kind: Callable[[int], Any]) -> None:
    cache = kind(2)
    plain = type(cache)
    registry, _ = watched(cache)
    assert isinstance(cache, plain)
    cache["a"], cache["b"] = 1, 2
    assert (cache["a"], cache.get("b"), cache.get("c"), cache.get("c", 7)) == (1, 2, None, 7)
    with pytest.raises(KeyError):
        cache["d"]
    cache["c"] = 3
    assert len(cache) == 2
    assert lookups(registry) == (2, 3)
    assert operations(registry, "set", "ok") == 3
    assert evictions(registry) == {"capacity": 1, "expired": 0, "deleted": 0, "cleared": 0}
    cache.clear()
    assert evictions(registry)["cleared"] == 2
    assert value(registry, names.CACHE_ENTRIES) == 0
    assert value(registry, names.INTERNAL_ERRORS) == 0


def test_entries_that_are_too_old_are_misses_and_leave_as_expired() -> None:
    time = Clock()
    cache: TTLCache[str, int] = TTLCache(10, 60, timer=time)
    registry, _ = watched(cache)
    cache["a"] = cache["b"] = 1
    time.now += 60
    assert cache.get("a") is None
    assert value(registry, names.CACHE_ENTRIES) == 2  # a scrape only looks: what has expired stays until it is swept
    cache["c"] = 1
    assert evictions(registry) == {"capacity": 0, "expired": 2, "deleted": 0, "cleared": 0}
    assert value(registry, names.CACHE_ENTRIES) == 1
    assert lookups(registry) == (0, 1)


def test_every_way_to_take_something_out_is_a_deletion() -> None:
    cache: LRUCache[str, int] = LRUCache(10)
    registry, _ = watched(cache)
    for key in "abc":
        cache[key] = 1
    del cache["a"]
    assert cache.pop("b") == 1
    assert cache.popitem() == ("c", 1)
    assert cache.pop("x", None) is None
    for wrong in (lambda: cache.pop("x"), lambda: cache.__delitem__("x"), cache.popitem):
        with pytest.raises(KeyError):
            wrong()
    assert evictions(registry) == {"capacity": 0, "expired": 0, "deleted": 3, "cleared": 0}
    assert operations(registry, "delete", "error") == 2
    assert lookups(registry) == (0, 0)


def test_setdefault_is_an_insertion_and_no_look_up() -> None:
    cache: LRUCache[str, int] = LRUCache(10)
    registry, _ = watched(cache)
    assert cache.setdefault("a", 5) == 5
    assert cache.setdefault("a", 6) == 5
    assert lookups(registry) == (0, 0)
    assert operations(registry, "set", "ok") == 2


def test_a_cache_that_computes_what_is_missing_has_missed() -> None:
    class Computing(LRUCache[int, int]):
        def __missing__(self, key: int) -> int:
            self[key] = key * 2
            return key * 2

    cache = Computing(10)
    registry, _ = watched(cache)
    assert (cache[2], cache[2]) == (4, 4)
    assert lookups(registry) == (1, 1)


def test_the_decorator_of_cachetools_goes_through_a_watched_cache() -> None:
    cache: TTLCache[Any, int] = TTLCache(10, 60)
    registry, _ = watched(cache)

    @cachetools.cached(cache, lock=threading.Lock())
    def double(number: int) -> int:
        return number * 2

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert lookups(registry) == (1, 2)


def test_fill_and_efficiency_follow_the_definitions() -> None:
    cache: LRUCache[int, int] = LRUCache(8)
    registry, _ = watched(cache)
    assert math.isnan(value(registry, names.CACHE_EFFICIENCY))
    for number in range(6):
        cache[number] = number
    for number in range(8):
        cache.get(number)
    assert value(registry, names.CACHE_FILL) == 0.75
    assert value(registry, names.CACHE_EFFICIENCY) == 0.75 * 0.75
    assert value(registry, names.CACHE_CAPACITY) == 8


def test_the_efficiency_forgets_look_ups_of_more_than_five_minutes_ago() -> None:
    clock = Clock()
    cache: LRUCache[int, int] = LRUCache(1)
    registry, _ = watched(cache, clock)
    for _ in range(50):
        cache.get(1)
    cache[1] = 1
    for _ in range(80):
        clock.now += 10
        cache.get(1)
        seen = value(registry, names.CACHE_EFFICIENCY)
    assert seen == 1


def test_a_cache_that_measures_its_values_is_full_by_bytes() -> None:
    cache: LRUCache[str, bytes] = LRUCache(100, getsizeof=len)
    registry, _ = watched(cache)
    cache["a"] = b"x" * 40
    assert value(registry, names.CACHE_SIZE) == 40
    assert value(registry, names.CACHE_CAPACITY_BYTES) == 100
    assert value(registry, names.CACHE_FILL) == 0.4
    assert value(registry, names.CACHE_ENTRIES) == 1
    assert math.isnan(value(registry, names.CACHE_CAPACITY))


def test_warming_is_worth_the_warmed_entries_that_were_hit() -> None:
    cache: LRUCache[str, int] = LRUCache(4)
    registry, monitor = watched(cache)
    with monitor.warming():
        for key in "abcd":
            cache[key] = 1
    cache["e"] = 1  # pushes out `a`
    for key in "abbce":
        cache.get(key)
    cache["d"] = 2  # replaced by one that was not warmed
    cache.get("d")
    assert value(registry, names.CACHE_WARMED) == 4
    assert value(registry, names.CACHE_WARMED_USED) == 2


def test_a_copy_and_a_pickle_are_plain_and_are_not_watched() -> None:
    cache: LRUCache[str, int] = LRUCache(4)
    registry, _ = watched(cache)
    cache["a"] = 1
    for other in (pickle.loads(pickle.dumps(cache)), copy.copy(cache)):
        assert type(other) is LRUCache
        assert other["a"] == 1
    assert lookups(registry) == (0, 0)


def test_what_cannot_be_watched_is_refused_with_a_remedy() -> None:
    registry, monitor = watched(LRUCache(1))
    with pytest.raises(TypeError, match=r"monitor\.pair"):
        monitor.watch({})
    cache: LRUCache[str, int] = LRUCache(1)
    CacheMonitor("other", service="s", registry=registry).watch(cache)
    with pytest.raises(ValueError, match="watched already"):
        monitor.watch(cache)
    with pytest.raises(DuplicateSeries):
        CacheMonitor("features", service="s", registry=registry)
    with pytest.raises(ValueError, match="cache must not be empty"):
        CacheMonitor(" ", service="s", registry=registry)


def test_an_error_inside_never_reaches_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    cache: LRUCache[str, int] = LRUCache(1)
    registry = Registry()
    monitor = CacheMonitor("features", service="s", registry=registry, state=lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    get, put = monitor.pair(cache.get, cache.__setitem__)
    put("a", 1)
    assert get("a") == 1
    assert math.isnan(value(registry, names.CACHE_ENTRIES))
    assert value(registry, names.INTERNAL_ERRORS) > 0
    assert sum("goes on" in record.message for record in caplog.records) == 1


def test_a_pair_of_functions_is_measured_and_an_error_goes_on() -> None:
    kept: dict[str, int] = {}
    registry = Registry()
    state = CacheState(entries=1, capacity=4)
    monitor = CacheMonitor("features", service="s", registry=registry, state=lambda: state)

    def get(key: str) -> int | None:
        if key == "broken":
            raise TimeoutError
        return kept[key]

    def put(key: str, number: int) -> None:
        kept[key] = number

    read, write = monitor.pair(get, put)
    write("a", 1)
    assert read("a") == 1
    with pytest.raises(KeyError):
        read("b")
    with pytest.raises(TimeoutError):
        read("broken")
    assert lookups(registry) == (1, 1)
    assert operations(registry, "get", "error") == 1
    assert value(registry, names.CACHE_FILL) == 0.25


def test_a_pair_of_coroutine_functions_is_timed_to_its_end() -> None:
    registry = Registry()
    monitor = CacheMonitor("features", service="s", registry=registry)

    async def get(key: str) -> str | None:
        await asyncio.sleep(0.05)
        return key if key == "a" else None

    async def put(key: str, text: str) -> None:
        await asyncio.sleep(0)

    async def use() -> None:
        read, write = monitor.pair(get, put)
        await write("a", "b")
        assert [await read("a"), await read("b")] == ["a", None]

    asyncio.run(use())
    assert lookups(registry) == (1, 1)
    assert value(registry, names.CACHE_OPERATION_DURATION + "_sum", operation="get", result="hit") >= 0.045


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from("gsdpc"), st.integers(0, 12)), max_size=200))
def test_counts_equal_those_of_prometheus_client_fed_by_hand(steps: list[tuple[str, int]]) -> None:
    cache: LRUCache[int, int] = LRUCache(5)
    twin: LRUCache[int, int] = LRUCache(5)
    registry, _ = watched(cache)
    theirs = CollectorRegistry()
    counter = Counter("lookups", "L.", ["result"], registry=theirs)
    left = Counter("left", "L.", ["reason"], registry=theirs)
    for step, key in steps:
        if step == "g":
            counter.labels("hit" if key in twin else "miss").inc()
            assert cache.get(key) == twin.get(key)
        elif step == "s":
            if key not in twin and len(twin) == 5:
                left.labels("capacity").inc()
            cache[key] = twin[key] = key
        elif step == "d":
            if key in twin:
                left.labels("deleted").inc()
                del twin[key], cache[key]
        elif step == "p":
            if key in twin:
                left.labels("deleted").inc()
            assert cache.pop(key, -1) == twin.pop(key, -1)
        elif key == 0:
            left.labels("cleared").inc(len(twin))
            cache.clear()
            twin.clear()
    assert dict(cache) == dict(twin)
    for result in ("hit", "miss"):
        expected = theirs.get_sample_value("lookups_total", {"result": result}) or 0
        # `dict(cache)` above has looked up each entry once more.
        assert value(registry, names.CACHE_LOOKUPS, result=result) == expected + (len(twin) if result == "hit" else 0)
    for reason, count in evictions(registry).items():
        assert count == (theirs.get_sample_value("left_total", {"reason": reason}) or 0)


def test_threads_that_share_a_watched_cache_lose_no_count() -> None:
    cache: LRUCache[int, int] = LRUCache(50)
    registry, _ = watched(cache)
    lock = threading.Lock()

    def work() -> None:
        for number in range(3000):
            with lock:
                if cache.get(number % 60) is None:
                    cache[number % 60] = 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hits, misses = lookups(registry)
    assert hits + misses == 18_000
    assert operations(registry, "set", "ok") == misses
    assert evictions(registry)["capacity"] == misses - 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_counts_its_own_look_ups() -> None:
    cache: LRUCache[int, int] = LRUCache(5)
    registry, monitor = watched(cache)
    with monitor.warming():
        cache[1] = 1
    cache.get(1)
    child = os.fork()
    if child == 0:
        cache.get(1)
        os._exit(0 if lookups(registry) == (1, 0) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert lookups(registry) == (1, 0)


def test_the_exposition_is_valid_and_holds_no_key() -> None:
    cache: LRUCache[str, str] = LRUCache(5)
    registry, _ = watched(cache)
    cache["secret"] = "secret"
    types = parsed_openmetrics(registry)
    assert types[names.CACHE_OPERATION_DURATION] == "histogram"
    assert types[names.CACHE_FILL] == "gauge"
    assert "secret" not in str(list(exposed(registry)))
