"""A real Alertmanager with the routes of the checkout and an inbox behind every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests import routing
from tests.demo_inbox import RunningInbox, running_inbox

from featurewatch.demo.inbox.message import Channel, Delivery
from featurewatch.objectives.model import Objectives
from featurewatch.routes.demo_secrets import write_demo_secrets
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools


@dataclass(frozen=True)
class Told:
    """Alertmanager and what came of it."""

    alertmanager: routing.RunningAlertmanager
    inbox: RunningInbox

    def wait(self, channel: Channel, status: str, alert: str, deadline: float = 30.0) -> Delivery:
        """The first message over the channel in which this alert fires (`firing`) or has ended (`resolved`)."""

        def wanted(found: Delivery) -> bool:
            return found.channel == channel and alert in getattr(found, status)

        return self.inbox.client.wait_for(wanted, deadline)

    def count(self, channel: Channel, status: str, alert: str) -> int:
        return sum(alert in getattr(found, status) for found in self.inbox.client.deliveries(channel=channel))


def configuration(
    tmp_path: Path, inbox: RunningInbox, objectives: Objectives, group_wait: float = 0.3, group_interval: float = 1.0
) -> Path:
    """The configuration of these objectives with the inbox behind all channels, fast."""
    secrets = tmp_path / "secrets"
    write_demo_secrets(secrets, inbox.url)
    chosen = plan(routing.pointed_at(objectives, inbox.smtp_port, inbox.url, secrets))
    chosen = replace(chosen, timing=replace(chosen.timing, group_wait=group_wait, group_interval=group_interval))
    return routing.write_configuration(tmp_path / "alertmanager", chosen)


@contextmanager
def told(
    tools: Tools,
    tmp_path: Path,
    change: Callable[[Objectives], Objectives] = lambda objectives: objectives,
    **timing: float,
) -> Iterator[Told]:
    with running_inbox(tmp_path / "inbox") as inbox:
        config = configuration(tmp_path, inbox, change(routing.declared()), **timing)
        with routing.running_alertmanager(tools, config) as alertmanager:
            yield Told(alertmanager, inbox)


def member(of: Mapping[str, str], incident: str = "latency-cascade") -> dict[str, str]:
    """Labels of what silences an alert of these labels within an incident."""
    return {
        "alertname": "IncidentMember",
        "severity": "none",
        "incident": incident,
        "category": "incident",
        "member": of["alertname"],
        "member_severity": of["severity"],
        "objective": "",
    }
