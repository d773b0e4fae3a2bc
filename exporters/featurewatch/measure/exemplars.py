"""Exemplars: beside a bucket's count, the trace of one extraction that was counted there.

A histogram says that five extractions took longer than 150 ms; its exemplars name one of them, so that a click on the
panel opens its trace. The last one of each bucket is kept, whatever the traffic: 25 small tuples per series at the
default edges, about 5 KiB. Prometheus takes them with `--enable-feature=exemplar-storage`, from OpenMetrics text and
from protobuf; the plain text format has no place for them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from importlib import import_module
from time import time
from typing import NamedTuple

from featurewatch.measure.histogram import Histogram, Trouble
from featurewatch.measure.labels import sendable

TraceIds = tuple[int | str, int | str]
"""Trace and span: the numbers as OpenTelemetry has them, or the text that shall be shown (32 and 16 hex digits)."""

TraceSource = Callable[[], TraceIds | None]
"""The trace that the calling thread and task are in; None when there is none, or none that anybody will keep."""

TRACE_ID, SPAN_ID = "trace_id", "span_id"

MOST_CHARACTERS = 128
"""Of names and values of an exemplar's labels together: OpenMetrics allows no more."""


class Exemplar(NamedTuple):
    """One sample of a bucket, and where to read on."""

    trace_id: str
    span_id: str
    value: float
    at: float
    """Unix time in seconds."""

    def labels(self) -> tuple[tuple[str, str], ...]:
        return (TRACE_ID, self.trace_id), (SPAN_ID, self.span_id)


class ExemplarBuffer(list[float]):
    """A histogram's buffer that looks at the trace of each sample it takes. Everything else is as it was."""

    __slots__ = ("_clock", "_edges", "_kept", "_trace", "_trouble")

    def __init__(
        self, edges: tuple[float, ...], trace: TraceSource, trouble: Trouble, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self._edges = edges
        self._trace = trace
        self._trouble = trouble
        self._clock = clock
        self._kept: list[tuple[TraceIds, float, float] | None] = [None] * (len(edges) + 1)

    def append(self, seconds: float, /) -> None:
        list.append(self, seconds)
        try:
            trace = self._trace()
            if trace is not None:
                # One assignment: two threads that meet here leave one exemplar or the other.
                self._kept[bisect_left(self._edges, seconds)] = trace, seconds, self._clock()
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._trouble(error)

    def clear(self) -> None:
        """Forget everything: in a forked child, where the traces are the parent's."""
        list.clear(self)
        self._kept[:] = [None] * len(self._kept)

    def exemplars(self) -> dict[int, Exemplar]:
        """The exemplar of each bucket that has one, by the bucket's place; the last place is above all edges."""
        found = {}
        for place, kept in enumerate(tuple(self._kept)):
            if kept is not None and 0 <= kept[1] < math.inf:  # what is no duration is refused when it is folded
                (trace, span), seconds, at = kept
                exemplar = Exemplar(_hexadecimal(trace, 32), _hexadecimal(span, 16), float(seconds), at)
                if sum(len(name) + len(value) for name, value in exemplar.labels()) <= MOST_CHARACTERS:
                    found[place] = exemplar
        return found


def keep_exemplars(
    histogram: Histogram, trace: TraceSource, trouble: Trouble, clock: Callable[[], float] = time
) -> None:
    """Make a new histogram, which nobody writes to yet, keep the last exemplar of each bucket."""
    buffer = ExemplarBuffer(histogram.edges, trace, trouble, clock)
    histogram.buffer = buffer
    histogram.append = buffer.append
    histogram.exemplars = buffer.exemplars


def trace_source(wanted: bool | TraceSource) -> TraceSource | None:
    """What the argument `exemplars=` means: OpenTelemetry's current span, a source of one's own, or none.

    ImportError when OpenTelemetry is asked for and missing.
    """
    if wanted is True:
        return current_trace()
    return wanted or None


def current_trace() -> TraceSource:
    """Reads OpenTelemetry's current span. Only sampled ones count: nobody keeps the others."""
    try:
        get_current_span = import_module("opentelemetry.trace").get_current_span
    except ImportError as error:
        raise ImportError(
            "exemplars=True needs OpenTelemetry: pip install 'featurewatch[otel]' (or give a function that returns "
            "trace and span id)"
        ) from error

    def trace() -> TraceIds | None:
        context = get_current_span().get_span_context()
        return (context.trace_id, context.span_id) if context.trace_flags.sampled else None

    return trace


def _hexadecimal(identifier: int | str, digits: int) -> str:
    return f"{identifier:0{digits}x}" if isinstance(identifier, int) else sendable(str(identifier))
