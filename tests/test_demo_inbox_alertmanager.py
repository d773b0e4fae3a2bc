"""The real Alertmanager, sending to the inbox over all four channels."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.demo_inbox import ROUTING_KEY, RunningInbox, running_inbox

from featurewatch.demo.inbox.message import CHANNELS, Delivery
from featurewatch.tools.alertmanager import Launch

pytestmark = pytest.mark.end_to_end

TEMPLATES = Path(__file__).parents[1] / "alertmanager" / "templates" / "*.tmpl"

CONFIGURATION = """\
global:
  smtp_smarthost: 127.0.0.1:{smtp_port}
  smtp_from: featurewatch@example.org
  smtp_require_tls: false
  smtp_auth_username: alertmanager
  smtp_auth_password_file: {secrets}/password
templates: ["{templates}"]
route:
  receiver: everybody
  group_by: [alertname, severity, service, environment]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: everybody
    email_configs:
      - to: oncall@example.org, lead@example.org
        send_resolved: true
        headers:
          Subject: '{{{{ template "featurewatch.headline" . }}}}'
          X-Featurewatch-Status: '{{{{ template "featurewatch.status" . }}}}'
        text: '{{{{ template "featurewatch.email.text" . }}}}'
        html: '{{{{ template "featurewatch.email.html" . }}}}'
    slack_configs:
      - api_url_file: {secrets}/slack_url
        channel: "#alerts"
        send_resolved: true
        title: '{{{{ template "featurewatch.slack.title" . }}}}'
        text: '{{{{ template "featurewatch.slack.text" . }}}}'
        fallback: '{{{{ template "featurewatch.slack.fallback" . }}}}'
        timeout: 2s
    pagerduty_configs:
      - url: {url}/v2/enqueue
        routing_key_file: {secrets}/routing_key
        send_resolved: true
        description: '{{{{ template "featurewatch.headline" . }}}}'
        severity: '{{{{ .CommonAnnotations.pagerduty_severity }}}}'
        class: '{{{{ .GroupLabels.alertname }}}}'
        details:
          severity: '{{{{ .GroupLabels.severity }}}}'
          service: '{{{{ .GroupLabels.service }}}}'
    webhook_configs:
      - url: {url}/webhook
        send_resolved: true
"""


@dataclass(frozen=True)
class Chain:
    """An Alertmanager and the inbox that it sends to."""

    url: str
    inbox: RunningInbox

    def post(self, name: str, *, ended: bool = False, pagerduty_severity: str = "critical") -> None:
        """An alert as Prometheus would post it."""
        now = datetime.now(UTC)
        alert = {
            "labels": {
                "alertname": name,
                "severity": "critical",
                "service": "market-features",
                "extractor": "technical",
                "environment": "test",
            },
            "annotations": {
                "summary": "p95 of <b>technical</b> & co is 170 ms",
                "pagerduty_severity": pagerduty_severity,
                "runbook_url": "https://example.org/runbook?a=1&b=2",
            },
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": (now if ended else now + timedelta(minutes=5)).isoformat(),
        }
        httpx.post(f"{self.url}/api/v2/alerts", json=[alert], trust_env=False).raise_for_status()

    def await_everywhere(self, name: str, status: str, since_id: int) -> dict[str, Delivery]:
        """The message about the alert on each channel."""
        return {
            channel: self.inbox.client.wait_for(
                lambda found, channel=channel: (  # type: ignore[misc]
                    found.channel == channel and found.status == status and found.alerts == (name,)
                ),
                30,
                since_id=since_id,
            )
            for channel in CHANNELS
        }


@pytest.fixture(scope="module")
def chain(alertmanager_launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with started_chain(alertmanager_launch, tmp_path_factory.mktemp("chain")) as started:
        yield started


@contextmanager
def started_chain(launch: Launch, directory: Path) -> Iterator[Chain]:
    smtp_port, http_port, own_port = _free_ports(3)
    (directory / "password").write_text("correct horse\n")
    (directory / "slack_url").write_text(f"http://127.0.0.1:{http_port}/services/T0/B0/token\n")
    (directory / "routing_key").write_text(f"{ROUTING_KEY}\n")
    with running_inbox(directory / "inbox", *_options(directory, smtp_port, http_port)) as inbox:
        configuration = directory / "alertmanager.yaml"
        text = CONFIGURATION.format(smtp_port=smtp_port, url=inbox.url, secrets=directory, templates=TEMPLATES)
        configuration.write_text(text)
        arguments = (
            f"--config.file={configuration}",
            f"--storage.path={directory / 'storage'}",
            f"--web.listen-address=127.0.0.1:{own_port}",
            "--cluster.listen-address=",
        )
        with (
            (directory / "alertmanager.log").open("wb") as log,
            subprocess.Popen((*launch.argv, *arguments), cwd=launch.cwd, stdout=log, stderr=log) as process,
        ):
            url = f"http://127.0.0.1:{own_port}"
            try:
                _await_ready(url, process, directory / "alertmanager.log")
                yield Chain(url, inbox)
            finally:
                process.terminate()
                process.wait(20)


def _options(directory: Path, smtp_port: int, http_port: int) -> tuple[str, ...]:
    return (
        *("--smtp-port", str(smtp_port), "--http-port", str(http_port)),
        *("--smtp-user", "alertmanager", "--smtp-password-file", str(directory / "password")),
        *("--slack-url-file", str(directory / "slack_url"), "--slack-channel", "alerts"),
        *("--pagerduty-key-file", str(directory / "routing_key")),
    )


def _free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in listening]
    for found in listening:
        found.close()
    return ports


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def test_every_channel_has_the_alert_and_then_its_end_once_each(chain: Chain) -> None:
    mark = chain.inbox.client.last_id()
    chain.post("EveryChannel")
    firing = chain.await_everywhere("EveryChannel", "firing", mark)
    chain.post("EveryChannel", ended=True)
    resolved = chain.await_everywhere("EveryChannel", "resolved", mark)
    everything = chain.inbox.client.deliveries(since_id=mark, refused=None)
    assert len(everything) == 8, "nothing twice, nothing refused"
    for channel in CHANNELS:
        assert firing[channel].severity == "critical"
        assert firing[channel].labels["service"] == "market-features"
        assert firing[channel].id < resolved[channel].id
    assert firing["email"].recipients == ("oncall@example.org", "lead@example.org")
    assert firing["slack"].recipients == ("#alerts",)
    assert "p95 of <b>technical</b> & co is 170 ms" in firing["slack"].body
    assert "Runbook: https://example.org/runbook?a=1&b=2" in firing["slack"].body
    assert (firing["pagerduty"].effect, resolved["pagerduty"].effect) == ("opened", "resolved")
    assert "&lt;b&gt;technical" in chain.inbox.get(f"/deliveries/{firing['email'].id}/html").text
    assert "<b>technical" not in chain.inbox.get("/").text


@pytest.mark.parametrize(
    ("channel", "status"), [("slack", 500), ("email", 451), ("pagerduty", 500), ("pagerduty", 429), ("webhook", 503)]
)
def test_a_channel_in_trouble_is_tried_again_and_holds_up_no_other(chain: Chain, channel: str, status: int) -> None:
    name = f"Trouble{channel.title()}{status}"
    mark = chain.inbox.client.last_id()
    chain.inbox.client.fault(channel, "status", status=status, count=2)  # type: ignore[arg-type]
    chain.post(name)
    delivered = chain.await_everywhere(name, "firing", mark)
    refused = chain.inbox.client.deliveries(since_id=mark, refused=True, alert=name)
    assert [found.channel for found in refused] == [channel, channel]
    assert all(delivered[channel].id > found.id for found in refused)
    others = [found for other, found in delivered.items() if other != channel]
    assert all(found.received_at - refused[0].received_at < timedelta(seconds=5) for found in others)
    chain.post(name, ended=True)
    chain.await_everywhere(name, "resolved", mark)


def test_slack_saying_too_many_requests_has_the_alert_with_the_next_round(chain: Chain) -> None:
    """Alertmanager does not retry Slack's 429; it sends again when the group is next due, if it still fires."""
    mark = chain.inbox.client.last_id()
    chain.inbox.client.fault("slack", "status", status=429, retry_after=1, count=1)
    chain.post("TooManyRequests")
    chain.await_everywhere("TooManyRequests", "firing", mark)
    (refused,) = chain.inbox.client.deliveries(since_id=mark, refused=True)
    assert refused.reason == "injected fault: status 429"


def test_a_hanging_slack_is_given_up_and_has_the_alert_once_it_answers(chain: Chain) -> None:
    mark = chain.inbox.client.last_id()
    chain.inbox.client.fault("slack", "hang", count=1)
    chain.post("Hanging")
    chain.await_everywhere("Hanging", "firing", mark)
    client = chain.inbox.client
    # Giving up and sending again are two connections: which of the two is seen first is open.
    given_up = client.wait_for(lambda found: found.channel == "slack", 10, since_id=mark, refused=True)
    assert given_up.reason == "injected fault: hangs; never answered"
    assert len(client.deliveries(since_id=mark, channel="slack", alert="Hanging")) == 1


def test_a_severity_that_pagerduty_does_not_have_is_refused_and_seen(chain: Chain) -> None:
    mark = chain.inbox.client.last_id()
    chain.post("WrongSeverity", pagerduty_severity="high")
    refused = chain.inbox.client.wait_for(
        lambda found: found.alerts == ("WrongSeverity",), 30, since_id=mark, refused=True
    )
    assert refused.channel == "pagerduty"
    assert "'payload.severity' is invalid" in refused.reason
    assert json.loads(chain.inbox.client.raw(refused))["payload"]["severity"] == "high"
    chain.post("WrongSeverity", ended=True)


def test_an_inbox_that_was_killed_has_every_alert_after_its_restart(
    alertmanager_launch: Launch, tmp_path: Path
) -> None:
    with started_chain(alertmanager_launch, tmp_path) as chain:
        chain.post("BeforeTheKill")
        before = chain.await_everywhere("BeforeTheKill", "firing", 0)
        ports = chain.inbox.smtp_port, httpx.URL(chain.inbox.url).port or 0
        chain.inbox.kill()
        chain.post("WhileItWasDown")
        with running_inbox(tmp_path / "inbox", *_options(tmp_path, *ports)) as again:
            restarted = Chain(chain.url, again)
            restarted.await_everywhere("WhileItWasDown", "firing", 0)
            kept = again.client.deliveries(alert="BeforeTheKill")
            assert {found.id for found in kept} == {found.id for found in before.values()}, "all there, none sent again"
            restarted.post("BeforeTheKill", ended=True)
            ended = restarted.await_everywhere("BeforeTheKill", "resolved", 0)
            assert ended["pagerduty"].effect == "resolved", "the incident was still open"
