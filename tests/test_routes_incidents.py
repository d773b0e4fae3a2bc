"""Incidents and escalation levels in a real Alertmanager: what is told, what is not, and that every end is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import routing, routing_chain
from tests.routing_chain import Told, member

from featurewatch.tools.toolbox import Tools

pytestmark = pytest.mark.end_to_end

SLOW = {"alertname": "ExtractionTooSlow", "severity": "high"}
CACHE = {"alertname": "CacheHitRatioLow", "severity": "medium", "objective": "cache-hit-ratio", "category": "cache"}
CASCADE = {
    "alertname": "LatencyCascade",
    "severity": "high",
    "incident": "latency-cascade",
    "category": "incident",
    "objective": "",
}


@pytest.fixture
def chain(tools: Tools, tmp_path: Path) -> Iterator[Told]:
    with routing_chain.told(tools, tmp_path) as running:
        yield running


def test_a_member_that_was_told_then_silenced_and_ends_gets_its_end_told_while_the_incident_goes_on(
    chain: Told,
) -> None:
    chain.alertmanager.send(routing.alert(CACHE))
    chain.wait("email", "firing", "CacheHitRatioLow")
    together = (SLOW, CACHE, CASCADE, member(SLOW), member(CACHE))
    chain.alertmanager.send(*(routing.alert(labels) for labels in together))
    chain.wait("slack", "firing", "LatencyCascade")
    chain.alertmanager.wait_for_state(routing.alert(CACHE)["labels"], "suppressed")
    # Another companion keeps the incident alive; this member ends, and what silences it ends with it.
    chain.alertmanager.send(routing.alert(CACHE, resolved=True), routing.alert(member(CACHE), resolved=True))
    chain.wait("email", "resolved", "CacheHitRatioLow")
    assert chain.count("slack", "resolved", "LatencyCascade") == 0
    assert chain.count("slack", "firing", "ExtractionTooSlow") == 0


def test_all_ends_are_told_when_incident_and_members_end_in_one_evaluation(chain: Told) -> None:
    chain.alertmanager.send(routing.alert(SLOW))
    chain.wait("email", "firing", "ExtractionTooSlow")
    everything = (SLOW, CACHE, CASCADE, member(SLOW), member(CACHE))
    chain.alertmanager.send(*(routing.alert(labels) for labels in everything))
    chain.wait("email", "firing", "LatencyCascade")
    chain.alertmanager.send(*(routing.alert(labels, resolved=True) for labels in everything))
    chain.wait("email", "resolved", "ExtractionTooSlow")
    chain.wait("email", "resolved", "LatencyCascade")
    # Nobody had been told of the cache, so nobody is told that it ended.
    assert chain.count("email", "firing", "CacheHitRatioLow") == 0


def test_an_end_that_came_while_its_silence_lasted_is_told_when_prometheus_repeats_it(chain: Told) -> None:
    """The two ends leave Prometheus milliseconds apart. Should a group be sent just between them, Alertmanager forgets
    the end; Prometheus repeats every end for fifteen minutes, and the next repetition is told."""
    chain.alertmanager.send(routing.alert(SLOW))
    chain.wait("slack", "firing", "ExtractionTooSlow")
    chain.alertmanager.send(routing.alert(member(SLOW)))
    chain.alertmanager.wait_for_state(routing.alert(SLOW)["labels"], "suppressed")
    end = routing.alert(SLOW, resolved=True)
    chain.alertmanager.send(end)
    # Another one joins the group: the message about it went out when the end was looked at and left out.
    first = max(found.id for found in chain.inbox.client.deliveries(channel="slack"))
    chain.alertmanager.send(routing.alert({**SLOW, "extractor": "returns"}))
    chain.inbox.client.wait_for(lambda found: found.channel == "slack", 30, since_id=first)
    assert chain.count("slack", "resolved", "ExtractionTooSlow") == 0
    chain.alertmanager.send(routing.alert(member(SLOW), resolved=True))
    chain.alertmanager.send(end)
    chain.wait("slack", "resolved", "ExtractionTooSlow")


def test_a_worse_incident_is_told_beside_a_milder_one_and_silences_it(chain: Told) -> None:
    chain.alertmanager.send(routing.alert(CASCADE))
    chain.wait("slack", "firing", "LatencyCascade")
    chain.alertmanager.send(routing.alert(CASCADE), routing.alert({**CASCADE, "severity": "critical"}))
    chain.wait("pagerduty", "firing", "LatencyCascade")
    chain.alertmanager.wait_for_state(routing.alert(CASCADE)["labels"], "suppressed")


def test_an_incident_of_one_extractor_leaves_the_members_of_another_alone(chain: Told) -> None:
    chain.alertmanager.send(*(routing.alert(labels) for labels in (SLOW, CASCADE, member(SLOW))))
    chain.alertmanager.send(routing.alert({**SLOW, "extractor": "returns"}))
    assert chain.wait("slack", "firing", "ExtractionTooSlow")
    chain.alertmanager.wait_for_state(routing.alert(SLOW)["labels"], "suppressed")


def test_a_level_calls_its_people_and_silences_nothing(chain: Told) -> None:
    level = {
        "alertname": "EscalationLevel3",
        "severity": "critical",
        "escalation_level": "3",
        "policy": "latency-violation",
        "original_alert": "ExtractionTooSlow",
        "category": "escalation",
        "objective": "",
    }
    called = {"recipients": "on-call-engineer, engineering-manager", "response_time": "within 5m"}
    chain.alertmanager.send(routing.alert(level, annotations=called), routing.alert(SLOW))
    chain.wait("pagerduty", "firing", "EscalationLevel3")
    mail = chain.inbox.client.raw(chain.wait("email", "firing", "EscalationLevel3"))
    assert "on-call-engineer, engineering-manager, within 5m" in mail
    chain.wait("slack", "firing", "ExtractionTooSlow")
    chain.alertmanager.send(routing.alert(level, resolved=True))
    for channel in ("pagerduty", "slack", "email"):
        chain.wait(channel, "resolved", "EscalationLevel3")
