"""The whole chain with the real binaries: extractor, Prometheus, Alertmanager, inbox."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.checkout_sample import checkout, decided
from tests.conftest import CHECKOUT

from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.inbox.message import Channel
from featurewatch.demo.observer import Prometheus
from featurewatch.deployment import Deployment
from featurewatch.native.parts import Ports
from featurewatch.native.ports import free_port
from featurewatch.native.status import State
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

CRITICAL: tuple[Channel, ...] = ("pagerduty", "slack", "email", "webhook")
SLOW = "ExtractionTooSlow"


@dataclasses.dataclass
class Chain:
    """A running stack and the hands that feed it."""

    deployment: Deployment
    extractor: httpx.Client
    inbox: InboxClient
    prometheus: Prometheus

    def record(self, durations: dict[str, int], **more: object) -> None:
        self.extractor.post("/admin/record", json={"durations": durations, **more}).raise_for_status()

    def baseline(self) -> None:
        """Let Prometheus see the counters at rest, so that what follows is an increase."""
        seen = "count(count_over_time(featurewatch_extraction_duration_seconds_count[20s]) >= 3) > 0"
        eventually(lambda: bool(self.prometheus.query(seen)), 20, "three scrapes of the extractor")

    def kill(self, part: str) -> None:
        """kill -9, then wait until the supervisor has brought it back."""
        (before,) = [row.pid for row in self.deployment.status() if row.part == part]
        assert before is not None
        os.kill(before, signal.SIGKILL)

        def back() -> bool:
            (row,) = [row for row in self.deployment.status() if row.part == part]
            return row.state is State.READY and row.pid not in (None, before)

        eventually(back, 30, f"{part} back after kill -9")

    def firing(self, alert: str) -> bool:
        return any(found.state == "firing" for found in self.prometheus.alerts(alert))

    def told(self, alert: str, status: str, channel: Channel, severity: str) -> int:
        """How many messages said so."""
        return sum(
            delivery.severity in ("", severity) and alert in getattr(delivery, status)
            for delivery in self.inbox.deliveries(channel=channel)
        )

    def wait_told(self, alert: str, status: str, severity: str, channels: tuple[Channel, ...], deadline: float) -> None:
        eventually(
            lambda: all(self.told(alert, status, channel, severity) for channel in channels),
            deadline,
            f"{alert} {severity} {status} on {channels}",
        )


def eventually(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls until it holds; a server that is being restarted counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"not within {seconds:g} s: {what}")


@pytest.fixture
def chain(tmp_path: Path, tools: Tools) -> Iterator[Chain]:
    text = (CHECKOUT / "objectives.yaml").read_text(encoding="utf-8")
    project = checkout(tmp_path / "checkout", text)
    ports = Ports(*(free_port() for _ in dataclasses.fields(Ports)))
    deployment = Deployment(project, decided(project), tools, ports)
    try:
        deployment.up()
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{ports.extractor}", trust_env=False) as extractor,
            InboxClient(f"http://127.0.0.1:{ports.inbox_http}") as inbox,
            Prometheus(f"http://127.0.0.1:{ports.prometheus}") as prometheus,
        ):
            yield Chain(deployment, extractor, inbox, prometheus)
    finally:
        deployment.down()


def test_a_slow_extractor_reaches_every_critical_channel_in_time_and_is_resolved(chain: Chain) -> None:
    chain.baseline()
    chain.extractor.put("/admin/fault", json={"mode": "slow", "seconds": [0.16, 0.18]}).raise_for_status()
    began = time.monotonic()
    with httpx.Client(base_url=chain.extractor.base_url, trust_env=False) as client:
        durations = [client.get("/features/SP500").elapsed.total_seconds() for _ in range(25)]
    assert min(durations) >= 0.16
    chain.wait_told(SLOW, "firing", "critical", CRITICAL, 30 - (time.monotonic() - began))
    chain.extractor.put("/admin/fault", json={"mode": "none"}).raise_for_status()
    chain.record({"0.01": 20_000})
    chain.wait_told(SLOW, "resolved", "critical", CRITICAL, 150)
    for channel in CRITICAL:
        assert chain.told(SLOW, "firing", channel, "critical") == 1


def test_exactly_at_the_limit_is_silent_and_one_event_over_fires(chain: Chain) -> None:
    chain.baseline()
    # 100 ms exactly is inside the limit, and 50 of 1,000 beyond it are exactly what is allowed.
    chain.record({"0.099": 450, "0.1": 500, "0.11": 50})
    silent_until = time.monotonic() + 12
    while time.monotonic() < silent_until:
        assert not chain.firing(SLOW)
        time.sleep(0.2)
    assert max(value for _, value in chain.prometheus.query("service_extractor:successes:increase1m")) >= 1000
    chain.record({"0.11": 1})
    eventually(lambda: chain.firing(SLOW), 20, "one event over fires")


def test_a_hit_ratio_of_exactly_zero_fires(chain: Chain) -> None:
    chain.baseline()
    chain.record({"0.01": 2000}, served_from="compute")
    chain.wait_told("CacheHitRatioLow", "firing", "medium", ("email",), 40)


def test_without_traffic_only_the_absence_is_told_and_no_share_is_a_number(chain: Chain) -> None:
    eventually(lambda: chain.firing("ExtractionDataAbsent"), 90, "the absent alert")
    assert {alert.labels["alertname"] for alert in chain.prometheus.alerts() if alert.state == "firing"} <= {
        "ExtractionDataAbsent",
        "Watchdog",
    }
    assert chain.prometheus.query('{__name__=~"service_extractor:.*:(good|bad)_ratio_rate.*"}') == []


@pytest.mark.parametrize("part", ["prometheus", "alertmanager", "extractor"])
def test_kill_9_during_an_incident_loses_no_message_and_no_sample(chain: Chain, part: str) -> None:
    chain.baseline()
    # From the cache, so that nothing but latency is in trouble: a story of several alerts is told as one.
    chain.record({"0.2": 2000}, served_from="cache")
    chain.wait_told(SLOW, "firing", "critical", CRITICAL, 30)
    counted = 'max_over_time(sum(featurewatch_extraction_duration_seconds_count{outcome="success"})[5m:1s])'
    before = chain.prometheus.query(counted)[0][1]
    chain.kill(part)
    assert chain.prometheus.query(counted)[0][1] >= before
    eventually(lambda: bool(chain.prometheus.query("up{job='extractors'} == 1")), 20, "a scrape of the new process")
    # The bad extractions leave the window after a minute; nothing else ends the incident.
    chain.wait_told(SLOW, "resolved", "critical", CRITICAL, 240)
    for channel in CRITICAL:
        assert 1 <= chain.told(SLOW, "firing", channel, "critical") <= 2
