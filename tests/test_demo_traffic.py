from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.conftest import CHECKOUT
from tests.native_sample import eventually

from featurewatch.demo.traffic import traffic
from featurewatch.native.ports import free_port

EXAMPLES = CHECKOUT / "examples"


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_it_ends_with_the_block_however_that_ends() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    pids: list[int] = []

    def interrupted() -> None:
        with traffic(EXAMPLES, url, rate=5, seconds=60) as running:
            pids.append(running.pid)
            assert running.trouble() == ""
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _alive(pids[0])


def test_it_ends_by_itself_after_its_time_and_says_why() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with traffic(EXAMPLES, url, rate=5, seconds=0.3) as running:
        eventually(lambda: running.trouble() != "")
        assert running.trouble() == (
            f"the load generator ended with status 1: {url} never answered; is the service running there?"
        )


def test_a_load_generator_that_cannot_start_is_told(tmp_path: Path) -> None:
    with traffic(tmp_path, "http://127.0.0.1:1", rate=5, seconds=60) as running:
        eventually(lambda: running.trouble() != "")
        assert "No module named" in running.trouble()


def test_none_is_left_when_whoever_asked_for_it_is_told_to_end(tmp_path: Path) -> None:
    """As when `make demo` gets SIGTERM: the command line turns that into an unwinding."""
    said = tmp_path / "pid"
    code = (
        "import pathlib, sys, time; from featurewatch import cli; from featurewatch.demo.traffic import traffic\n"
        "with cli._told_to_end(), traffic(pathlib.Path(sys.argv[1]), 'http://127.0.0.1:1', 5, 60) as running:\n"
        "    pathlib.Path(sys.argv[2]).write_text(f'{running.pid}\\n'); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(EXAMPLES), str(said)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "exporters")},
    ) as whole:
        eventually(lambda: said.exists() and said.read_text().endswith("\n"))
        whole.send_signal(signal.SIGTERM)
        assert whole.wait(20) == 143
    assert not _alive(int(said.read_text()))


def test_none_is_left_when_whoever_asked_for_it_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    code = (
        "import pathlib, sys, time; from featurewatch.demo.traffic import traffic\n"
        "with traffic(pathlib.Path(sys.argv[1]), 'http://127.0.0.1:1', 5, 60) as running:\n"
        "    pathlib.Path(sys.argv[2]).write_text(f'{running.pid}\\n'); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(EXAMPLES), str(said)])
    try:
        eventually(lambda: said.exists() and said.read_text().endswith("\n"))
        assert _alive(int(said.read_text()))
    finally:
        process.kill()
        process.wait()
    eventually(lambda: not _alive(int(said.read_text())))
