# ruff: noqa: ARG001 - all variants take the same arguments, used or not, so that calling them costs the same
"""The same record kept with other libraries, as their documentation shows it. Each is left out when not installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from time import perf_counter

from featurewatch import names
from featurewatch.bench.rounds import Call

PROMETHEUS_CLIENT = "prometheus_client: histogram and counters, labels()"
OPENTELEMETRY = "OpenTelemetry SDK: histogram and counter"
LABELS = (names.SERVICE, names.EXTRACTOR, names.SERVED_FROM, names.OUTCOME)


def prometheus_client(edges: tuple[float, ...]) -> dict[str, Call]:
    """A latency histogram by where it was served from, a counter of cache hits and misses, a counter of errors."""
    client = import_module("prometheus_client")
    registry = client.CollectorRegistry()
    histogram = client.Histogram("peer_seconds", "Peer.", LABELS, registry=registry, buckets=edges)
    lookups = client.Counter("peer_lookups", "Peer.", (*LABELS[:2], "result"), registry=registry)
    errors = client.Counter("peer_errors", "Peer.", (*LABELS[:2], names.ERROR_TYPE), registry=registry)
    bound = histogram.labels("s", "e", "compute", "success")

    def one_histogram(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        seconds = perf_counter() - started
        histogram.labels("s", "e", source, "error" if error else "success").observe(seconds)
        return result

    def as_usual(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        seconds = perf_counter() - started
        histogram.labels("s", "e", source, "error" if error else "success").observe(seconds)
        lookups.labels("s", "e", "hit" if source == "cache" else "miss").inc()
        if error:
            errors.labels("s", "e", error).inc()
        return result

    def bound_child(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        bound.observe(perf_counter() - started)
        return result

    return {
        PROMETHEUS_CLIENT: as_usual,
        "prometheus_client: one histogram, labels()": one_histogram,
        "prometheus_client: one histogram, child bound": bound_child,
    }


def opentelemetry(edges: tuple[float, ...]) -> dict[str, Call]:
    """The SDK's histogram and counter with an explicit-bucket view, attributes per call."""
    sdk = import_module("opentelemetry.sdk.metrics")
    view = import_module("opentelemetry.sdk.metrics.view")
    reader = import_module("opentelemetry.sdk.metrics.export").InMemoryMetricReader()
    aggregation = view.ExplicitBucketHistogramAggregation(edges)
    provider = sdk.MeterProvider((reader,), views=(view.View(instrument_name="peer", aggregation=aggregation),))
    meter = provider.get_meter("peer")
    histogram = meter.create_histogram("peer")
    lookups = meter.create_counter("peer.lookups")

    def as_usual(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        seconds = perf_counter() - started
        outcome = "error" if error else "success"
        histogram.record(seconds, {"service": "s", "extractor": "e", "served_from": source, "outcome": outcome})
        lookups.add(1, {"service": "s", "extractor": "e", "result": "hit" if source == "cache" else "miss"})
        return result

    return {OPENTELEMETRY: as_usual}


def available(edges: tuple[float, ...]) -> dict[str, Call]:
    """The peers that are installed."""
    peers: dict[str, Call] = {}
    makers: tuple[Callable[[tuple[float, ...]], dict[str, Call]], ...] = (prometheus_client, opentelemetry)
    for maker in makers:
        try:
            peers |= maker(edges)
        except ImportError:
            continue
    return peers


def prometheus_client_scrape(label_sets: int, edges: tuple[float, ...]) -> Callable[[], object] | None:
    """prometheus_client's text of one histogram with that many label sets, or None when it is not installed."""
    try:
        client = import_module("prometheus_client")
    except ImportError:
        return None
    registry = client.CollectorRegistry()
    histogram = client.Histogram("peer_seconds", "Peer.", LABELS, registry=registry, buckets=edges)
    for number in range(label_sets):
        histogram.labels("s", f"e{number}", "compute", "success").observe(0.1)
    return lambda: client.generate_latest(registry)
