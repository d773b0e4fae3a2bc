"""The monitor of batches: their size, wait, duration, utilisation, throughput and errors."""

from __future__ import annotations

import functools
import inspect
import logging
import math
import threading
from collections.abc import Callable, Iterable
from time import perf_counter
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from featurewatch import names
from featurewatch.measure.counter import Counter, Gauge
from featurewatch.measure.errors import ErrorTypes, error_type, is_cancellation
from featurewatch.measure.family import Family
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.histogram import DEFAULT_BUFFER, Histogram, checked_edges
from featurewatch.measure.owner import Owner
from featurewatch.measure.registry import Registry

log = logging.getLogger("featurewatch")

DURATION = Family(names.BATCH_DURATION, "histogram", "Time from the start of a batch to its end.")
SIZE = Family(names.BATCH_SIZE, "histogram", "Items per batch.")
WAIT = Family(names.BATCH_WAIT, "histogram", "How long items waited for their batch to begin.")
UTILISATION = Family(names.BATCH_UTILISATION, "histogram", "Items over the most that fit into a batch.")
CAPACITY = Family(names.BATCH_CAPACITY, "gauge", "Items that fit into a batch.", "max")
ERRORS = Family(names.BATCH_ERRORS, "counter", "Failed batches by type of error.")
IN_PROGRESS = Family(names.BATCHES_IN_PROGRESS, "gauge", "Batches that have begun, and neither ended nor been reaped.")
REAPED = Family(names.BATCHES_REAPED, "counter", "Batches that had not ended after the longest time they were given.")

LATE = "late"
"""The outcome of a batch that ended after it had been reaped."""

MOST_LATE = 1000
"""Reaped batches that are remembered, so that they can still end as `late`."""

F = TypeVar("F", bound=Callable[..., Any])


class Batch:
    """One batch while it runs. End it by leaving its `with` block (or `async with`), or by `end()`; once is enough."""

    __slots__ = ("_monitor", "size", "started")

    def __init__(self, monitor: BatchMonitor, size: int, started: float) -> None:
        self._monitor = monitor
        self.size = size
        self.started = started

    def end(self, error: str | BaseException | type[BaseException] | None = None) -> None:
        """It has ended; with `error` (itself, its class or a word) as a failed one. A second end is ignored."""
        self._monitor._ended(self, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end(error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end(error)


class BatchMonitor:
    """Measures one kind of batch of one service; any number of them may run at once, in threads and tasks.

        with monitor.begin(len(items), waited=seconds_each): ...
        batch = monitor.begin(32); …; batch.end()               where begin and end lie apart
        @monitor.measure                                        a function (or coroutine function) of a list of items

    A batch that has not ended after `longest` seconds is reaped: counted in `featurewatch_batches_reaped_total`, no
    longer in progress, and logged once. Should it end after all, its outcome is `late`. So at any time, batches begun =
    success + error + cancelled + in progress + reaped. Reaping happens when a batch begins and at each scrape; it needs
    no thread.

    Args:
        batch: the name of this kind of batch, the label `batch`.
        service: the service it belongs to, the label `service`.
        registry: where its series are exported from.
        capacity: items that fit into one batch; without it there is no utilisation.
        longest: seconds after which a batch is taken for lost.
        edges: upper bucket edges of durations and waits, in seconds.
        native: also keep exponential buckets, as `ExtractionMonitor` does.
        error_types: how many distinct `error_type` values are kept before the rest counts as `other`.
        buffer: samples kept per series before they are folded.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        batch: str,
        *,
        service: str,
        registry: Registry,
        capacity: int | None = None,
        longest: float = 60.0,
        edges: Iterable[float] = names.DURATION_EDGES_SECONDS,
        native: bool = False,
        error_types: int = 20,
        buffer: int = DEFAULT_BUFFER,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._owner = owner = Owner(
            names.BATCH, batch, service=service, registry=registry, capacity=buffer, native=native
        )
        if capacity is not None and capacity < 1:
            raise ValueError(f"capacity must be at least one item, found {capacity!r}")
        if not 0 < longest < math.inf:
            raise ValueError(f"longest must be a number of seconds above 0, found {longest!r}")
        checked = checked_edges(tuple(edges))
        self._capacity, self._longest, self._clock = capacity, longest, clock
        outcomes = (names.SUCCESS, names.ERROR, names.CANCELLED, LATE)
        self._durations = {o: owner.histogram(DURATION, checked, (names.OUTCOME, o)) for o in outcomes}
        self._sizes = {o: owner.histogram(SIZE, names.BATCH_SIZE_EDGES, (names.OUTCOME, o)) for o in outcomes}
        self._waits = owner.histogram(WAIT, checked)
        self._utilisation: Histogram | None = None
        if capacity is not None:
            self._utilisation = owner.histogram(UTILISATION, names.RATIO_EDGES)
            registry.add(CAPACITY, Gauge(owner.labels, lambda: capacity))
        self._errors = ErrorTypes(registry, dict(owner.labels), error_types, ERRORS)
        self._lock = threading.RLock()
        self._running: dict[Batch, None] = {}
        self._late: dict[Batch, None] = {}
        self._reaped = Counter(owner.labels)
        self._told = False
        # Read in this order by a scrape, which reaps before it counts.
        registry.add(REAPED, Reaped(self._reaped, self.reap))
        registry.add(IN_PROGRESS, Gauge(owner.labels, lambda: len(self._running)))
        restart_in_children(self)

    def begin(self, size: int, *, waited: float | Iterable[float] = ()) -> Batch:
        """A batch of `size` items begins. `waited`: seconds that it, or each of its items, has waited for this."""
        batch = Batch(self, size, 0.0)
        try:
            batch.started = self._clock()
            self.reap()
            with self._lock:
                self._running[batch] = None
            for seconds in (waited,) if isinstance(waited, (int, float)) else waited:
                _write(self._waits, seconds)
            if self._utilisation is not None and self._capacity is not None:
                _write(self._utilisation, size / self._capacity)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._owner.trouble(error)
        return batch

    def measure(self, function: F) -> F:
        """Measure each call of a function as a batch: its first argument (after `self`) that has a length is the items.

        TypeError for generators, whose call returns before any work is done.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} is a generator: put `with monitor.begin(size):` around the work")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def measured_async(*arguments: Any, **keywords: Any) -> Any:
                with self.begin(items_in(arguments, keywords)):
                    return await function(*arguments, **keywords)

            return cast("F", measured_async)

        @functools.wraps(function)
        def measured(*arguments: Any, **keywords: Any) -> Any:
            with self.begin(items_in(arguments, keywords)):
                return function(*arguments, **keywords)

        return cast("F", measured)

    def reap(self) -> None:
        """Count the batches that take too long. Never raises."""
        try:
            with self._lock:
                oldest = self._clock() - self._longest
                # In order of their beginning, but for threads that overtook each other between two statements.
                lost = []
                for batch in self._running:
                    if batch.started >= oldest:
                        break
                    lost.append(batch)
                for batch in lost:
                    del self._running[batch]
                    self._late[batch] = None
                while len(self._late) > MOST_LATE:
                    del self._late[next(iter(self._late))]
            if lost:
                self._reaped.add(len(lost))
                if not self._told:
                    self._told = True
                    log.warning("%s: a batch has not ended after %g s and is reaped", self._owner.name, self._longest)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._owner.trouble(error)

    def restart(self) -> None:
        """Forget in a forked child the batches that run in the parent."""
        self._lock = threading.RLock()
        self._running.clear()
        self._late.clear()
        self._reaped.restart()

    def _ended(self, batch: Batch, error: object) -> None:
        try:
            seconds = self._clock() - batch.started
            with self._lock:
                if batch in self._running:
                    del self._running[batch]
                    outcome = names.SUCCESS
                elif batch in self._late:
                    del self._late[batch]
                    outcome = LATE
                else:
                    return
            if outcome == names.SUCCESS and error is not None:
                cancelled = isinstance(error, BaseException) and is_cancellation(error)
                outcome = names.CANCELLED if cancelled else names.ERROR
            _write(self._durations[outcome], seconds)
            _write(self._sizes[outcome], batch.size)
            if outcome == names.ERROR:
                self._errors.add(error_type(error))
        except Exception as inner:  # noqa: BLE001 - never reaches the caller
            self._owner.trouble(inner)


class Reaped:
    """The counter of reaped batches; reading it reaps first."""

    def __init__(self, counter: Counter, reap: Callable[[], None]) -> None:
        self.labels = counter.labels
        self._counter = counter
        self._reap = reap

    def read(self) -> float:
        self._reap()
        return self._counter.read()

    def restart(self) -> None:
        self._counter.restart()


def items_in(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> int:
    """The length of the first argument that has one; 1 when none has. Text and bytes count as one item."""
    for argument in (*arguments, *keywords.values()):
        if isinstance(argument, (str, bytes)):
            return 1
        try:
            return len(argument)
        except TypeError:
            continue
        except Exception:  # noqa: BLE001 - a strange object's own method
            return 1
    return 1


def _write(histogram: Histogram, sample: float) -> None:
    histogram.append(sample)
    if len(histogram.buffer) >= histogram.capacity:
        histogram.fold()
