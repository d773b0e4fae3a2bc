"""Batches: every one that begins ends in exactly one place, or is reaped and counted."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exposed import exposed, parsed_openmetrics, value

from featurewatch import BatchMonitor, Registry, names


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def batches(registry: Registry, outcome: str) -> float:
    return value(registry, names.BATCH_DURATION + "_count", outcome=outcome)


def items(registry: Registry, outcome: str) -> float:
    return value(registry, names.BATCH_SIZE + "_sum", outcome=outcome)


def test_size_wait_duration_utilisation_and_throughput_of_a_batch() -> None:
    clock, registry = Clock(), Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry, capacity=32, clock=clock)
    with monitor.begin(8, waited=[0.01, 0.02, 0.03]):
        clock.now = 0.5
        assert value(registry, names.BATCHES_IN_PROGRESS) == 1
    with monitor.begin(32, waited=0.04):
        pass
    assert value(registry, names.BATCHES_IN_PROGRESS) == 0
    assert (batches(registry, "success"), items(registry, "success")) == (2, 40)
    assert value(registry, names.BATCH_DURATION + "_sum", outcome="success") == 0.5
    assert value(registry, names.BATCH_WAIT + "_sum") == pytest.approx(0.1)
    assert value(registry, names.BATCH_WAIT + "_count") == 4
    assert value(registry, names.BATCH_UTILISATION + "_sum") == 1.25
    assert value(registry, names.BATCH_CAPACITY) == 32
    assert parsed_openmetrics(registry)[names.BATCH_UTILISATION] == "histogram"


def test_a_failed_batch_counts_its_items_as_failed_and_its_error_by_type() -> None:
    registry = Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry)
    with pytest.raises(TimeoutError), monitor.begin(4):
        raise TimeoutError
    with pytest.raises(asyncio.CancelledError), monitor.begin(2):
        raise asyncio.CancelledError
    monitor.begin(3).end("Rejected")
    assert (batches(registry, "error"), items(registry, "error")) == (2, 7)
    assert batches(registry, "cancelled") == 1
    assert value(registry, names.BATCH_ERRORS, error_type="TimeoutError") == 1
    assert value(registry, names.BATCH_ERRORS, error_type="Rejected") == 1


def test_a_batch_that_never_ends_is_reaped_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    clock, registry = Clock(), Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry, longest=10, clock=clock)
    lost = [monitor.begin(1) for _ in range(3)]
    clock.now = 9.0
    fresh = monitor.begin(2)
    clock.now = 10.5
    assert value(registry, names.BATCHES_REAPED) == 3
    assert value(registry, names.BATCHES_IN_PROGRESS) == 1
    lost[0].end()
    fresh.end()
    fresh.end()
    assert (batches(registry, "late"), batches(registry, "success")) == (1, 1)
    assert value(registry, names.BATCHES_REAPED) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.long
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(["begin", "end", "fail", "wait"]), st.integers(0, 30)), max_size=80))
def test_batches_begun_are_those_ended_in_progress_and_reaped(steps: Sequence[tuple[str, int]]) -> None:
    clock, registry = Clock(), Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry, longest=20, clock=clock)
    running = []
    begun = 0
    for step, number in steps:
        if step == "begin":
            running.append(monitor.begin(number))
            begun += 1
        elif step == "wait":
            clock.now += number
        elif running:
            running.pop(number % len(running)).end("E" if step == "fail" else None)
        found = {key[0]: n for key, n in exposed(registry).items() if key[0].startswith("featurewatch_batches")}
        ended = sum(batches(registry, outcome) for outcome in ("success", "error", "cancelled"))
        assert begun == ended + found[names.BATCHES_IN_PROGRESS] + found[names.BATCHES_REAPED]
        assert batches(registry, "late") <= found[names.BATCHES_REAPED]


def test_functions_and_coroutine_functions_of_a_list_are_batches_of_its_length() -> None:
    registry = Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry)

    class Model:
        @monitor.measure
        def predict(self, rows: list[int]) -> list[int]:
            return rows

        @monitor.measure
        async def predict_later(self, rows: list[int]) -> list[int]:
            await asyncio.sleep(0.05)
            return rows

    model = Model()

    async def run() -> None:
        await asyncio.gather(*(model.predict_later([1] * 10) for _ in range(5)))

    assert model.predict([1, 2, 3]) == [1, 2, 3]
    assert model.predict(rows=[1, 2]) == [1, 2]
    asyncio.run(run())
    assert (batches(registry, "success"), items(registry, "success")) == (7, 55)
    assert value(registry, names.BATCH_DURATION + "_sum", outcome="success") >= 0.2
    with pytest.raises(TypeError, match="generator"):
        monitor.measure(lambda rows: (yield rows))


def test_batches_of_many_threads_are_all_counted() -> None:
    registry = Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry, capacity=10)

    def work(seed: int) -> None:
        draw = random.Random(seed)
        open_ones = []
        for _ in range(1500):
            open_ones.append(monitor.begin(2, waited=0.001))
            if draw.random() < 0.5:
                open_ones.pop(draw.randrange(len(open_ones))).end()
        for batch in open_ones:
            batch.end()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        exposed(registry)
    assert (batches(registry, "success"), items(registry, "success")) == (6000, 12_000)
    assert value(registry, names.BATCHES_IN_PROGRESS) == value(registry, names.BATCHES_REAPED) == 0
    assert value(registry, names.BATCH_WAIT + "_count") == 6000


def test_nonsense_is_refused_or_kept_from_the_caller() -> None:
    registry = Registry()
    for wrong in ({"capacity": 0}, {"longest": 0}, {"longest": float("nan")}, {"edges": (2.0, 1.0)}):
        with pytest.raises(ValueError, match=r"must"):
            BatchMonitor("predict", service="s", registry=Registry(), **wrong)
    monitor = BatchMonitor("predict", service="s", registry=registry, capacity=4)
    with monitor.begin("many", waited=[-1.0, float("nan")]):  # type: ignore[arg-type]
        pass
    assert batches(registry, "success") == 1
    assert value(registry, names.INTERNAL_ERRORS) == 1
    assert value(registry, names.OBSERVATIONS_REFUSED, reason="negative") == 1
    assert value(registry, names.OBSERVATIONS_REFUSED, reason="type") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_runs_none_of_its_parents_batches() -> None:
    registry = Registry()
    monitor = BatchMonitor("predict", service="s", registry=registry)
    with monitor.begin(1):
        child = os.fork()
        if child == 0:
            os._exit(int(value(registry, names.BATCHES_IN_PROGRESS)))
        assert os.waitpid(child, 0)[1] == 0
        assert value(registry, names.BATCHES_IN_PROGRESS) == 1
