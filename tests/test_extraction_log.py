"""Log records of extractions, as JSON and over OTLP: extractor, outcome, trace; never what was computed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from tests.exposed import value
from tests.otlp_receiver import attributes, receiving

from featurewatch import ExtractionLog, ExtractionMonitor, Otlp, Registry, names
from featurewatch.measure.extraction_log import JsonFormatter
from featurewatch.measure.tracing import Spans


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    logger = logging.Logger("test.extractions")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def monitor_with(*observers: Any) -> ExtractionMonitor:
    return ExtractionMonitor("technical", service="market", registry=Registry(), observers=observers)


def test_a_failure_is_one_line_of_json_with_its_trace(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    monitor = monitor_with(Spans(TracerProvider().get_tracer("t")), ExtractionLog(logger))
    with pytest.raises(ValueError, match="price"), monitor.extraction(), monitor.stage("fetch"):
        raise ValueError("price=42.17")
    (line,) = lines(stream)
    assert line["service"] == "market"
    assert line["extractor"] == "technical"
    assert line["outcome"] == "error"
    assert line["error_type"] == "ValueError"
    assert line["level"] == "WARNING"
    assert line["duration_seconds"] > 0
    assert len(line["trace_id"]) == 32
    assert len(line["span_id"]) == 16
    assert line["time"].endswith("+00:00")
    assert "42.17" not in stream.getvalue()


def test_successes_are_told_only_when_asked_for_or_slow(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    ticks = iter((0.0, 0.01, 0.01, 1.0, 1.3, 1.3))
    monitor = ExtractionMonitor(
        "technical",
        service="market",
        registry=Registry(),
        observers=[ExtractionLog(logger, slower_than=0.2)],
        clock=lambda: next(ticks),
    )
    for _ in range(2):
        with monitor.extraction() as extraction:
            extraction.served_from = "cache"
    (line,) = lines(stream)
    assert (line["outcome"], line["served_from"], line["level"]) == ("success", "cache", "INFO")
    assert line["duration_seconds"] == pytest.approx(0.3)


def test_a_storm_of_failures_is_cut_off_and_says_how_many_were(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    now = 5.0
    log = ExtractionLog(logger, most_per_second=3, clock=lambda: now)
    monitor = monitor_with(log)
    for _ in range(10):
        with monitor.extraction() as extraction:
            extraction.failed("TimeoutError")
    assert len(lines(stream)) == 3
    now = 6.0
    with monitor.extraction() as extraction:
        extraction.failed("TimeoutError")
    assert lines(stream)[-1]["suppressed"] == 7


def test_stages_are_told_when_asked_for(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    monitor = monitor_with(ExtractionLog(logger, stages=True, every=True))
    with monitor.extraction(), monitor.stage("fetch"):
        pass
    stage, whole = lines(stream)
    assert (stage["stage"], stage["outcome"]) == ("fetch", "success")
    assert "stage" not in whole


def test_other_records_keep_their_shape_and_show_the_class_of_their_exception_only(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = written
    try:
        raise KeyError("secret")
    except KeyError:
        logger.exception("lookup of %s failed", "a key")
    (line,) = lines(stream)
    assert (line["message"], line["error_type"]) == ("lookup of a key failed", "KeyError")
    assert "secret" not in stream.getvalue()


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_records_arrive_over_otlp_in_the_trace_of_their_extraction(protocol: Any) -> None:
    registry = Registry()
    logger = logging.Logger("featurewatch.extractions")
    with (
        receiving(protocol) as received,
        Otlp(received.address, service="market", registry=registry, protocol=protocol) as otlp,
    ):
        logger.addHandler(otlp.logs())
        monitor = ExtractionMonitor(
            "technical", service="market", registry=registry, observers=[otlp.traces(), ExtractionLog(logger)]
        )
        with pytest.raises(ValueError, match="price"), monitor.extraction():
            raise ValueError("price=42.17")
        otlp.close()
        (record,), (span,) = received.logs(), received.spans()
        assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
        assert record.severity_text == "WARNING"
        assert record.severity_number == 13
        assert record.body.string_value.startswith("extraction technical: error in ")
        said = attributes(record)
        assert (said["extractor"], said["outcome"], said["error_type"]) == ("technical", "error", "ValueError")
        assert "42.17" not in str(record)
        assert value(registry, names.OTLP_ITEMS, signal="logs", result="sent") == 1


def test_a_limit_below_one_record_a_second_is_refused() -> None:
    with pytest.raises(ValueError, match="most_per_second"):
        ExtractionLog(most_per_second=0)
