"""The deployment of the story of a repair: it serves, it is measured, and nothing is left of it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from tests.conftest import CHECKOUT

from featurewatch.demo.serving import serving
from featurewatch.responder.repair.targets.ray_serve import RayServe

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("ray")]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Ray's sockets lie in it, and their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="fwt-", dir="/tmp") as made:
        yield Path(made)


def left(folder: Path) -> list[str]:
    """Processes that were started for a deployment with this folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("RAY_AUTH_TOKEN_PATH", "").startswith(str(folder)):
                found.append(f"{process.pid} {process.name()}")
    return found


def test_it_serves_and_is_measured_and_nothing_is_left(folder: Path) -> None:
    said: list[str] = []
    with serving(CHECKOUT, folder, said.append) as found:
        assert httpx.get(found.features, trust_env=False, timeout=60).json()["features"] == 35
        page = httpx.get(f"http://{found.metrics}/metrics", trust_env=False, timeout=60).text
        assert 'extractor="technical-ray"' in page
        ray = RayServe("ray", found.dashboard, "features", "SerialFeatures", token_file=found.token)
        assert ray.read()["replicas"] == 1
        # Whoever has no token is not let in.
        assert httpx.get(f"{found.dashboard}/api/serve/applications/", trust_env=False, timeout=60).status_code == 401
        assert left(folder)
    assert left(folder) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_whoever_started_it_is_ended_or_killed(how: signal.Signals, folder: Path) -> None:
    code = (
        "import pathlib, sys, time; from featurewatch import cli; from featurewatch.demo.serving import serving\n"
        "with cli._told_to_end(), serving(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), print):\n"
        "    pathlib.Path(sys.argv[2], 'serves').touch(); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(CHECKOUT), str(folder)])
    try:
        end = time.monotonic() + 240
        while not (folder / "serves").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.2)
        assert left(folder)
    finally:
        process.send_signal(how)
        process.wait(120)
    end = time.monotonic() + 120
    while (still := left(folder)) and time.monotonic() < end:
        time.sleep(0.5)
    assert still == []
