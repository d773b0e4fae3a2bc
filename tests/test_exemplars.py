"""Exemplars: the trace of one extraction per bucket, found again in a real Prometheus."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from prometheus_client.openmetrics import parser
from tests.running_prometheus import prometheus

from featurewatch import ExtractionMonitor, Registry, names, start_metrics_server
from featurewatch.measure.exemplars import TraceIds
from featurewatch.measure.exposition import END, TextExposition
from featurewatch.tools.toolbox import Tools

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"


def monitored(trace: TraceIds | None) -> tuple[Registry, ExtractionMonitor]:
    registry = Registry()
    return registry, ExtractionMonitor("technical", service="market", registry=registry, exemplars=lambda: trace)


def read(registry: Registry) -> dict[str, tuple[dict[str, str], float]]:
    """The exemplar of each bucket of successful computations, by `le`, as the strict parser reads it."""
    text = TextExposition(registry, "openmetrics").render() + END
    found = {}
    for family in parser.text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            if sample.exemplar is not None:
                assert sample.name == names.EXTRACTION_DURATION + "_bucket"
                found[sample.labels["le"]] = (sample.exemplar.labels, sample.exemplar.value)
    return found


def test_each_bucket_shows_the_last_extraction_that_was_counted_in_it() -> None:
    registry, monitor = monitored((TRACE, SPAN))
    for seconds in (0.1, 0.095, 99.0):
        monitor.record(seconds)
    ids = {"trace_id": TRACE, "span_id": SPAN}
    assert read(registry) == {"0.1": (ids, 0.095), "+Inf": (ids, 99.0)}


def test_the_numbers_of_opentelemetry_become_hexadecimal_digits() -> None:
    registry, monitor = monitored((0x10, 0x2))
    monitor.record(0.1)
    assert read(registry)["0.1"][0] == {"trace_id": "0" * 30 + "10", "span_id": "0" * 15 + "2"}


def test_the_plain_text_format_has_no_exemplars() -> None:
    registry, monitor = monitored((TRACE, SPAN))
    monitor.record(0.1)
    assert TRACE not in TextExposition(registry).render()


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_what_is_no_duration_leaves_no_exemplar(seconds: float) -> None:
    registry, monitor = monitored((TRACE, SPAN))
    monitor.record(seconds)
    assert read(registry) == {}


def test_identifiers_that_openmetrics_does_not_allow_are_left_out() -> None:
    registry, monitor = monitored(("x" * 200, SPAN))
    monitor.record(0.1)
    assert read(registry) == {}


def test_a_source_of_traces_that_fails_is_counted_and_the_extraction_too() -> None:
    registry = Registry()

    def broken() -> TraceIds:
        raise RuntimeError("no context")

    monitor = ExtractionMonitor("technical", service="market", registry=registry, exemplars=broken)
    monitor.measure(lambda: None)()
    text = TextExposition(registry).render()
    assert f'{names.INTERNAL_ERRORS}{{service="market"}} 1' in text
    assert 'served_from="compute",outcome="success"} 1' in text


def test_only_sampled_spans_leave_exemplars_whichever_way_an_extraction_is_measured() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="market", registry=registry, exemplars=True)
    monitor.record(0.001)
    with TracerProvider(sampler=ALWAYS_OFF).get_tracer("t").start_as_current_span("s"):
        monitor.record(0.001)
    assert read(registry) == {}
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
        monitor.record(0.04)
        with monitor.extraction():
            pass
        monitor.measure(lambda: None)()
    expected = f"{span.get_span_context().trace_id:032x}"
    found = read(registry)
    assert set(found) == {"0.04", "0.001"}
    assert all(labels["trace_id"] == expected for labels, _ in found.values())


def test_without_opentelemetry_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(ImportError, match=r"pip install 'featurewatch\[otel\]'"):
        ExtractionMonitor("technical", service="market", registry=Registry(), exemplars=True)


def test_counts_stay_right_when_the_buffer_is_folded_in_the_call() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("t", service="s", registry=registry, exemplars=lambda: (TRACE, SPAN), buffer=3)
    for _ in range(10):
        monitor.record(0.05)
    assert 'outcome="success"} 10' in TextExposition(registry).render()


@contextmanager
def storing(binary: Path, folder: Path, target: str, more: tuple[str, ...]) -> Iterator[str]:
    with prometheus(binary, folder, {"x": (target, {})}, flags=("--enable-feature=" + ",".join(more),)) as address:
        yield address


@pytest.mark.end_to_end
@pytest.mark.parametrize("native", [False, True], ids=["openmetrics", "protobuf"])
def test_a_real_prometheus_returns_the_exemplars_it_scraped(tools: Tools, tmp_path: Path, native: bool) -> None:
    registry = Registry()
    monitor = ExtractionMonitor(
        "technical", service="market", registry=registry, native=native, exemplars=lambda: (TRACE, SPAN)
    )
    features = ("exemplar-storage", "native-histograms") if native else ("exemplar-storage",)
    with start_metrics_server(registry) as server:
        target = f"127.0.0.1:{server.port}"
        with storing(tools.prometheus.path, tmp_path, target, features) as address:
            end = time.monotonic() + 40
            found: list[dict[str, object]] = []
            while not found and time.monotonic() < end:
                monitor.record(0.12)
                time.sleep(0.2)
                parameters: dict[str, str | float] = {
                    "query": names.EXTRACTION_DURATION,
                    "start": time.time() - 300,
                    "end": time.time() + 60,
                }
                if not native:
                    parameters["query"] = names.EXTRACTION_DURATION + "_bucket"
                answer = httpx.get(f"{address}/api/v1/query_exemplars", params=parameters, trust_env=False).json()
                found = [exemplar for series in answer["data"] for exemplar in series["exemplars"]]
            assert found
            assert found[0]["labels"] == {"trace_id": TRACE, "span_id": SPAN}
            assert float(str(found[0]["value"])) == 0.12
