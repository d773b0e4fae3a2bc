"""Native histograms for any program that exports metrics from Python, with or without the rest of featurewatch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from time import perf_counter
from typing import Any

from featurewatch import names
from featurewatch.measure.exemplars import TraceSource, keep_exemplars, trace_source
from featurewatch.measure.exposition import number
from featurewatch.measure.family import Family
from featurewatch.measure.histogram import checked_edges
from featurewatch.measure.labels import LABEL, sendable
from featurewatch.measure.native import SCHEMA, ZERO_THRESHOLD, spans
from featurewatch.measure.native import NativeHistogram as Series
from featurewatch.measure.owner import INTERNAL, REFUSED
from featurewatch.measure.refusals import CollectorRegistry, counts_in
from featurewatch.measure.registry import Registry
from featurewatch.measure.trouble import Trouble

MOST_LABEL_SETS = 1000


class Child:
    """The histogram of one set of label values. All methods are safe in threads and never raise."""

    __slots__ = ("_append", "_series")

    def __init__(self, series: Series) -> None:
        self._series = series
        self._append = series.append

    def observe(self, value: float) -> None:
        """Count a value. What is NaN, infinite, negative or no number is refused, and counted as such."""
        self._append(value)
        if len(self._series.buffer) >= self._series.capacity:
            self._series.fold()

    @contextmanager
    def time(self, clock: Callable[[], float] = perf_counter) -> Iterator[None]:
        """Observe the seconds that the block takes, also when an exception leaves it."""
        started = clock()
        try:
            yield
        finally:
            self.observe(clock() - started)


class NativeHistogram:
    """A histogram with classic and native (exponential) buckets at once, for values from 0 up.

        SIZES = featurewatch.NativeHistogram("batch_rows", "Rows of a batch.", ["table"], registry=REGISTRY)
        SIZES.labels("trades").observe(512)

    `registry` may be a featurewatch `Registry`, or a prometheus_client registry: then it is a collector like any other
    there, and `featurewatch.metrics_app(Registry(), also=REGISTRY)` answers protobuf with native buckets to a
    Prometheus that asks for it. prometheus_client's own exposition shows the classic buckets, as ever. What it refused
    is counted in `featurewatch_observations_refused_total{metric, reason}` of the same registry.

    Args:
        name: as Prometheus shall know it; with a unit, as `_seconds` or `_bytes`.
        documentation: one sentence.
        labelnames: names of the labels, in the order of `labels(...)`.
        registry: where it is exported from.
        edges: upper edges of the classic buckets, rising.
        exemplars: `True` for OpenTelemetry's current span beside each bucket, or a function that returns trace and
            span id.
        most_label_sets: sets of label values before further ones count as `other`.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str] = (),
        *,
        registry: Registry | CollectorRegistry,
        edges: Sequence[float] = names.DURATION_EDGES_SECONDS,
        exemplars: bool | TraceSource = False,
        most_label_sets: int = MOST_LABEL_SETS,
    ) -> None:
        if not LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a metric: letters, digits and _")
        for label in labelnames:
            if not LABEL.fullmatch(label) or label in ("le", "quantile"):
                raise ValueError(f"{label!r} is no name of a label here: letters, digits and _, not le or quantile")
        self.family = Family(name, "histogram", documentation)
        self._labelnames = tuple(labelnames)
        self._edges = checked_edges(edges)
        self._trace = trace_source(exemplars)
        self._most = most_label_sets
        self._lock = threading.RLock()
        self._children: dict[tuple[str, ...], Child] = {}
        self._registry = registry if isinstance(registry, Registry) else Registry()
        self._counts = registry if isinstance(registry, Registry) else counts_in(registry)
        self._trouble = Trouble(self._registry.counter(INTERNAL, ()))
        if not self._labelnames:
            self.labels()
        if not isinstance(registry, Registry):
            registry.register(self)

    def labels(self, *values: object, **named: object) -> Child:
        """The histogram of these label values, by position or by name; keep it where every 100 ns count.

        ValueError when there are too many or too few.
        """
        if named:
            values = (*values, *(named[label] for label in self._labelnames[len(values) :] if label in named))
        key = tuple(map(str, values))
        child = self._children.get(key)
        if child is None or len(values) != len(self._labelnames):
            if len(values) != len(self._labelnames) or named.keys() - set(self._labelnames):
                raise ValueError(f"{self.family.name} has the labels {self._labelnames}, found {values} {named}")
            child = self._new(key)
        return child

    def observe(self, value: float) -> None:
        """Count a value of a histogram without labels."""
        self.labels().observe(value)

    def _new(self, key: tuple[str, ...]) -> Child:
        with self._lock:
            if key not in self._children and len(self._children) >= self._most:
                key = (names.OTHER,) * len(key)
            if key not in self._children:
                pairs = tuple(zip(self._labelnames, map(sendable, key), strict=True))
                series = Series(pairs, self._edges, refused=self._refused, trouble=self._trouble)
                if self._trace is not None:
                    keep_exemplars(series, self._trace, self._trouble)
                self._registry.add(self.family, series)
                self._children[key] = Child(series)
            return self._children[key]

    def _refused(self, reason: str, count: int) -> None:
        self._counts.counter(REFUSED, ((names.METRIC, self.family.name), (names.REASON, reason))).add(count)

    # --- prometheus_client's protocol of a collector --------------------------------------------------------------
    def describe(self) -> list[Any]:
        """The family without samples, by which prometheus_client finds names that are taken."""
        return [_metric(self.family)]

    def collect(self) -> list[Any]:
        """The family as prometheus_client knows it, with the native buckets in its attribute `native_samples`."""
        core = import_module("prometheus_client.samples")
        metric, name = _metric(self.family), self.family.name
        metric.native_samples = []
        with self._lock:
            children = tuple(self._children.values())
        for child in children:
            series = child._series
            labels, totals = dict(series.labels), series.read()
            seen = series.exemplars() if series.exemplars is not None else {}
            for place, count in enumerate(totals.cumulative):
                edge = number(series.edges[place]) if place < len(series.edges) else "+Inf"
                found = seen.get(place)
                exemplar = found and core.Exemplar(dict(found.labels()), found.value, found.at)
                metric.add_sample(f"{name}_bucket", {**labels, "le": edge}, count, exemplar=exemplar)
            metric.add_sample(f"{name}_count", labels, totals.cumulative[-1])
            metric.add_sample(f"{name}_sum", labels, totals.sum)
            zero, runs, deltas = spans(totals.native or {})
            positive = [core.BucketSpan(offset, length) for offset, length in runs]
            native = core.NativeHistogram(
                totals.cumulative[-1], totals.sum, SCHEMA, ZERO_THRESHOLD, zero, pos_spans=positive, pos_deltas=deltas
            )
            metric.native_samples.append(core.Sample(name, labels, 0.0, native_histogram=native))
        return [metric]


def _metric(family: Family) -> Any:
    return import_module("prometheus_client").Metric(family.name, family.help, "histogram")
