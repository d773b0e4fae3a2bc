"""A registry over OTLP: the same counts as by scrape, exact edges, true exponential buckets, exemplars, and no loss."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import CHECKOUT
from tests.exposed import value
from tests.otlp_receiver import Received, attributes, receiving, until
from tests.running_prometheus import running

from featurewatch import ExtractionMonitor, Otlp, Registry, names
from featurewatch.measure.native import FIRST_INDEX
from featurewatch.measure.otlp_metrics import exponential_buckets
from featurewatch.native.ports import free_port
from featurewatch.tools.errors import ToolError
from featurewatch.tools.victoria_metrics import provide_victoria_metrics

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLES = (0.0, 0.05, 0.1, 0.1000001, 0.3, 99.0)


def filled(native: bool = False) -> Registry:
    registry = Registry()
    monitor = ExtractionMonitor(
        "technical", service="market", registry=registry, native=native, exemplars=lambda: (TRACE, SPAN)
    )
    for seconds in SAMPLES:
        monitor.record(seconds)
    monitor.record(0.2, error="TimeoutError")
    return registry


def series(received: Received, name: str, kind: str, **labels: str) -> list[Any]:
    return [
        point
        for metric in received.metrics()
        if metric.name == name
        for point in getattr(metric, kind).data_points
        if labels.items() <= attributes(point).items()
    ]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_is_pushed_is_what_is_scraped(protocol: Literal["http", "grpc"]) -> None:
    before = time.time_ns()
    registry = filled()
    with (
        receiving(protocol) as received,
        Otlp(received.address, service="market", registry=registry, protocol=protocol) as otlp,
    ):
        otlp.push_metrics(every=3600)
        until(lambda: received.metrics(), "the first push comes at once")
        (point,) = series(received, names.EXTRACTION_DURATION, "histogram", served_from="compute")
        assert tuple(point.explicit_bounds) == names.DURATION_EDGES_SECONDS
        assert (point.count, point.sum) == (len(SAMPLES), math.fsum(SAMPLES))
        counts = dict(zip((*point.explicit_bounds, math.inf), point.bucket_counts, strict=True))
        assert (counts[0.001], counts[0.05], counts[0.1], counts[0.11]) == (1, 1, 1, 1)
        assert (counts[0.3], counts[math.inf]) == (1, 1)
        assert not point.HasField("min")
        assert before <= point.start_time_unix_nano <= point.time_unix_nano <= time.time_ns()
        exemplars = {exemplar.as_double: exemplar for exemplar in point.exemplars}
        assert exemplars[99.0].trace_id.hex() == TRACE
        assert exemplars[99.0].span_id.hex() == SPAN
        (errors,) = series(received, names.EXTRACTION_ERRORS, "sum", error_type="TimeoutError")
        assert (errors.as_int, errors.start_time_unix_nano) == (1, point.start_time_unix_nano)
        (build,) = series(received, names.BUILD_INFO, "gauge")
        assert build.as_int == 1
        whole = next(metric for metric in received.metrics() if metric.name == names.EXTRACTION_DURATION)
        assert (whole.unit, whole.histogram.aggregation_temporality) == ("s", 2)
        sums = next(metric for metric in received.metrics() if metric.name == names.EXTRACTION_ERRORS)
        assert sums.sum.is_monotonic


def test_exponential_buckets_have_the_same_counts() -> None:
    registry = filled(native=True)
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        otlp.push_metrics(every=3600, histograms="exponential")
        until(lambda: received.metrics(), "the first push")
        (point,) = series(received, names.EXTRACTION_DURATION, "exponential_histogram", served_from="compute")
        assert (point.count, point.zero_count, point.scale) == (len(SAMPLES), 1, 4)
        base = 2 ** (1 / 16)
        for seconds in SAMPLES[1:]:
            place = math.ceil(math.log(seconds, base)) - 1 - point.positive.offset
            lower = base ** (place + point.positive.offset)
            assert point.positive.bucket_counts[place] >= 1
            assert lower * 0.999 < seconds <= lower * base * 1.001
        assert sum(point.positive.bucket_counts) + point.zero_count == point.count


@settings(deadline=None)
@given(st.dictionaries(st.integers(FIRST_INDEX, 300), st.integers(1, 10**6), max_size=40))
def test_no_bucket_is_lost_or_moved_on_the_way(native: dict[int, int]) -> None:
    zero, offset, counts = exponential_buckets(native)
    found = {offset + 1 + place: count for place, count in enumerate(counts) if count}
    if zero:
        found[FIRST_INDEX] = zero
    assert found == native


def test_a_push_that_fails_loses_nothing_for_the_next_one_has_it_all() -> None:
    registry = filled()
    port = free_port()
    otlp = Otlp(f"http://127.0.0.1:{port}", service="market", registry=registry, timeout=0.5)
    push = otlp.push_metrics(every=3600)
    until(lambda: value(registry, names.OTLP_ITEMS, signal="metrics", result="failed") >= 1, "a failure is counted")
    otlp.close(timeout=3)
    assert push.push() is False
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        otlp.push_metrics(every=3600)
        until(lambda: received.metrics(), "it arrives")
        (point,) = series(received, names.EXTRACTION_DURATION, "histogram", served_from="compute")
        assert point.count == len(SAMPLES)


def test_closing_pushes_a_last_time_and_ends_the_thread() -> None:
    registry = filled()
    with receiving("http") as received:
        otlp = Otlp(received.address, service="market", registry=registry)
        otlp.push_metrics(every=3600)
        until(lambda: received.metrics(), "the first push")
        ExtractionMonitor("late", service="market", registry=registry).record(0.1)
        otlp.close()
        assert series(received, names.EXTRACTION_DURATION, "histogram", extractor="late")
        sent = len(received.requests)
        otlp.close()
        assert len(received.requests) == sent


def test_pushes_follow_each_other_at_the_interval() -> None:
    registry = filled()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        otlp.push_metrics(every=0.1)
        until(lambda: len(received.requests) >= 4, "four pushes")
        starts = {point.start_time_unix_nano for point in series(received, names.EXTRACTION_DURATION, "histogram")}
        assert len(starts) == 1


def test_a_hanging_endpoint_does_not_keep_a_process_from_ending() -> None:
    with receiving("http", hanging=True) as received:
        otlp = Otlp(received.address, service="market", registry=filled(), timeout=30)
        otlp.push_metrics(every=3600)
        started = time.monotonic()
        otlp.close(timeout=1)
        assert time.monotonic() - started < 15


@pytest.mark.parametrize(("arguments", "said"), [({"every": 0}, "every"), ({"histograms": "x"}, "exponential")])
def test_what_cannot_be_pushed_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Otlp("http://x", service="s", registry=Registry()).push_metrics(**arguments)


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[str]:
    try:
        server = provide_victoria_metrics(
            Path(os.environ.get("FEATUREWATCH_TOOLS_DIR") or CHECKOUT / ".featurewatch/tools")
        )
    except ToolError as fault:
        if os.environ.get("CI"):
            pytest.fail(str(fault), pytrace=False)
        pytest.skip(str(fault))
    address = f"127.0.0.1:{free_port()}"
    argv: list[str | Path] = [
        *(server, f"-storageDataPath={tmp_path}/data", f"-httpListenAddr={address}"),
        *("-retentionPeriod=1d", "-memory.allowedBytes=64MB", "-search.latencyOffset=0s", "-loggerLevel=WARN"),
    ]
    with running(argv, tmp_path, f"http://{address}/health", deadline=60):
        yield f"http://{address}"


@pytest.mark.long
@pytest.mark.end_to_end
def test_victoriametrics_has_the_same_counts_at_the_same_edges(victoria: str) -> None:
    registry = filled()
    with Otlp(f"{victoria}/opentelemetry", service="market", registry=registry) as otlp:
        otlp.push_metrics(every=0.5)
        wanted = {f"{edge:g}": sum(s <= edge for s in SAMPLES) for edge in (0.1, 0.11, 10.0)} | {"+Inf": len(SAMPLES)}

        def buckets() -> dict[str, int]:
            query = f'{names.EXTRACTION_DURATION}_bucket{{served_from="compute",le=~"0.1|0.11|10|[+]Inf"}}'
            answer = httpx.get(f"{victoria}/api/v1/query", params={"query": query}, trust_env=False).json()
            return {each["metric"]["le"]: int(each["value"][1]) for each in answer["data"]["result"]}

        until(lambda: buckets() == wanted, f"{wanted} in VictoriaMetrics", 60)
        query = f'{names.EXTRACTION_ERRORS}{{error_type="TimeoutError"}}'
        answer = httpx.get(f"{victoria}/api/v1/query", params={"query": query}, trust_env=False).json()
        (errors,) = answer["data"]["result"]
        assert errors["value"][1] == "1"
        assert errors["metric"]["service"] == "market"
