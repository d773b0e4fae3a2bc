"""Stages, fresh inputs, payloads and observers: what else there is to say of an extraction."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from tests.exposed import exposed, monitored, parsed_openmetrics, value

import featurewatch
from featurewatch import Extraction, ExtractionMonitor, Registry, names
from featurewatch.measure.observer import Ended, Work


def stage_count(registry: Registry, stage: str) -> float:
    return value(registry, names.STAGE_DURATION + "_count", stage=stage)


class Listening:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str | None, str | None, str | None]] = []
        self.seconds: list[float] = []

    def begin(self, work: Work, /) -> object:
        self.heard.append(("begin", work.stage, None, None))
        return len(self.heard)

    def end(self, begun: object, work: Work, ended: Ended, /) -> None:
        assert isinstance(begun, int)
        said = ended.served_from if ended.outcome == "success" else ended.error_type
        self.heard.append(("end", work.stage, ended.outcome, said))
        self.seconds.append(ended.seconds)


def test_each_stage_is_a_sample_and_an_exception_goes_on_and_counts() -> None:
    registry, monitor = monitored()
    with monitor.extraction():
        with monitor.stage("fetch"):
            pass
        with pytest.raises(TimeoutError), monitor.stage("model"):
            raise TimeoutError
        with pytest.raises(asyncio.CancelledError), monitor.stage("model"):
            raise asyncio.CancelledError
    assert stage_count(registry, "fetch") == 1
    assert stage_count(registry, "model") == 2
    assert value(registry, names.STAGE_ERRORS, stage="fetch") == 0
    assert value(registry, names.STAGE_ERRORS, stage="model") == 1


def test_stages_lie_within_each_other_and_in_tasks_without_mixing() -> None:
    registry, monitor = monitored()

    async def one(pause: float) -> None:
        async with monitor.stage("outer"):
            await asyncio.sleep(pause)
            async with monitor.stage("inner"):
                await asyncio.sleep(pause)

    async def run() -> None:
        await asyncio.gather(*(one(0.01) for _ in range(40)))

    asyncio.run(run())
    assert stage_count(registry, "outer") == stage_count(registry, "inner") == 40
    outer = value(registry, names.STAGE_DURATION + "_sum", stage="outer")
    assert outer > value(registry, names.STAGE_DURATION + "_sum", stage="inner") > 0.3


def test_threads_lose_no_stage() -> None:
    registry, monitor = monitored()

    def work() -> None:
        for _ in range(3000):
            with monitor.stage("fetch"):
                pass

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        exposed(registry)
    assert stage_count(registry, "fetch") == 18_000


def test_declared_stages_exist_from_the_start_and_too_many_become_other() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, stages=("fetch", "model"))
    assert stage_count(registry, "fetch") == stage_count(registry, "model") == 0
    for number in range(30):
        with monitor.stage(f"made-up-{number}"):
            pass
    with monitor.stage("fetch"):
        pass
    assert stage_count(registry, "other") == 12
    assert value(registry, names.LABEL_VALUES_FOLDED) == 12
    assert stage_count(registry, "fetch") == 1
    assert len([key for key in exposed(registry) if key[0] == names.STAGE_DURATION + "_count"]) == 21


def test_a_stage_whose_name_is_no_text_still_runs(caplog: pytest.LogCaptureFixture) -> None:
    registry, monitor = monitored()

    class Strange:
        def __str__(self) -> str:
            raise OSError

    ran = []
    with monitor.stage(Strange()):  # type: ignore[arg-type]  # the mistake under test
        ran.append(1)
    with monitor.stage(["list"]):  # type: ignore[arg-type]
        ran.append(2)
    assert ran == [1, 2]
    assert value(registry, names.INTERNAL_ERRORS) == 1
    assert len(caplog.records) == 1


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(min_value=0, max_value=20), max_size=400))
def test_stage_buckets_equal_those_of_prometheus_client(durations: list[float]) -> None:
    now = 0.0
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry, clock=lambda: now, stages=("fetch",), buffer=64)
    theirs = CollectorRegistry()
    histogram = Histogram("h", "H.", registry=theirs, buckets=names.DURATION_EDGES_SECONDS)
    for duration in durations:
        now = 0.0
        with monitor.stage("fetch"):
            now = duration
        histogram.observe(duration)
    found = exposed(registry)
    ours = {dict(labels)["le"]: n for (name, labels), n in found.items() if name == names.STAGE_DURATION + "_bucket"}
    edges = (*map(str, names.DURATION_EDGES_SECONDS), "+Inf")
    assert ours == {edge: theirs.get_sample_value("h_bucket", {"le": edge}) for edge in edges}
    (total,) = [n for (name, _), n in found.items() if name == names.STAGE_DURATION + "_sum"]
    assert math.isclose(total, theirs.get_sample_value("h_sum") or 0.0, rel_tol=1e-12)


def test_the_newest_input_counts_whichever_way_it_was_said() -> None:
    registry, monitor = monitored()
    now = datetime.now(UTC)
    monitor.saw_input(now - timedelta(seconds=30))
    monitor.saw_input((now - timedelta(seconds=90)).timestamp())
    monitor.saw_input(now - timedelta(days=2), "fundamentals")
    assert value(registry, names.NEWEST_INPUT, input="all") == pytest.approx(now.timestamp() - 30)
    assert value(registry, names.NEWEST_INPUT, input="fundamentals") == pytest.approx(now.timestamp() - 172_800)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (math.nan, "nan"),
        (-1.0, "negative"),
        ("yesterday", "type"),
        (None, "type"),
        (datetime(2026, 1, 1), "naive"),  # noqa: DTZ001 - the mistake under test
        (datetime.now(UTC) + timedelta(hours=1), "future"),
    ],
)
def test_what_is_no_time_stamp_is_refused_and_counted(wrong: float, reason: str) -> None:
    registry, monitor = monitored()
    monitor.saw_input(wrong)
    assert not [key for key in exposed(registry) if key[0] == names.NEWEST_INPUT]
    assert value(registry, names.OBSERVATIONS_REFUSED, reason=reason) == 1
    assert value(registry, names.INTERNAL_ERRORS) == 0


def test_payload_sizes_are_kept_by_direction_where_given() -> None:
    registry, monitor = monitored()
    monitor.payload(received=1000)
    monitor.payload(received=64, sent=5000)
    assert value(registry, names.EXTRACTION_PAYLOAD + "_sum", direction="input") == 1064
    assert value(registry, names.EXTRACTION_PAYLOAD + "_bucket", direction="input", le="64.0") == 1
    assert value(registry, names.EXTRACTION_PAYLOAD + "_count", direction="output") == 1
    assert parsed_openmetrics(registry)[names.EXTRACTION_PAYLOAD] == "histogram"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_counts_its_own_stages_and_knows_the_newest_input() -> None:
    registry, monitor = monitored()
    with monitor.stage("fetch"):
        pass
    monitor.saw_input(1e9)
    child = os.fork()
    if child == 0:
        with monitor.stage("fetch"), monitor.stage("new"):
            pass
        good = stage_count(registry, "fetch") == stage_count(registry, "new") == 1
        os._exit(0 if good and value(registry, names.NEWEST_INPUT) == 1e9 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert stage_count(registry, "fetch") == 1


def observed() -> tuple[Listening, Registry, ExtractionMonitor]:
    listening, registry = Listening(), Registry()
    return listening, registry, ExtractionMonitor("technical", service="s", registry=registry, observers=[listening])


def test_observers_hear_of_extractions_and_stages_in_order_and_how_they_ended() -> None:
    listening, registry, monitor = observed()

    @monitor.measure
    def extract(number: int) -> int:
        with monitor.stage("fetch"):
            featurewatch.served_from("cache")
        if number > 1:
            raise TimeoutError
        return number

    assert extract(1) == 1
    with pytest.raises(TimeoutError):
        extract(number=2)
    inner = [("begin", "fetch", None, None), ("end", "fetch", "success", "none")]
    assert listening.heard == [
        ("begin", None, None, None),
        *inner,
        ("end", None, "success", "cache"),
        ("begin", None, None, None),
        *inner,
        ("end", None, "error", "TimeoutError"),
    ]
    assert all(seconds >= 0 for seconds in listening.seconds)
    assert value(registry, names.EXTRACTION_DURATION + "_count", served_from="cache") == 1
    assert value(registry, names.EXTRACTION_ERRORS, error_type="TimeoutError") == 1


def test_every_way_to_measure_is_observed() -> None:
    listening, registry, monitor = observed()

    @monitor.measure(mark=True, served_from="fallback")
    def marked(extraction: Extraction, number: int) -> int:
        if number:
            extraction.failed("Stale")
        return number

    @monitor.measure(served_from="fallback")
    async def waiting(number: int) -> int:
        await asyncio.sleep(0)
        featurewatch.served_from("compute")
        return number

    assert (marked(0), marked(1), asyncio.run(waiting(3))) == (0, 1, 3)
    with monitor.extraction() as extraction:
        extraction.served_from = "cache"
    with pytest.raises(asyncio.CancelledError), monitor.extraction():
        raise asyncio.CancelledError
    assert [end[2:] for end in listening.heard if end[0] == "end"] == [
        ("success", "fallback"),
        ("error", "Stale"),
        ("success", "compute"),
        ("success", "cache"),
        ("cancelled", None),
    ]
    assert value(registry, names.EXTRACTION_DURATION + "_count", outcome="cancelled") == 1
    with pytest.raises(TypeError):
        waiting()  # type: ignore[call-arg, unused-coroutine]
    assert len(listening.heard) == 10


def test_an_observer_that_fails_disturbs_neither_caller_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Listening):
        def __init__(self, at_begin: bool) -> None:
            super().__init__()
            self.at_begin = at_begin

        def begin(self, work: Work, /) -> object:
            if self.at_begin:
                raise OSError
            return None

        def end(self, begun: object, work: Work, ended: Ended, /) -> None:
            raise OSError

    listening, registry = Listening(), Registry()
    observers = [Failing(True), listening, Failing(False)]
    monitor = ExtractionMonitor("technical", service="s", registry=registry, observers=observers)
    for _ in range(3):
        with monitor.extraction(), monitor.stage("fetch"):
            pass
    assert len(listening.heard) == 12
    assert value(registry, names.INTERNAL_ERRORS) == 12
    assert len(caplog.records) == 1
    assert stage_count(registry, "fetch") == 3
