"""`make demo SCENE=repair` as a person sees it, on a stack of its own: told, done, done in vain; nothing is left."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.checkout_sample import checkout, contents, decided, environment, featurewatch
from tests.conftest import CHECKOUT

from featurewatch.deployment import PORT_VARIABLES, Deployment
from featurewatch.native.parts import Ports
from featurewatch.native.ports import free_port
from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.xdist_group("ray")]


@dataclass(frozen=True)
class Stack:
    deployment: Deployment
    ports: dict[str, Any]

    @property
    def project(self) -> Project:
        return self.deployment.project

    def judged_by(self) -> str:
        """What the running Prometheus has read."""
        url = f"http://127.0.0.1:{self.deployment.ports.prometheus}/api/v1/status/config"
        return str(httpx.get(url, trust_env=False, timeout=30).raise_for_status().json()["data"]["yaml"])

    @property
    def configuration(self) -> dict[str, bytes]:
        """What it would read."""
        return contents(self.project.state / "run/prometheus")


@pytest.fixture
def stack(tmp_path: Path, tools: Tools) -> Iterator[Stack]:
    project = checkout(tmp_path / "checkout", (CHECKOUT / "objectives.yaml").read_text(encoding="utf-8"))
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "examples/ray_serve", project.root / "examples/ray_serve", ignore=ignored)
    ports = Ports(*(free_port() for _ in dataclasses.fields(Ports)))
    deployment = Deployment(project, decided(project), tools, ports)
    try:
        deployment.up()
        yield Stack(deployment, {PORT_VARIABLES[name]: str(port) for name, port in dataclasses.asdict(ports).items()})
    finally:
        deployment.down()


def test_the_audience_sees_a_dry_run_a_repair_and_one_that_is_taken_back(stack: Stack) -> None:
    before = stack.configuration
    done = featurewatch(stack.project, "demo", "repair", seconds=1_500, **stack.ports)

    assert done.returncode == 0, done.stdout + done.stderr
    told = [
        "nothing was called: Ray Serve runs 1 replica",
        "read back, it runs 2 replicas",
        "has recovered its objective",
        "read back, it runs 3 replicas",
        "was in vain",
        "takes it back: Ray Serve runs 2 replicas",
        "EscalationLevel2 firing",
        "each as it was written",
    ]
    places = [done.stdout.find(text) for text in told]
    assert -1 not in places, done.stdout
    assert places == sorted(places)
    assert '/deployments/SerialFeatures/scale {"target_num_replicas": 2}' in done.stdout
    kinds = [line.split()[3] for line in done.stdout.splitlines() if " responder  add-a-replica/ray" in line]
    assert kinds[:6] == ["told", "intended", "calling", "called", "holding", "recovered"]
    assert stack.configuration == before


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_neither_ray_nor_another_configuration_is_left_behind(stack: Stack, how: signal.Signals, status: int) -> None:
    files, judged = stack.configuration, stack.judged_by()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "featurewatch.cli", "demo", "repair"],
        cwd=stack.project.root,
        env=environment(stack.project, **stack.ports),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "load rises" in line:
                break
        started = psutil.Process(process.pid).children(recursive=True)
        assert stack.configuration != files
        assert stack.judged_by() != judged
    finally:
        process.send_signal(how)
        assert process.wait(180) == status
        process.stdout.close()
    end = time.monotonic() + 120
    while (alive := [one for one in started if one.is_running()]) and time.monotonic() < end:
        time.sleep(0.5)
    assert alive == []
    if how is signal.SIGKILL:
        stack.deployment.up()
    assert stack.configuration == files
    assert stack.judged_by() == judged
