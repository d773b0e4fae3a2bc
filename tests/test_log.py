"""Lines of JSON about extractions, with nothing in them that was extracted."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from featurewatch import ExtractionMonitor, Registry
from featurewatch.measure.log import LOGGER, ExtractionLog, JsonLines

TRACE = "0af7651916cd43dd8448eb211c80319c"


@contextmanager
def lines(level: int = logging.DEBUG, *, values: bool = False) -> Iterator[list[dict[str, Any]]]:
    """What was written within the block, parsed; filled in at its end."""
    stream, found = io.StringIO(), list[dict[str, Any]]()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(values=values, trace_id=lambda: TRACE))
    root = logging.getLogger()
    before = root.level, logging.getLogger(LOGGER).level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger(LOGGER).setLevel(level)
    try:
        yield found
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        logging.getLogger(LOGGER).setLevel(before[1])
        found += [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(*, stages: bool = False) -> ExtractionMonitor:
    observers = [ExtractionLog(stages=stages, trace_id=lambda: TRACE)]
    return ExtractionMonitor("technical", service="s", registry=Registry(), observers=observers)


def test_each_extraction_is_a_line_with_extractor_outcome_and_trace() -> None:
    monitor = logged()

    @monitor.measure
    def extract(price: float) -> float:
        if price < 0:
            raise ValueError(f"price {price} is secret")
        return price

    with lines() as found:
        extract(4711.25)
        with pytest.raises(ValueError, match="secret"):
            extract(-4711.25)
    common = {"service": "s", "extractor": "technical", "trace_id": TRACE, "message": "extraction", "logger": LOGGER}
    assert [line for line in found if common.items() <= line.items()] == found
    assert [(line["level"], line["outcome"], line["served_from"]) for line in found] == [
        ("DEBUG", "success", "compute"),
        ("WARNING", "error", "none"),
    ]
    assert found[1]["error_type"] == "ValueError"
    assert found[0]["time"].endswith("+00:00")
    assert 0 <= found[0]["duration_seconds"] < 10
    assert "4711" not in json.dumps(found)
    assert "secret" not in json.dumps(found)


def test_a_level_chooses_which_outcomes_are_written() -> None:
    monitor = logged()
    with lines(logging.WARNING) as found:
        with monitor.extraction():
            pass
        with monitor.extraction() as extraction:
            extraction.failed("StaleInput")
    assert [line["error_type"] for line in found] == ["StaleInput"]


def test_other_records_say_within_which_extraction_and_stage_they_were_written() -> None:
    monitor = logged()
    own = logging.getLogger("my.code")

    async def one(number: int) -> None:
        async with monitor.extraction(), monitor.stage("fetch"):
            await asyncio.sleep(0.001)
            own.info("asked %s", number)

    async def run() -> None:
        await asyncio.gather(*(one(number) for number in range(5)))

    with lines(logging.CRITICAL) as found:
        asyncio.run(run())
        own.info("outside")
    inside = [line for line in found if line["message"] == "asked %s"]
    assert len(inside) == 5
    assert {(line["extractor"], line["stage"], line["trace_id"]) for line in inside} == {("technical", "fetch", TRACE)}
    (outside,) = [line for line in found if line["message"] == "outside"]
    assert "extractor" not in outside


def test_values_and_messages_of_exceptions_stay_inside_unless_asked_for() -> None:
    own = logging.getLogger("my.code")

    def write() -> None:
        try:
            raise KeyError("secret")
        except KeyError:
            own.exception("no feature %s", "secret")

    with lines() as closed:
        write()
    assert closed[0]["message"] == "no feature %s"
    assert closed[0]["exception"] == "KeyError"
    assert closed[0]["raised_at"][0].endswith("write")
    assert "secret" not in json.dumps(closed)
    with lines(values=True) as opened:
        write()
    assert opened[0]["message"] == "no feature secret"
    assert opened[0]["exception_message"] == "'secret'"


def test_stages_are_lines_when_asked_for() -> None:
    monitor = logged(stages=True)
    with lines() as found, monitor.extraction(), monitor.stage("model"):
        pass
    assert [(line["message"], line.get("stage")) for line in found] == [("stage", "model"), ("extraction", None)]


def test_the_trace_of_opentelemetry_is_found_by_itself() -> None:
    monitor = ExtractionMonitor("technical", service="s", registry=Registry(), observers=[ExtractionLog()])
    tracer = TracerProvider().get_tracer("test")
    with lines() as found:
        with tracer.start_as_current_span("request") as span, monitor.extraction():
            pass
        with monitor.extraction():
            pass
    assert found[0]["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert "trace_id" not in found[1]
