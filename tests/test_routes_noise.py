"""How much is told of a storm, beside one message for each alert on each channel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import routing, routing_chain

from featurewatch.demo.inbox.message import Channel
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

EXTRACTORS, KINDS = 50, 20
SECONDS = 50.0
"""How long the storm takes."""

WAVES = 50
TIMING = plan(routing.declared()).timing
LAST_ROUND = SECONDS + TIMING.group_wait + TIMING.group_interval + 5
"""Seconds until whatever the storm changed has been told: the last group begins when it is nearly over."""

CHANNELS: tuple[Channel, ...] = ("pagerduty", "slack", "email", "webhook")
SEVERITIES = ("critical", "high", "high", "medium")
CHANNELS_OF = {"critical": CHANNELS, "high": ("slack", "email"), "medium": ("email",)}


def _alert(kind: int, extractor: int) -> dict[str, str]:
    name = f"Trouble{kind}"
    return {
        "alertname": name,
        "severity": SEVERITIES[kind % len(SEVERITIES)],
        "extractor": f"extractor-{extractor:02}",
        "objective": name.lower(),
        "category": name.lower(),
    }


BY_KIND = [_alert(kind, extractor) for kind in range(KINDS) for extractor in range(EXTRACTORS)]
"""One cause reaches all extractors: one kind of alert after the other fires for all of them."""

BY_EXTRACTOR = [_alert(kind, extractor) for extractor in range(EXTRACTORS) for kind in range(KINDS)]
"""One extractor after the other fails in every way: each joins groups that have been told already, all the time."""


@pytest.mark.end_to_end
@pytest.mark.long
@pytest.mark.parametrize("storm", [BY_KIND, BY_EXTRACTOR], ids=["by kind", "by extractor"])
def test_a_storm_of_a_thousand_alerts_in_a_minute_is_told_in_few_messages_that_name_every_critical_extractor(
    tools: Tools, tmp_path: Path, storm: list[dict[str, str]]
) -> None:
    critical = {(labels["alertname"], labels["extractor"]) for labels in storm if labels["severity"] == "critical"}
    with routing_chain.told(
        tools, tmp_path, group_wait=TIMING.group_wait, group_interval=TIMING.group_interval
    ) as chain:
        began, wave = time.monotonic(), len(storm) // WAVES
        for number in range(WAVES):
            chain.alertmanager.send(*(routing.alert(labels) for labels in storm[number * wave : (number + 1) * wave]))
            time.sleep(max(0.0, began + SECONDS / WAVES * (number + 1) - time.monotonic()))
        _eventually(lambda: _named(chain) == critical)
        _eventually(lambda: {f"Trouble{kind}" for kind in range(KINDS)} <= _alerts(chain))
        # The last round of every group belongs to the storm, too.
        time.sleep(max(0.0, began + LAST_ROUND - time.monotonic()))
        messages = chain.inbox.client.deliveries()
        told = {channel: sum(found.channel == channel for found in messages) for channel in CHANNELS}
        one_each = {
            channel: sum(channel in CHANNELS_OF[labels["severity"]] for labels in storm) for channel in CHANNELS
        }
        saved = 1 - sum(told.values()) / sum(one_each.values())
        print(f"storm of {len(storm)} alerts: {told} messages instead of {one_each}, {saved:.1%} fewer")
        assert all(told[channel] <= 0.05 * one_each[channel] for channel in CHANNELS)


def _named(chain: routing_chain.Told) -> set[tuple[str, str]]:
    """Alerts and extractors that the webhook, which gets what is critical, has been told of."""
    return {
        (alert["labels"]["alertname"], alert["labels"]["extractor"])
        for found in chain.inbox.client.deliveries(channel="webhook")
        for alert in json.loads(chain.inbox.client.raw(found))["alerts"]
    }


def _alerts(chain: routing_chain.Told) -> set[str]:
    return {name for found in chain.inbox.client.deliveries(channel="email") for name in found.firing}


def _eventually(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.5)
