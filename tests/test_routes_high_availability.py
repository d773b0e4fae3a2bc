"""Two Alertmanagers in a cluster on loopback, one of them killed: somebody is told, and every end is told."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests import routing, routing_chain
from tests.demo_inbox import RunningInbox, running_inbox

from featurewatch.native.ports import free_port
from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

CHANNELS = ("pagerduty", "slack", "email", "webhook")


@dataclass
class Member:
    process: subprocess.Popen[bytes]
    url: str

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass
class Pair:
    members: list[Member]
    inbox: RunningInbox

    def send(self, *alerts: dict[str, object]) -> None:
        """As Prometheus does: to every one that answers."""
        for member in self.members:
            if member.process.poll() is None:
                httpx.post(f"{member.url}/api/v2/alerts", json=list(alerts), trust_env=False).raise_for_status()

    def told(self, status: str, channel: str) -> int:
        return sum(
            "ExtractionTooSlow" in getattr(found, status)
            for found in self.inbox.client.deliveries()
            if found.channel == channel
        )

    def wait_told(self, status: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not all(self.told(status, channel) for channel in CHANNELS):
            missing = [channel for channel in CHANNELS if not self.told(status, channel)]
            assert time.monotonic() < deadline, f"{status} was not told by {missing}"
            time.sleep(0.1)


@pytest.fixture(params=[1.0, 5.0], ids=["told at once", "while the group waits"])
def pair(
    request: pytest.FixtureRequest, tools: Tools, tmp_path: Path, alertmanager_launch: Launch
) -> Iterator[tuple[Pair, float]]:
    with running_inbox(tmp_path / "inbox") as inbox, ExitStack() as stack:
        config = routing_chain.configuration(tmp_path, inbox, routing.declared(), request.param, 2.0)
        ports = [(free_port(), free_port()) for _ in range(2)]
        members = [
            stack.enter_context(_member(alertmanager_launch, config, tmp_path / f"data-{number}", ports, number))
            for number in range(2)
        ]
        _wait_until_together(members)
        yield Pair(members, inbox), request.param


@contextmanager
def _member(launch: Launch, config: Path, data: Path, ports: list[tuple[int, int]], number: int) -> Iterator[Member]:
    web, cluster = ports[number]
    arguments = [
        *(f"--config.file={config}", f"--storage.path={data}", f"--web.listen-address=127.0.0.1:{web}"),
        *(f"--cluster.listen-address=127.0.0.1:{cluster}", f"--cluster.peer=127.0.0.1:{ports[1 - number][1]}"),
        *("--cluster.peer-timeout=2s", "--cluster.gossip-interval=50ms", "--cluster.settle-timeout=5s"),
        "--data.maintenance-interval=5s",
    ]
    with (
        data.with_suffix(".log").open("wb") as log,
        subprocess.Popen(
            [*launch.argv, *arguments], cwd=launch.cwd or config.parent, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield Member(process, f"http://127.0.0.1:{web}")
        finally:
            process.kill()


def _wait_until_together(members: list[Member], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = [httpx.get(f"{member.url}/api/v2/status", trust_env=False).json()["cluster"] for member in members]
            if all(one["status"] == "ready" and len(one["peers"]) == 2 for one in found):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the two never met")


@pytest.mark.parametrize("victim", [0, 1], ids=["the first", "the second"])
def test_whichever_is_killed_somebody_is_told_and_the_end_is_told(pair: tuple[Pair, float], victim: int) -> None:
    both, group_wait = pair
    alert = routing.alert()
    both.send(alert)
    if group_wait < 2:
        both.wait_told("firing")
    both.members[victim].kill()
    both.send(alert)
    both.wait_told("firing")
    both.send(routing.alert(resolved=True))
    both.wait_told("resolved")
    for channel in CHANNELS:
        assert 1 <= both.told("firing", channel) <= 2
