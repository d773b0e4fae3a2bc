"""Processes by name and the limits of a container, from the real psutil and from files as the kernel writes them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest
from tests.exposed import exposed, value
from tests.otlp_receiver import until

from featurewatch import Registry, cli, names
from featurewatch.host.container import own_cgroup
from featurewatch.host.host import Host
from featurewatch.host.processes import Group
from featurewatch.native.ports import free_port

WORK = "import sys,time; print('up', flush=True); sum(i*i for i in range(2_000_000)); time.sleep(120)"


def watched(**options: Any) -> Registry:
    registry = Registry()
    registry.collect_from(Host(**{"cgroup": lambda: None, **options}))
    return registry


def has(registry: Registry, name: str) -> bool:
    return any(sample == name for sample, _ in exposed(registry))


@contextmanager
def working(tag: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", WORK, tag], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_processes_are_found_by_their_command_line_and_counted_together() -> None:
    tag = f"fw-{os.getpid()}-{time.monotonic_ns()}"
    registry = watched(processes={"worker": re.escape(tag), "nobody": "no-such-thing-" + tag})
    with working(tag), working(tag) as second:
        assert value(registry, names.PROCESS_UP, process="worker") == 1
        assert value(registry, names.PROCESS_COUNT, process="worker") == 2
        assert value(registry, names.PROCESS_THREADS, process="worker") >= 2
        assert value(registry, names.PROCESS_MEMORY, process="worker", kind="rss") > 4e6
        assert value(registry, names.PROCESS_OPEN_FILES, process="worker") >= 6
        assert 0 < value(registry, names.PROCESS_OPEN_FILES_RATIO, process="worker") < 1
        assert abs(value(registry, names.PROCESS_STARTED, process="worker") - time.time()) < 120
        until(lambda: value(registry, names.PROCESS_CPU, process="worker") > 0, "processor time")
        second.kill()
        second.wait()
        before = value(registry, names.PROCESS_CPU, process="worker")
        assert value(registry, names.PROCESS_COUNT, process="worker") == 1
        assert value(registry, names.PROCESS_CPU, process="worker") >= before > 0
    assert value(registry, names.PROCESS_UP, process="worker") == 0
    assert value(registry, names.PROCESS_CPU, process="worker") >= before
    assert value(registry, names.PROCESS_UP, process="nobody") == 0


def test_a_counter_keeps_what_ended_processes_had_counted_and_tells_reused_ids_apart() -> None:
    group = Group()
    assert group.count({(7, 1.0): [5.0] * 5}) == [5.0] * 5
    assert group.count({(7, 2.0): [1.0] * 5}) == [6.0] * 5
    assert group.count({}) == [6.0] * 5


def test_a_process_that_ends_or_hides_while_it_is_read_is_left_out() -> None:
    class Vanishing:
        pid = 1

        def cmdline(self) -> list[str]:
            raise psutil.NoSuchProcess(1)

    class Hidden(Vanishing):
        def cmdline(self) -> list[str]:
            raise psutil.AccessDenied(1)

    fake = SimpleNamespace(**vars(psutil))
    fake.process_iter = lambda: iter([Vanishing(), Hidden()])
    assert value(watched(processes={"x": "."}, psutil=fake), names.PROCESS_UP, process="x") == 0


def cgroup(folder: Path, **files: str) -> Path:
    (folder / "cgroup.controllers").write_text("cpu memory\n")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_the_limits_of_a_container_and_what_they_cost_are_read_from_its_cgroup(tmp_path: Path) -> None:
    cgroup(
        tmp_path,
        cpu__max="50000 100000\n",
        cpu__stat="usage_usec 2500000\nuser_usec 1\nnr_periods 40\nnr_throttled 10\nthrottled_usec 750000\n",
        memory__current="1000000\n",
        memory__max="2000000\n",
        memory__stat="anon 1\ninactive_file 300000\n",
        memory__events="low 0\noom 2\noom_kill 1\n",
        cpu__pressure="some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 total=0\n",
    )
    registry = watched(cgroup=lambda: tmp_path)
    expected = {
        names.CONTAINER_CPU_LIMIT: 0.5,
        names.CONTAINER_CPU: 2.5,
        names.CONTAINER_PERIODS: 40,
        names.CONTAINER_THROTTLED_PERIODS: 10,
        names.CONTAINER_THROTTLED: 0.75,
        names.CONTAINER_MEMORY_LIMIT: 2e6,
        names.CONTAINER_OOM_KILLS: 1,
    }
    for name, number in expected.items():
        assert value(registry, name) == pytest.approx(number), name
    assert value(registry, names.CONTAINER_MEMORY, kind="working_set") == 700000
    assert value(registry, names.CONTAINER_PRESSURE, kind="cpu") == 1.5


def test_without_limits_there_are_none_rather_than_zero(tmp_path: Path) -> None:
    cgroup(tmp_path, cpu__max="max 100000\n", memory__max="max\n", memory__current="5\n")
    registry = watched(cgroup=lambda: tmp_path)
    assert not has(registry, names.CONTAINER_CPU_LIMIT)
    assert not has(registry, names.CONTAINER_MEMORY_LIMIT)
    assert value(registry, names.CONTAINER_MEMORY, kind="used") == 5


def test_the_own_cgroup_is_found_below_the_root_or_is_the_root_in_a_container(tmp_path: Path) -> None:
    listing = tmp_path / "listing"
    inner = tmp_path / "root" / "system.slice" / "x"
    inner.mkdir(parents=True)
    root = tmp_path / "root"
    cgroup(root)
    listing.write_text("0::/system.slice/x\n")
    assert own_cgroup(listing, root) == root
    cgroup(inner)
    assert own_cgroup(listing, root) == inner
    listing.write_text("4:memory:/x\n1:name=systemd:/x\n")
    assert own_cgroup(listing, root) is None
    assert own_cgroup(tmp_path / "none", root) is None


def test_this_machine_can_be_read_whatever_it_has() -> None:
    registry = watched(cgroup=own_cgroup, services=["market"])
    assert value(registry, names.SERVICE_HOST, service="market") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"processes": {"x": "("}}, "regular expression"),
        ({"services": [""]}, "service"),
        ({"processes": {"": "x"}}, "process"),
    ],
)
def test_what_cannot_be_watched_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Host(**options)


def test_without_psutil_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(ImportError, match=r"featurewatch\[host\]"):
        Host(processes={"x": "."})


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    argv = [
        *(sys.executable, "-m", "featurewatch.cli", "exporter", "--port", str(port), "--gpu", "on"),
        *("--service", "market", "--process", "me=featurewatch.cli"),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == f"metrics are at http://127.0.0.1:{port}/metrics"
            text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=30).text
        finally:
            process.terminate()
        assert process.wait(30) == 143
    assert f'{names.SERVICE_HOST}{{service="market"}} 1' in text
    assert f'{names.PROCESS_UP}{{process="me"}} 0' in text  # itself does not count
    assert names.GPU_DRIVER_UP in text


def test_a_process_without_a_pattern_is_refused_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["exporter", "--process", "market"])
    assert ended.value.code == 2
    assert "NAME=REGEX" in capsys.readouterr().err
