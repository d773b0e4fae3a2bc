"""featurewatch is invisible when it fails, and counts it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
from tests.exposed import counts, monitored, value

from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.measure.family import Totals
from featurewatch.measure.histogram import Histogram


def broken_after(readings: int) -> Callable[[], float]:
    """A clock that gives so many readings and then fails."""

    def tick() -> Iterator[float]:
        for reading in range(readings):
            yield float(reading)

    ticks = tick()

    def clock() -> float:
        for reading in ticks:
            return reading
        raise OSError("the clock is gone")

    return clock


@pytest.mark.parametrize("readings", [0, 1])
def test_a_broken_clock_changes_neither_results_nor_exceptions(readings: int, caplog: pytest.LogCaptureFixture) -> None:
    def failing_monitor() -> tuple[Registry, ExtractionMonitor]:
        registry = Registry()
        return registry, ExtractionMonitor("e", service="s", registry=registry, clock=broken_after(readings))

    registry, monitor = failing_monitor()
    assert monitor.measure(lambda: "result")() == "result"
    assert value(registry, names.INTERNAL_ERRORS) == 1

    registry, monitor = failing_monitor()

    @monitor.measure
    async def extract() -> None:
        raise LookupError("the caller's own")

    with pytest.raises(LookupError, match="own"):
        asyncio.run(extract())
    assert value(registry, names.INTERNAL_ERRORS) == 1

    registry, monitor = failing_monitor()
    with monitor.extraction() as extraction:
        extraction.served_from = "cache"
    assert value(registry, names.INTERNAL_ERRORS) >= 1
    assert counts(registry) == {}
    assert "featurewatch failed inside and goes on: OSError" in caplog.text


def test_each_kind_of_inner_error_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry, clock=broken_after(0))

    @monitor.measure
    def extract() -> None: ...

    for _ in range(50):
        extract()
    assert value(registry, names.INTERNAL_ERRORS) == 50
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None


def test_a_logger_that_raises_is_kept_from_the_caller_as_well() -> None:
    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no log")

    handler = Raising()
    logging.getLogger("featurewatch").addHandler(handler)
    try:
        registry = Registry()
        monitor = ExtractionMonitor("e", service="s", registry=registry, clock=broken_after(0))
        assert monitor.measure(lambda: 1)() == 1
        monitor.record(0.1, served_from="nowhere")  # type: ignore[arg-type]
        assert value(registry, names.INTERNAL_ERRORS) == 2
    finally:
        logging.getLogger("featurewatch").removeHandler(handler)


def test_an_object_that_raises_when_it_is_compared_takes_no_other_sample_with_it() -> None:
    registry, monitor = monitored()

    class Sly(float):
        def __lt__(self, other: object) -> bool:
            raise RuntimeError("not today")

    for sample in (0.05, Sly(0.05), Sly(0.06), 0.07):
        monitor.record(sample)
    assert counts(registry) == {("compute", "success"): 2}
    assert value(registry, names.OBSERVATIONS_REFUSED, reason="type") == 2
    assert value(registry, names.INTERNAL_ERRORS) == 0


def test_samples_that_cannot_be_folded_are_dropped_and_counted_and_do_not_block_the_next() -> None:
    refused: list[tuple[str, int]] = []
    troubles: list[BaseException] = []

    class FailsOnce(Histogram):
        __slots__ = ("failed",)
        failed: bool

        def _with(self, samples: list[float]) -> Totals:
            if not hasattr(self, "failed"):
                self.failed = True
                raise MemoryError
            return super()._with(samples)

    histogram = FailsOnce((), (0.1,), refused=lambda *what: refused.append(what), trouble=troubles.append)
    histogram.append(0.05)
    histogram.append(0.05)
    assert histogram.read().cumulative == (0, 0)
    histogram.append(0.05)
    assert histogram.read().cumulative == (1, 1)
    assert refused == [("internal", 2)]
    assert [type(trouble) for trouble in troubles] == [MemoryError]


class CancelledLikeTrio(BaseException):
    pass


CancelledLikeTrio.__name__ = "Cancelled"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (asyncio.CancelledError, "cancelled"),
        (GeneratorExit, "cancelled"),
        (KeyboardInterrupt, "cancelled"),
        (SystemExit, "cancelled"),
        (CancelledLikeTrio, "cancelled"),
        (ValueError, "error"),
        (TimeoutError, "error"),
        (type("PanicException", (BaseException,), {}), "error"),
    ],
)
def test_only_a_caller_that_goes_away_is_a_cancellation(error: type[BaseException], outcome: str) -> None:
    registry, monitor = monitored()

    @monitor.measure
    def extract() -> None:
        raise error

    def block() -> None:
        with monitor.extraction():
            raise error

    for call in (extract, block):
        with pytest.raises(error):
            call()
    assert counts(registry) == {("none", outcome): 2}
