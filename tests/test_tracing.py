"""Spans around extractions and stages, over gRPC and HTTP, and what becomes of them when nobody listens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Literal

import pytest
from opentelemetry import propagate
from opentelemetry.trace import SpanKind, get_current_span
from tests.exposed import value
from tests.otlp_receiver import attributes, receiving, until

import featurewatch
from featurewatch import ExtractionMonitor, Otlp, Registry, names
from featurewatch.measure.tracing import carrying
from featurewatch.native.ports import free_port

Protocol = Literal["http", "grpc"]
BOTH = pytest.mark.parametrize("protocol", ["http", "grpc"])


def monitor_of(registry: Registry, otlp: Otlp, sample: float = 1.0) -> ExtractionMonitor:
    return ExtractionMonitor("technical", service="market", registry=registry, observers=[otlp.traces(sample=sample)])


def items(registry: Registry, result: str, signal: str = "traces") -> float:
    return value(registry, names.OTLP_ITEMS, signal=signal, result=result)


@BOTH
def test_an_extraction_and_its_stages_arrive_as_one_trace(protocol: Protocol) -> None:
    registry = Registry()
    with (
        receiving(protocol) as received,
        Otlp(
            received.address, service="market", registry=registry, protocol=protocol, headers={"x-token": "t"}
        ) as otlp,
    ):
        monitor = monitor_of(registry, otlp)
        with monitor.extraction() as extraction:
            with monitor.stage("fetch"):
                pass
            extraction.served_from = "cache"
        otlp.close()
        spans = {span.name: span for span in received.spans()}
        assert set(spans) == {"extraction technical", "stage fetch"}
        whole, fetch = spans["extraction technical"], spans["stage fetch"]
        assert fetch.trace_id == whole.trace_id
        assert fetch.parent_span_id == whole.span_id
        assert whole.start_time_unix_nano <= fetch.start_time_unix_nano <= fetch.end_time_unix_nano
        assert attributes(whole) == {
            "featurewatch.service": "market",
            "featurewatch.extractor": "technical",
            "featurewatch.outcome": "success",
            "featurewatch.served_from": "cache",
        }
        assert attributes(fetch)["featurewatch.stage"] == "fetch"
        assert received.resources()[0]["service.name"] == "market"
        assert received.headers[0]["x-token"] == "t"
        assert (items(registry, "offered"), items(registry, "sent"), items(registry, "failed")) == (2, 2, 0)


def test_an_error_shows_its_class_and_never_its_message() -> None:
    registry = Registry()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        monitor = monitor_of(registry, otlp)

        @monitor.measure
        def extract() -> None:
            raise ValueError("price=42.17")

        with pytest.raises(ValueError, match="price"):
            extract()
        with monitor.extraction() as extraction:
            extraction.failed("StaleInput")
        otlp.close()
        raised, marked = received.spans()
        assert attributes(raised)["error.type"] == "ValueError"
        assert raised.status.code == 2
        assert "42.17" not in str(raised)
        assert attributes(marked)["error.type"] == "StaleInput"
        assert attributes(marked)["featurewatch.outcome"] == "error"


def test_coroutines_each_have_a_span_of_their_own_and_cancelled_ones_are_no_errors() -> None:
    registry = Registry()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        monitor = monitor_of(registry, otlp)

        @monitor.measure
        async def extract(seconds: float) -> str:
            await asyncio.sleep(seconds)
            return f"{get_current_span().get_span_context().span_id:016x}"

        async def run() -> list[str]:
            late = asyncio.create_task(extract(60))
            found = await asyncio.gather(*(extract(0.01) for _ in range(5)))
            late.cancel()
            await asyncio.gather(late, return_exceptions=True)
            return found

        inside = asyncio.run(run())
        assert not get_current_span().get_span_context().is_valid
        otlp.close()
        by_outcome: dict[str, set[str]] = {}
        for span in received.spans():
            by_outcome.setdefault(attributes(span)["featurewatch.outcome"], set()).add(span.span_id.hex())
            assert span.status.code == 0
            assert span.kind == SpanKind.INTERNAL.value + 1
        assert by_outcome["success"] == set(inside)
        assert len(by_outcome["cancelled"]) == 1


def test_a_share_of_traces_is_sampled_and_a_decision_made_elsewhere_is_kept() -> None:
    registry = Registry()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        monitor = monitor_of(registry, otlp, sample=0.25)
        for _ in range(1000):
            with monitor.extraction():
                pass
        offered = items(registry, "offered")
        assert 150 < offered < 350
        parent = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        from opentelemetry.context import attach, detach

        token = attach(propagate.extract(parent))
        with monitor.extraction():
            pass
        detach(token)
        otlp.close()
        assert items(registry, "sent") == offered + 1
        ours = [span for span in received.spans() if span.trace_id.hex() == parent["traceparent"][3:35]]
        assert [span.parent_span_id.hex() for span in ours] == ["00f067aa0ba902b7"]


def test_session_and_model_ids_travel_as_baggage_and_nothing_else_of_it_is_shown() -> None:
    registry = Registry()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        monitor = monitor_of(registry, otlp)
        with carrying(session="s-1", model="m-7"):
            headers: dict[str, str] = {}
            propagate.inject(headers)
        assert sorted(headers["baggage"].split(",")) == ["model.id=m-7", "session.id=s-1"]
        headers["baggage"] += ",secret=x"
        from opentelemetry.context import attach, detach

        token = attach(propagate.extract(headers))
        with monitor.extraction(), monitor.stage("fetch"):
            pass
        detach(token)
        otlp.close()
        for span in received.spans():
            shown = attributes(span)
            assert (shown["session.id"], shown["model.id"]) == ("s-1", "m-7")
            assert "secret" not in shown
        assert len(received.spans()) == 2


def _seconds_per_extraction(monitor: ExtractionMonitor) -> float:
    rounds = []
    for _ in range(40):
        started = time.perf_counter()
        for _ in range(50):
            with monitor.extraction():
                pass
        rounds.append((time.perf_counter() - started) / 50)
    return median(rounds)


@BOTH
@pytest.mark.parametrize("mood", ["refusing", "hanging"])
def test_an_endpoint_that_is_down_or_hangs_does_not_touch_extraction(protocol: Protocol, mood: str) -> None:
    with receiving(protocol) as good, receiving(protocol, hanging=True) as bad:
        down = f"http://127.0.0.1:{free_port()}"
        seconds, registries = {}, {}
        for name, address in (("good", good.address), ("bad", bad.address if mood == "hanging" else down)):
            registry = registries[name] = Registry()
            patience = {"good": 30.0, "bad": 0.5}[name]  # a busy machine may need seconds for what is in order
            otlp = Otlp(address, service="market", registry=registry, protocol=protocol, timeout=patience)
            monitor = monitor_of(registry, otlp)
            seconds[name] = _seconds_per_extraction(monitor)
            if name == "bad":
                until(lambda: items(registries["bad"], "failed") > 0, "a failure is counted")
            started = time.monotonic()
            otlp.close(timeout=6 * patience)
            assert time.monotonic() - started < 10 or name == "good"
            assert value(registry, names.EXTRACTION_DURATION + "_count", served_from="compute") == 2000
            assert value(registry, names.INTERNAL_ERRORS) == 0
        assert items(registries["good"], "sent") == 2000
        assert items(registries["bad"], "offered") == 2000
        assert items(registries["bad"], "sent") == 0
        assert seconds["bad"] < seconds["good"] * 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"endpoint": "localhost:4318"}, "http://"),
        ({"protocol": "tcp"}, "http or grpc"),
        ({"timeout": 0}, "timeout"),
        ({"service": ""}, "service"),
    ],
)
def test_what_cannot_be_sent_to_is_refused_by_name(arguments: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"endpoint": "http://x", "service": "market", "registry": Registry(), **arguments}
    with pytest.raises(ValueError, match=said):
        Otlp(**given)  # type: ignore[arg-type]


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Otlp("http://x", service="s", registry=Registry()).traces(sample=10)


def test_without_opentelemetry_extraction_works_and_otlp_says_what_to_install(tmp_path: Path) -> None:
    root = str(Path(featurewatch.__file__).parent.parent)
    code = """
import featurewatch
registry = featurewatch.Registry()
monitor = featurewatch.ExtractionMonitor("t", service="s", registry=registry, observers=[featurewatch.ExtractionLog()])
with monitor.extraction():
    pass
try:
    featurewatch.Otlp("http://127.0.0.1:4318", service="s", registry=registry)
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", code],
        env={"PYTHONPATH": root},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'featurewatch[otel]'" in done.stdout
