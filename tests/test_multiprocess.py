"""Several real processes behind one page: nothing lost, nothing twice, never backwards, whoever dies."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from tests.exposed import counts, exposed, samples_of, value
from tests.native_sample import eventually
from tests.test_monitor_concurrency import _fork

from featurewatch import ExtractionMonitor, MultiprocessRegistry, gather_ended, names
from featurewatch.measure.counter import Gauge
from featurewatch.measure.exposition import TextExposition
from featurewatch.measure.family import Family
from featurewatch.measure.multiprocess_ended import ENDED

COUNT = names.EXTRACTION_DURATION + "_count"
THREADS = 8
SOURCES: tuple[names.ServedFrom, ...] = ("compute", "cache", "fallback")


def _service(folder: Path, interval: float = 60.0) -> tuple[MultiprocessRegistry, ExtractionMonitor]:
    """With an interval beyond the test's end, only folds, scrapes and ends of processes share anything."""
    registry = MultiprocessRegistry(folder, interval=interval)
    return registry, ExtractionMonitor("technical", service="s", registry=registry, native=True)


def _samples(seed: int, count: int) -> Iterator[tuple[float, names.ServedFrom]]:
    draw = random.Random(seed)
    for _ in range(count):
        yield draw.lognormvariate(-2.3, 0.7), draw.choice(SOURCES)


# --- the same samples, counted by prometheus_client ---------------------------------------------------------------
def _work(folder: Path, process: int, samples: int) -> None:
    registry, monitor = _service(folder, 0.01)

    def record(thread: int) -> None:
        for seconds, source in _samples(process * 100 + thread, samples):
            monitor.record(seconds, served_from=source)

    threads = [threading.Thread(target=record, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        TextExposition(registry).render()  # every process is scraped, as behind one port
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_eight_threads_in_each_of_three_processes_count_what_prometheus_client_counts(
    method: str, tmp_path: Path
) -> None:
    samples = 3_000
    registry, _ = _service(tmp_path)
    context: Any = multiprocessing.get_context(method)
    workers = [context.Process(target=_work, args=(tmp_path, number, samples)) for number in range(3)]
    for worker in workers:
        worker.start()
    pages = []
    while any(worker.is_alive() for worker in workers):
        pages.append(TextExposition(registry).render())
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    pages.append(TextExposition(registry).render())
    theirs = prometheus_client.CollectorRegistry()
    histogram = prometheus_client.Histogram(
        "h", "H.", ["source"], registry=theirs, buckets=names.DURATION_EDGES_SECONDS
    )
    for process in range(3):
        for thread in range(THREADS):
            for seconds, source in _samples(process * 100 + thread, samples):
                histogram.labels(source).observe(seconds)
    ours = exposed(registry)
    for family in theirs.collect():
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels = {names.SERVED_FROM: sample.labels["source"], names.OUTCOME: names.SUCCESS}
            if "le" in sample.labels:
                labels["le"] = sample.labels["le"]
            name = names.EXTRACTION_DURATION + sample.name.removeprefix("h")
            (found,) = (
                number
                for (candidate, pairs), number in ours.items()
                if candidate == name and labels.items() <= dict(pairs).items()
            )
            if name.endswith("_sum"):
                assert math.isclose(found, sample.value, rel_tol=1e-12)
            else:
                assert found == sample.value
    _never_backwards(pages)
    assert value(registry, names.PROCESSES_ENDED) == 3


def _never_backwards(pages: list[str]) -> None:
    assert len(pages) > 1
    chosen = [*pages[:: max(1, len(pages) // 20)], pages[-1]]
    for earlier, later in zip(map(samples_of, chosen[:-1]), map(samples_of, chosen[1:]), strict=True):
        assert {key for key in earlier if "_process" not in key[0]} <= later.keys()
        assert [
            key
            for key in earlier
            if key[0] not in (names.PROCESSES, names.PROCESS_FILES_IGNORED) and later[key] < earlier[key]
        ] == []


# --- process pools ------------------------------------------------------------------------------------------------
_pooled: dict[str, ExtractionMonitor] = {}


def _initialise(folder: Path) -> None:
    _pooled["monitor"] = _service(folder)[1]


def _extract(number: int) -> int:
    _pooled["monitor"].record(0.1)
    return number


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_process_pool_is_counted_to_the_last_call(method: str, tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context, initializer=_initialise, initargs=(tmp_path,)) as pool:
        assert list(pool.map(_extract, range(300))) == list(range(300))
    assert counts(registry) == {("compute", "success"): 301}
    assert value(registry, names.PROCESSES) == 1


def test_workers_forked_from_a_loaded_application_count_for_themselves(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path / "one")
    others = [_service(tmp_path / "two") for _ in range(3)]  # several in one process do not get in each other's way
    for other, its in others:
        its.record(0.1)
        other.share()
    for _ in range(10):
        monitor.record(0.1)
    children = []
    for _ in range(3):
        child = _fork()
        if child == 0:
            for _ in range(1000):
                monitor.record(0.2)
            registry.share()
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert counts(registry) == {("compute", "success"): 3010}


def test_whichever_process_is_asked_it_answers_for_all(tmp_path: Path) -> None:
    first, one = _service(tmp_path)
    second, two = _service(tmp_path)
    one.record(0.1, error="E")
    first.share()
    two.record(0.1)
    expected = {("compute", "success"): 1.0, ("none", "error"): 1.0}
    assert counts(second) == expected
    assert counts(first) == expected
    assert value(second, names.EXTRACTION_ERRORS, error_type="E") == 1
    assert value(first, names.PROCESSES) == value(second, names.PROCESSES) == 2


def test_what_a_quiet_process_has_buffered_is_shared_before_long(tmp_path: Path) -> None:
    registry, _ = _service(tmp_path)
    _, other = _service(tmp_path, 0.01)
    other.record(0.1)
    eventually(lambda: counts(registry) == {("compute", "success"): 1})


def _at_work(made: Any, number: int) -> bool:
    return bool(made[number] > 0)


# --- the death of a process ---------------------------------------------------------------------------------------
@pytest.mark.long
def test_workers_killed_at_random_moments_lose_at_most_a_buffer_and_no_scrape_goes_backwards(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    made = multiprocessing.get_context("fork").Array("q", 64, lock=False)
    deaths = 60
    draw = random.Random(4)
    pages = [TextExposition(registry).render()]
    for death in range(deaths):
        child = _fork()
        if child == 0:
            registry.share(take_part=True)
            monitor.record(0.1)
            while True:
                made[death] += 1  # before it happens: at most one more than was recorded
                monitor.record(0.1)
        if death % 2:  # every other one is killed at its work, however slow the machine is; the rest at any moment
            eventually(partial(_at_work, made, death))
        end = time.monotonic() + draw.uniform(0.0, 0.1)
        while time.monotonic() < end:
            pages.append(TextExposition(registry).render())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pages.append(TextExposition(registry).render())
    _never_backwards(pages)
    total = sum(counts(registry).values())
    begun = sum(made) + deaths
    assert begun - deaths * (monitor._outcomes.capacity + 3) <= total <= begun
    assert sum(made) > deaths
    assert value(registry, names.PROCESSES_ENDED) >= deaths / 2
    assert len(list(tmp_path.glob("*.series"))) == 1


def test_a_killed_worker_keeps_what_it_had_folded(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    child = _fork()
    if child == 0:
        registry.share(take_part=True)
        for _ in range(1000):
            monitor.record(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert counts(registry) == {("compute", "success"): 1000 // 256 * 256}


@pytest.mark.long
def test_gatherers_killed_at_random_moments_neither_lose_nor_double_anything(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    draw = random.Random(8)
    for _ in range(40):
        ended = _fork()
        if ended == 0:
            for _ in range(7):
                monitor.record(0.1)
            registry.share()
            os._exit(0)
        os.waitpid(ended, 0)
        gatherer = _fork()
        if gatherer == 0:
            while True:
                gather_ended(tmp_path)
        time.sleep(draw.uniform(0, 0.01))
        os.kill(gatherer, signal.SIGKILL)
        os.waitpid(gatherer, 0)
    assert counts(registry) == {("compute", "success"): 280}
    assert value(registry, names.PROCESSES_ENDED) == 40
    gather_ended(tmp_path)
    assert [path.name for path in tmp_path.glob("*.series")] == [registry._file.path.name if registry._file else ""]


def test_files_left_by_a_gatherer_that_died_before_removing_them_are_not_counted_again(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    child = _fork()
    if child == 0:
        monitor.record(0.1)
        registry.share()
        os._exit(0)
    os.waitpid(child, 0)
    (left,) = tmp_path.glob("*.series")
    content = left.read_bytes()
    gather_ended(tmp_path)
    assert not left.exists()
    left.write_bytes(content)
    assert counts(registry) == {("compute", "success"): 1}
    gather_ended(tmp_path)
    assert not left.exists()
    assert counts(registry) == {("compute", "success"): 1}


def test_counts_go_on_when_the_whole_service_is_started_again(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        registry, monitor = _service(tmp_path)
        monitor.record(0.1)
        assert counts(registry) == {("compute", "success"): expected}
        assert registry._file is not None
        registry._file.abandon()


def test_a_registry_that_is_freed_ends_like_a_process(tmp_path: Path) -> None:
    import gc

    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    registry.share()
    del registry, monitor
    gc.collect()
    survivor, _ = _service(tmp_path)
    assert counts(survivor) == {("compute", "success"): 1}
    assert value(survivor, names.PROCESSES) == 1


# --- gauges -------------------------------------------------------------------------------------------------------
def test_gauges_are_of_living_processes_only(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    level = Family("level", "gauge", "Level.")
    most = Family("most", "gauge", "Most.", "max")
    for family in (level, most):
        registry.add(family, Gauge((), lambda: 5.0))
    monitor.record(0.1)
    registry.share()
    other, its = _service(tmp_path)
    for family in (level, most):
        other.add(family, Gauge((), lambda: 3.0))
    its.record(0.1)
    assert (value(other, "level"), value(other, "most")) == (8, 5)
    assert registry._file is not None
    registry._file.abandon()
    assert (value(other, "level"), value(other, "most")) == (3, 3)
    assert counts(other) == {("compute", "success"): 2}


# --- strange folders ----------------------------------------------------------------------------------------------
def test_what_does_not_belong_there_is_ignored_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    (tmp_path / "noise.series").write_bytes(os.urandom(500))
    (tmp_path / "empty.series").touch()
    (tmp_path / "link.series").symlink_to("/etc/passwd")
    (tmp_path / "folder.series").mkdir()
    os.mkfifo(tmp_path / "pipe.series")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s.series"))
    (tmp_path / "huge.series").touch()
    os.truncate(tmp_path / "huge.series", 2**40)
    (tmp_path / ENDED).write_text("[]")
    for _ in range(2):
        assert counts(registry) == {("compute", "success"): 1}
        assert value(registry, names.PROCESS_FILES_IGNORED, reason="damaged") == 8
    assert caplog.text.count("ignores") == 8
    gather_ended(tmp_path)
    assert (tmp_path / "noise.series").exists()


def test_a_histogram_with_other_edges_is_left_out_and_counted(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    other = MultiprocessRegistry(tmp_path)
    ExtractionMonitor("technical", service="s", registry=other, edges=(0.5,)).record(0.2)
    other.share()
    assert counts(registry) == {("compute", "success"): 1}
    assert value(registry, names.PROCESS_FILES_IGNORED, reason="conflict") == 5


def test_a_folder_that_somebody_empties_is_filled_again(tmp_path: Path) -> None:
    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    registry.share()
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    monitor.record(0.1)
    assert counts(registry) == {("compute", "success"): 2}
    survivor, _ = _service(tmp_path)
    assert counts(survivor) == {("compute", "success"): 2}


def test_a_folder_that_cannot_be_written_fails_the_scrape_and_leaves_the_extraction_alone(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    registry, monitor = _service(folder)
    folder.rmdir()
    folder.write_text("in the way")
    for _ in range(600):
        monitor.record(0.1)
    with pytest.raises(FileExistsError):
        TextExposition(registry).render()
    folder.unlink()
    assert counts(registry) == {("compute", "success"): 600}
    assert value(registry, names.INTERNAL_ERRORS, service="s") == 0
    total = sum(number for (name, _), number in exposed(registry).items() if name == names.INTERNAL_ERRORS)
    assert total >= 1


def test_an_interval_that_is_none_is_refused(tmp_path: Path) -> None:
    for interval in (0, -1, math.nan):
        with pytest.raises(ValueError, match="interval"):
            MultiprocessRegistry(tmp_path, interval=interval)


def test_a_process_stopped_in_the_middle_of_a_gathering_fails_scrapes_instead_of_falsifying_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from featurewatch.measure import multiprocess

    monkeypatch.setattr(multiprocess, "SCRAPE_PATIENCE_SECONDS", 0.05)
    registry, monitor = _service(tmp_path)
    monitor.record(0.1)
    assert counts(registry) == {("compute", "success"): 1}
    read_end, write_end = os.pipe()
    child = _fork()
    if child == 0:
        fd = os.open(tmp_path / "lock", os.O_RDWR)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        os.write(write_end, b".")
        time.sleep(60)
        os._exit(1)
    assert os.read(read_end, 1) == b"."
    with pytest.raises(multiprocess.SharedFolderBusy, match="stayed locked"):
        registry.families()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read_end)
    os.close(write_end)
    assert counts(registry) == {("compute", "success"): 1}
