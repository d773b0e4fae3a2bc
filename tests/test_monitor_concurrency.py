"""No sample is lost or counted twice: with threads, tasks, signals and processes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from tests.exposed import counts, monitored, samples_of, value

import featurewatch
from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.measure.exposition import TextExposition
from featurewatch.measure.histogram import Histogram

THREADS = 8


@pytest.fixture
def _impatient_interpreter() -> Iterator[None]:
    """Switch threads as often as possible, so that every gap between two steps is hit."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_impatient_interpreter")
def test_eight_threads_and_scrapes_at_the_same_time_lose_nothing_and_no_scrape_goes_backwards() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, buffer=16)
    calls = 6000
    sources: tuple[names.ServedFrom, ...] = ("compute", "cache", "fallback")

    @monitor.measure
    def extract(number: int) -> None:
        if number % 4 == 3:
            raise TimeoutError
        if number % 4:
            featurewatch.served_from(sources[number % 4])

    def work() -> None:
        for number in range(calls):
            with contextlib.suppress(TimeoutError):
                extract(number)
            monitor.record(0.1, served_from=sources[number % 3])

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    texts: list[list[str]] = [[], []]
    done = threading.Event()

    def scrape(into: list[str]) -> None:
        exposition = TextExposition(registry)
        while not done.is_set():
            into.append(exposition.render())

    scrapers = [threading.Thread(target=scrape, args=(into,)) for into in texts]
    for thread in (*scrapers, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    for thread in scrapers:
        thread.join()
    each = THREADS * calls // 4
    recorded = THREADS * calls // 3
    assert counts(registry) == {
        ("compute", "success"): each + recorded,
        ("cache", "success"): each + recorded,
        ("fallback", "success"): each + recorded,
        ("none", "error"): each,
    }
    assert value(registry, names.EXTRACTION_ERRORS, error_type="TimeoutError") == each
    for seen in texts:
        assert len(seen) > 1
        # Parsing is slow; a spread of scrapes that holds the first and the last shows any step backwards.
        chosen = [*seen[:: max(1, len(seen) // 20)], seen[-1]]
        for earlier, later in zip(map(samples_of, chosen[:-1]), map(samples_of, chosen[1:]), strict=True):
            assert earlier.keys() <= later.keys()
            assert [key for key in earlier if later[key] < earlier[key]] == []


@pytest.mark.usefixtures("_impatient_interpreter")
def test_the_buffer_never_holds_more_than_its_capacity_and_one_sample_per_thread() -> None:
    histogram = Histogram((), (0.1,), refused=lambda *_: None, trouble=lambda _: None, capacity=32)
    longest = [0] * THREADS

    def work(index: int) -> None:
        for _ in range(20_000):
            histogram.append(0.05)
            length = len(histogram.buffer)
            longest[index] = max(longest[index], length)
            if length >= histogram.capacity:
                histogram.fold()

    workers = [threading.Thread(target=work, args=(index,)) for index in range(THREADS)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert max(longest) <= 32 + THREADS
    assert histogram.read().cumulative == (THREADS * 20_000,) * 2


def test_tasks_that_are_cancelled_are_counted_as_cancelled_and_marks_stay_with_their_task() -> None:
    registry, monitor = monitored()

    @monitor.measure
    async def extract(source: names.ServedFrom, pause: float) -> None:
        featurewatch.served_from(source)
        await asyncio.sleep(pause)

    async def run() -> None:
        draw = random.Random(3)
        kinds: list[names.ServedFrom] = ["compute", "cache", "fallback"]
        tasks = [asyncio.create_task(extract(kinds[n % 3], draw.random() / 100)) for n in range(900)]
        doomed = [asyncio.create_task(extract("cache", 60)) for _ in range(50)]
        await asyncio.gather(*tasks)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)

    asyncio.run(run())
    assert counts(registry) == {
        ("compute", "success"): 300,
        ("cache", "success"): 300,
        ("fallback", "success"): 300,
        ("none", "cancelled"): 50,
    }


def test_a_signal_handler_that_measures_never_blocks_the_fold_it_interrupts() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, buffer=4)
    handled = 0

    def handler(*received: object) -> None:
        nonlocal handled
        handled += 1
        for _ in range(5):
            monitor.record(0.1)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    made = 0
    try:
        while handled < 200:
            monitor.record(0.1)
            made += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert counts(registry) == {("compute", "success"): made + 5 * handled}


def test_an_interrupt_in_the_middle_of_a_fold_loses_nothing() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, buffer=4)
    interrupts = 0

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    made = 0
    before = signal.signal(signal.SIGALRM, interrupt)
    append = monitor._outcomes.successes["compute"][0]
    buffer, fold = monitor._outcomes.successes["compute"][1:]
    try:
        while interrupts < 200:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0003)
                while True:
                    # One step that either happens or does not: the count is kept by the list itself.
                    buffer.extend((0.1,) * 4)
                    made += 4
                    fold()
            except KeyboardInterrupt:
                interrupts += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert append.__self__ is buffer  # type: ignore[attr-defined]
    total = sum(counts(registry).values())
    # An interrupt between extend and `made += 4` leaves four samples that `made` does not know of.
    assert made <= total <= made + 4 * interrupts


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_counts_from_zero_and_the_parent_loses_nothing() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, in_progress=True)
    for _ in range(10):
        monitor.record(0.1)  # still in the buffer when the fork happens
    monitor.record(0.1, error="E")
    read_end, write_end = os.pipe()
    with monitor.extraction():
        child = _fork()
        if child == 0:
            os.close(read_end)
            monitor.record(0.2)
            text = TextExposition(registry).render()
            os.write(write_end, text.encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        seen = samples_of(pipe.read())
    assert os.waitpid(child, 0)[1] == 0
    label = frozenset(
        {
            (names.SERVICE, "s"),
            (names.EXTRACTOR, "technical"),
            (names.SERVED_FROM, "compute"),
            (names.OUTCOME, "success"),
        }
    )
    assert seen[names.EXTRACTION_DURATION + "_count", label] == 1
    assert seen[names.EXTRACTION_DURATION + "_sum", label] == 0.2
    assert sum(number for (name, _), number in seen.items() if name == names.EXTRACTIONS_IN_PROGRESS) == 0
    assert sum(number for (name, _), number in seen.items() if name == names.EXTRACTION_ERRORS) == 0
    assert counts(registry) == {("compute", "success"): 11, ("none", "error"): 1}


@pytest.mark.usefixtures("_impatient_interpreter")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_other_threads_fold_can_measure_and_scrape() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, buffer=64)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            monitor.record(0.1)
            monitor.record(0.1, error="E")

    workers = [threading.Thread(target=work) for _ in range(3)]
    for thread in workers:
        thread.start()
    statuses = []
    try:
        for _ in range(20):
            child = _fork()
            if child == 0:
                signal.alarm(10)  # a child that hangs is killed, which is what this test looks for
                monitor.record(0.1, error="F")
                os._exit(0 if value(registry, names.EXTRACTION_ERRORS, error_type="F") == 1 else 1)
            statuses.append(os.waitpid(child, 0)[1])
            if statuses[-1]:
                break
    finally:
        stop.set()
        for thread in workers:
            thread.join()
    assert statuses == [0] * 20


def _fork() -> int:
    import warnings

    with warnings.catch_warnings():
        # Python 3.12 warns of a fork with threads running; that it works here is the point.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


REGISTRY = Registry()
MONITOR = ExtractionMonitor("pooled", service="s", registry=REGISTRY)


@MONITOR.measure
def pooled(number: int) -> float:
    return value(REGISTRY, names.EXTRACTION_DURATION + "_count", served_from="compute")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_measured_function_can_be_sent_to_a_process_pool_whose_workers_count_for_themselves(method: str) -> None:
    pooled(0)
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(pooled, range(5))) == [0, 1, 2, 3, 4]
    assert value(REGISTRY, names.EXTRACTION_DURATION + "_count", served_from="compute") >= 1


def test_a_registry_that_nobody_uses_any_more_is_freed() -> None:
    from featurewatch.measure import fork

    gc.collect()
    before = len(fork._living)
    for _ in range(10):
        monitored()
    gc.collect()
    assert len(fork._living) <= before


def test_importing_featurewatch_starts_and_loads_nothing_of_the_measuring(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys, threading, featurewatch; "
        "loaded = [m for m in sys.modules if m.startswith('featurewatch.')]; "
        "assert loaded == [], loaded; assert threading.active_count() == 1; "
        "featurewatch.ExtractionMonitor('e', service='s', registry=featurewatch.Registry()); "
        "foreign = [m for m in ('prometheus_client', 'numpy', 'asyncio', 'http.server') if m in sys.modules]; "
        "assert foreign == [], foreign"
    )
    root = str(Path(featurewatch.__file__).parent.parent)
    subprocess.run([sys.executable, "-S", "-c", code], env={"PYTHONPATH": root}, cwd=tmp_path, check=True)
