"""The monitor of one cache: hits, misses, latency, evictions, fill, and what warming is worth."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import Any, Literal, TypeVar, cast

from featurewatch import names
from featurewatch.measure.cache_state import UNKNOWN, CacheState, RecentHits, add_gauges
from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.histogram import DEFAULT_BUFFER, Histogram
from featurewatch.measure.labels import Labels
from featurewatch.measure.owner import Owner
from featurewatch.measure.registry import Registry

DURATION = Family(names.CACHE_OPERATION_DURATION, "histogram", "How long the cache took.")
LOOKUPS = Family(names.CACHE_LOOKUPS, "counter", "Keys that were looked up.")
EVICTIONS = Family(names.CACHE_EVICTIONS, "counter", "Entries that left the cache.")
WARMED = Family(names.CACHE_WARMED, "counter", "Entries that were put there by warming.")
WARMED_USED = Family(names.CACHE_WARMED_USED, "counter", "Entries put there by warming that were hit at least once.")

Operation = Literal["get", "get_many", "set", "delete", "clear", "pipeline", "other"]
Result = Literal["hit", "miss", "ok", "error"]
Reason = Literal["capacity", "expired", "deleted", "cleared"]

MOST_WARMED = 10_000
"""Warmed entries whose first hit is waited for; warming beyond that is not counted."""

C = TypeVar("C")
G = TypeVar("G", bound=Callable[..., Any])
S = TypeVar("S", bound=Callable[..., Any])


class CacheMonitor:
    """Measures one cache of one service.

        cache = monitor.watch(TTLCache(1000, 60))       cachetools, in place: same object, still a TTLCache
        client = monitor.watch(redis.Redis())           redis-py, sync or asyncio, in place; also its pipelines
        get, put = monitor.pair(get, put)               any pair of functions, also coroutine functions
        with monitor.warming(): ...                     what is put in here was put in by warming

    The cache behaves as before, also when featurewatch fails. Keys and values never leave the process.

    Args:
        cache: its name, the label `cache`; at most 200 characters.
        service: the service it belongs to, the label `service`.
        registry: where its series are exported from. DuplicateSeries when it has a cache of this name already.
        state: what it holds now; needed with `pair` only.
        native: also keep exponential buckets, as `ExtractionMonitor` does.
        buffer: durations kept per series before they are folded.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        cache: str,
        *,
        service: str,
        registry: Registry,
        state: Callable[[], CacheState] | None = None,
        native: bool = False,
        buffer: int = DEFAULT_BUFFER,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.owner = owner = Owner(
            names.CACHE_NAME, cache, service=service, registry=registry, capacity=buffer, native=native
        )
        self.clock = clock
        self.state: Callable[[], CacheState] = state or (lambda: UNKNOWN)
        self._series: dict[tuple[str, str], Histogram] = {}
        self._lookups = {
            result: Lookups((*owner.labels, (names.RESULT, result)), self.series("get", result))
            for result in ("hit", "miss")
        }
        for lookups in self._lookups.values():
            registry.add(LOOKUPS, lookups)
        self.series("set", "ok")
        self._evictions = {
            reason: owner.counter(EVICTIONS, (names.REASON, reason))
            for reason in ("capacity", "expired", "deleted", "cleared")
        }
        self._warming: ContextVar[bool] = ContextVar("featurewatch_warming", default=False)
        self.warmed: dict[Hashable, None] = {}
        self._warmed_count, self._warmed_used = owner.counter(WARMED), owner.counter(WARMED_USED)
        recent = RecentHits(lambda: (self._lookups["hit"].read(), self._lookups["miss"].read()), clock)
        add_gauges(owner, lambda: self.state(), recent)
        restart_in_children(self)

    def watch(self, cache: C) -> C:
        """Measure a cachetools cache or a Redis client from now on; the same object comes back.

        A cachetools cache becomes an instance of a subclass of its class. Its users' lock stays theirs. TypeError for
        what is neither: use `pair`. ValueError for a cache that is watched already.
        """
        if getattr(cache, "_featurewatch", False):
            raise ValueError(f"{type(cache).__name__} is watched already: one monitor per cache")
        kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(cache).__mro__}
        if "cachetools.Cache" in kinds:
            from featurewatch.measure.cache_cachetools import watch_cachetools

            watch_cachetools(self, cache)
        elif kinds & {"redis.Redis", "redis.RedisCluster"}:
            from featurewatch.measure.cache_redis import watch_redis

            watch_redis(self, cache)
        else:
            raise TypeError(
                f"{type(cache).__name__} is neither a cachetools cache nor a Redis client: "
                "wrap its functions with `get, put = monitor.pair(get, put)`"
            )
        return cache

    def pair(self, get: G, put: S, *, missing: object = None) -> tuple[G, S]:
        """Measure a pair of functions: `get(key, …)`, which returns `missing` on a miss, and `put(key, value, …)`.

        A KeyError of `get` is a miss, too. Any other exception is `result="error"` and goes on to the caller.
        """
        return cast("G", self._measured(get, "get", missing)), cast("S", self._measured(put, "set", missing))

    @contextmanager
    def warming(self) -> Iterator[None]:
        """What this thread and task puts into the cache within the block counts as warmed."""
        token = self._warming.set(True)
        try:
            yield
        finally:
            self._warming.reset(token)

    # --- for the wrappers: none of these raises ---------------------------------------------------------------------

    def done(self, operation: Operation, result: Result, started: float) -> None:
        """An operation has ended that began at `started` by the monitor's clock."""
        try:
            histogram = self._series.get((operation, result)) or self.series(operation, result)
            histogram.append(self.clock() - started)
            if len(histogram.buffer) >= histogram.capacity:
                histogram.fold()
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self.owner.trouble(error)

    def looked_up(self, hits: int, misses: int) -> None:
        """Keys that were looked up several at once."""
        self._lookups["hit"].extra.add(hits)
        self._lookups["miss"].extra.add(misses)

    def evicted(self, reason: Reason, count: int = 1) -> None:
        if count > 0:
            self._evictions[reason].add(count)

    def hit(self, key: Hashable) -> None:
        """The key was found: if it was warmed, warming was worth it."""
        if self.warmed:
            self._take(key, self._warmed_used)

    def put(self, key: Hashable) -> None:
        try:
            if self._warming.get():
                if len(self.warmed) < MOST_WARMED and key not in self.warmed:
                    self.warmed[key] = None
                    self._warmed_count.add()
            elif self.warmed:
                self._take(key, None)
        except Exception as error:  # noqa: BLE001 - a key that cannot be hashed
            self.owner.trouble(error)

    def gone(self, key: Hashable) -> None:
        if self.warmed:
            self._take(key, None)

    def _take(self, key: Hashable, counter: Counter | None) -> None:
        try:
            if self.warmed.pop(key, self) is None and counter is not None:
                counter.add()
        except Exception as error:  # noqa: BLE001 - a key that cannot be hashed
            self.owner.trouble(error)

    def series(self, operation: str, result: str) -> Histogram:
        """The histogram of an operation with this result, made when it first occurs."""
        made = self.owner.registry.shared(
            DURATION,
            (*self.owner.labels, (names.OPERATION, operation), (names.RESULT, result)),
            lambda labels: self.owner.unregistered(labels, names.CACHE_EDGES_SECONDS),
        )
        self._series[operation, result] = made
        return made

    def restart(self) -> None:
        """Forget in a forked child what the parent has warmed; the series are restarted by their registry."""
        self.warmed.clear()

    def _measured(self, function: Callable[..., Any], operation: Operation, missing: object) -> Callable[..., Any]:
        def returned(arguments: tuple[Any, ...], value: object, started: float) -> None:
            key = arguments[0] if arguments else None
            if operation == "set":
                self.done("set", "ok", started)
                self.put(key)
            elif value is missing:
                self.done("get", "miss", started)
            else:
                self.done("get", "hit", started)
                self.hit(key)

        def raised(error: BaseException, started: float) -> None:
            self.done(operation, "miss" if operation == "get" and isinstance(error, KeyError) else "error", started)

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def measured_async(*arguments: Any, **keywords: Any) -> Any:
                started = self.clock()
                try:
                    value = await function(*arguments, **keywords)
                except BaseException as error:
                    raised(error, started)
                    raise
                returned(arguments, value, started)
                return value

            return measured_async

        @wraps(function)
        def measured(*arguments: Any, **keywords: Any) -> Any:
            started = self.clock()
            try:
                value = function(*arguments, **keywords)
            except BaseException as error:
                raised(error, started)
                raise
            returned(arguments, value, started)
            return value

        return measured


class Lookups:
    """Look-ups with one result: those of single keys are the samples of a histogram, so they need no counting."""

    def __init__(self, labels: Labels, single: Histogram) -> None:
        self.labels = labels
        self.extra = Counter(labels)
        self._single = single

    def read(self) -> float:
        return self._single.read().cumulative[-1] + self.extra.read()

    def restart(self) -> None:
        self.extra.restart()
