"""The monitor of one extractor: what an engineer adds to the code that shall be measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from importlib import metadata
from time import perf_counter
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, overload

from featurewatch import names
from featurewatch.measure.counter import Counter, Gauge
from featurewatch.measure.errors import ErrorTypes
from featurewatch.measure.exemplars import TraceSource, keep_exemplars, trace_source
from featurewatch.measure.extraction import Extraction, ExtractionBlock, block_class
from featurewatch.measure.family import Family
from featurewatch.measure.histogram import DEFAULT_BUFFER, REFUSALS, Histogram, checked_edges
from featurewatch.measure.inputs import Inputs, Payloads
from featurewatch.measure.native import NativeHistogram
from featurewatch.measure.observed import observed_class
from featurewatch.measure.observer import Observer, Work
from featurewatch.measure.outcomes import Outcomes
from featurewatch.measure.owner import REFUSED, Owner
from featurewatch.measure.registry import Registry
from featurewatch.measure.snapshot import Snapshot, Snapshots
from featurewatch.measure.stage import Stage, Stages
from featurewatch.measure.window import Window
from featurewatch.measure.wrapping import Measuring, measured
from featurewatch.names import ServedFrom

DURATION = Family(names.EXTRACTION_DURATION, "histogram", "Time from the start of an extraction to its end.")
IN_PROGRESS = Family(names.EXTRACTIONS_IN_PROGRESS, "gauge", "Extractions that have begun and not ended.")
BUILD = Family(names.BUILD_INFO, "gauge", "The featurewatch that measures, as labels; always 1.", "max")

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


class Record(Protocol):
    """`monitor.record(seconds)`: write down an extraction that was timed elsewhere."""

    def __call__(
        self,
        seconds: float,
        *,
        served_from: ServedFrom = names.COMPUTE,
        error: str | BaseException | type[BaseException] | None = None,
    ) -> None:
        """Count one extraction of `seconds`; with `error` (its class, itself or a word) as a failed one.

        NaN, infinite or negative seconds are refused and counted; nothing is raised.
        """


class MeasureMarked(Protocol):
    """`monitor.measure(mark=True)`: a decorator that takes the parameter `extraction` away from the callers."""

    @overload
    def __call__(self, function: Callable[Concatenate[Extraction, P], R], /) -> Callable[P, R]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[S, Extraction, P], R], /) -> Callable[Concatenate[S, P], R]: ...


class ExtractionMonitor:
    """Measures one extractor of one service: duration, where it was served from, outcome, type of error.

    Four ways in, all safe in threads, asyncio and signal handlers:

        @monitor.measure                        a function or coroutine function
        with monitor.extraction() as e:         a block; also `async with`
        monitor.record(0.012)                   a duration from elsewhere, in seconds
        featurewatch.served_from("cache")       inside the first two: where the features came from

    And what else there is to say of an extraction:

        with monitor.stage("fetch"):            a part of it, so that slowness has an address
        monitor.saw_input(at)                   how fresh its input is
        monitor.payload(received=, sent=)       sizes in bytes
        monitor.snapshot()                      the last window, for the process itself

    Nothing that goes wrong inside reaches the caller: it is counted in `featurewatch_internal_errors_total` and logged
    once. Errors in the arguments of this constructor do: `ValueError`, and `DuplicateSeries` when the registry has a
    monitor of this service and extractor already (make each once, next to the extractor).

    Args:
        extractor: its name, the label `extractor`; at most 200 characters.
        service: the service it belongs to, the label `service`; at most 200 characters.
        registry: where its series are exported from.
        edges: upper bucket edges in seconds, rising. Every threshold of an objective must be one of them.
        native: also keep exponential buckets (of stages, too), for a Prometheus that scrapes native histograms (some
            15 ns more per extraction). They are exported in the protobuf format only.
        exemplars: also keep the trace of the last extraction in each bucket, a sampled OpenTelemetry span by default
            (`True`), or what a function of your own returns (trace and span id, or None). Costs about what it takes to
            ask for the trace; not exported in the plain text format.
        in_progress: also export how many extractions are running (some 20 ns more per extraction).
        window: keep the last `window` seconds for `snapshot()` (some 50 ns more per extraction).
        stages: stages whose series shall exist from the start; any other begins with its first use, up to 20 in all.
        observers: what opens spans or writes log records for each extraction and stage.
        error_types: how many distinct `error_type` values are kept before the rest counts as `other`.
        buffer: samples kept per series before they are folded; a crash of the process loses them.
        clock: monotonic, in seconds.
    """

    record: Record
    extraction: Callable[[], ExtractionBlock]
    """A new extraction, for `with` and `async with`."""
    stage: Callable[[str], Stage]
    """A new stage by its name, for `with` and `async with`."""

    def __init__(
        self,
        extractor: str,
        *,
        service: str,
        registry: Registry,
        edges: Sequence[float] = names.DURATION_EDGES_SECONDS,
        native: bool = False,
        exemplars: bool | TraceSource = False,
        in_progress: bool = False,
        window: float | None = None,
        stages: Sequence[str] = (),
        observers: Sequence[Observer] = (),
        error_types: int = 20,
        buffer: int = DEFAULT_BUFFER,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        owner = Owner(names.EXTRACTOR, extractor, service=service, registry=registry, capacity=buffer, native=native)
        self.service, self.extractor = owner.service, owner.name
        if window is not None and not 0 < window < math.inf:
            raise ValueError(f"window must be a number of seconds above 0, found {window!r}")
        if error_types < 0:
            raise ValueError(f"error_types must not be negative, found {error_types!r}")
        checked = checked_edges(edges)
        trace = trace_source(exemplars)
        labels, trouble = owner.labels, owner.trouble
        refusals = {reason: Counter((*labels, (names.REASON, reason))) for reason in REFUSALS}

        def refused(reason: str, count: int) -> None:
            refusals[reason].add(count)

        windows = {} if window is None else {key: Window(window, clock, trouble) for key in names.EXTRACTION_SERIES}
        histograms = {
            (source, outcome): (NativeHistogram if native else Histogram)(
                (*labels, (names.SERVED_FROM, source), (names.OUTCOME, outcome)),
                checked,
                refused=refused,
                trouble=trouble,
                capacity=buffer,
                folded=windows[source, outcome].add if windows else None,
            )
            for source, outcome in names.EXTRACTION_SERIES
        }
        for histogram in histograms.values():
            if trace is not None:
                keep_exemplars(histogram, trace, trouble)
            registry.add(DURATION, histogram)
        for counter in refusals.values():
            registry.add(REFUSED, counter)
        self._running: list[None] | None = [] if in_progress else None
        if self._running is not None:
            running = self._running
            registry.add(IN_PROGRESS, Gauge(labels, lambda: len(running), running.clear))
        registry.shared(
            BUILD, ((names.SERVICE, self.service), (names.VERSION, version())), lambda key: Gauge(key, lambda: 1)
        )

        self._clock = clock
        self._outcomes = Outcomes(histograms, ErrorTypes(registry, dict(labels), error_types), refused, trouble, buffer)
        self.record = _record(self._outcomes)
        self.extraction = block_class(self._outcomes, clock, self._running)
        self._observed: type[ExtractionBlock] | None = None
        if observers:
            work = Work(self.service, self.extractor)
            self._observed = observed_class(self.extraction, observers, work, clock, trouble)
            self.extraction = self._observed
        self.stage = Stages(owner, clock, checked, stages, observers).starter()
        self._inputs, self._payloads = Inputs(owner), Payloads(owner)
        self._snapshots = Snapshots(histograms, windows, clock=clock) if windows else None

    @overload
    def measure(self, function: F, /) -> F: ...
    @overload
    def measure(self, /, *, served_from: ServedFrom = ..., mark: Literal[False] = ...) -> Callable[[F], F]: ...
    @overload
    def measure(self, /, *, served_from: ServedFrom = ..., mark: Literal[True]) -> MeasureMarked: ...
    def measure(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        served_from: ServedFrom = names.COMPUTE,
        mark: bool = False,
    ) -> Any:
        """Measure each call of a function, or each awaited call of a coroutine function.

        `served_from` is what counts when the body says nothing. The body says it by `featurewatch.served_from("cache")`
        from anywhere inside, or, at a third of the cost, with `mark=True`: then the function has a parameter named
        `extraction`, first or right after `self`, which callers do not see, and sets `extraction.served_from`.

        An exception is counted as an error (a cancellation as cancelled) and raised again. Name, signature and type
        stay as they were. A call whose arguments do not fit fails before the extraction begins and is not counted.

        TypeError for generators, whose call returns before any work is done: use `extraction()` there.
        """
        if served_from not in self._outcomes.successes:
            known = ", ".join(self._outcomes.successes)
            raise ValueError(f"served_from must be one of {known}, found {served_from!r}")
        how = Measuring(self._outcomes, self._clock, self._running, served_from, mark, self._observed)
        return partial(measured, how=how) if function is None else measured(function, how)

    def saw_input(self, at: datetime | float, source: str = "all") -> None:
        """Say when the newest input came into being: an aware datetime, or seconds since 1970.

        The newest ever said counts, per `source` (the label `input`, at most 20 of them). Its age is
        `time() - featurewatch_newest_input_timestamp_seconds`. What is no time, has no time zone or lies more than a
        minute ahead is refused and counted.
        """
        self._inputs.saw(at, source)

    def payload(self, *, received: int | None = None, sent: int | None = None) -> None:
        """Write down the size in bytes of what came in (`direction="input"`) and went out (`direction="output"`)."""
        if received is not None:
            self._payloads.add("input", received)
        if sent is not None:
            self._payloads.add("output", sent)

    def snapshot(self) -> Snapshot:
        """The last window as numbers, for a service that adapts to its own latency. It takes some 100 microseconds.

        ValueError when the monitor was made without `window=`.
        """
        if self._snapshots is None:
            raise ValueError("snapshot() needs a window: ExtractionMonitor(…, window=60) keeps the last 60 seconds")
        return self._snapshots.take()


def _record(outcomes: Outcomes) -> Record:
    successes, capacity = outcomes.successes, outcomes.capacity

    def record(
        seconds: float,
        *,
        served_from: ServedFrom = names.COMPUTE,
        error: str | BaseException | type[BaseException] | None = None,
    ) -> None:
        if error is None:
            try:
                _, buffer, fold = successes[served_from]
                buffer.append(seconds)
                if len(buffer) >= capacity:
                    fold()
            except Exception:  # noqa: BLE001 - an unknown source: the slow path counts and logs it
                outcomes.succeeded(seconds, served_from)
        else:
            outcomes.failed(seconds, error)

    return record


def version() -> str:
    """The installed version of featurewatch, or `unknown` when it runs from a checkout."""
    try:
        return metadata.version("featurewatch")
    except metadata.PackageNotFoundError:
        return "unknown"
