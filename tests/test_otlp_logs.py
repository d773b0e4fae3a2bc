"""Log records over OTLP: in the trace of their extraction, and without any value of it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.exposed import value
from tests.otlp_receiver import attributes, receiving

from featurewatch import ExtractionLog, ExtractionMonitor, Otlp, Registry, names


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_records_arrive_in_the_trace_of_their_extraction(protocol: Any) -> None:
    registry = Registry()
    logger = logging.Logger("featurewatch.extractions")
    with (
        receiving(protocol) as received,
        Otlp(received.address, service="market", registry=registry, protocol=protocol) as otlp,
    ):
        logger.addHandler(otlp.logs())
        monitor = ExtractionMonitor(
            "technical", service="market", registry=registry, observers=[otlp.traces(), ExtractionLog(logger=logger)]
        )

        @monitor.measure
        def extract(symbol: str) -> None:
            logger.warning("asked for %s", symbol)
            raise ValueError("price=42.17")

        with pytest.raises(ValueError, match="price"):
            extract("BTC")
        otlp.close()
        (asked, failed), (span,) = received.logs(), received.spans()
        for record in (asked, failed):
            assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
            assert (record.severity_text, record.severity_number) == ("WARNING", 13)
        assert asked.body.string_value == "asked for %s"
        said = attributes(failed)
        assert (said["extractor"], said["outcome"], said["error_type"]) == ("technical", "error", "ValueError")
        assert "42.17" not in str(received.requests)
        assert "BTC" not in str(received.requests)
        assert value(registry, names.OTLP_ITEMS, signal="logs", result="sent") == 2


def test_with_values_messages_are_filled_in_and_exceptions_stay_classes() -> None:
    registry = Registry()
    logger = logging.Logger("own")
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        logger.addHandler(otlp.logs(values=True))
        try:
            raise KeyError("secret")
        except KeyError:
            logger.exception("asked for %s", "BTC")
        otlp.close()
        (record,) = received.logs()
        assert record.body.string_value == "asked for BTC"
        assert attributes(record)["error.type"] == "KeyError"
        assert "secret" not in str(record)


def test_opentelemetrys_own_complaints_are_not_sent_round_in_circles() -> None:
    registry = Registry()
    with receiving("http") as received, Otlp(received.address, service="market", registry=registry) as otlp:
        logger = logging.Logger("opentelemetry.exporter")
        logger.addHandler(otlp.logs())
        logger.error("could not export")
        otlp.close()
        assert received.logs() == []
