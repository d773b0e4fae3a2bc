"""PagerDuty's side of the inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.demo_inbox import ROUTING_KEY, RunningInbox, running_inbox

from featurewatch.demo.inbox.incidents import Incidents, RateLimit
from featurewatch.demo.inbox.message import Message
from featurewatch.demo.inbox.pagerduty import Account, check

PATH = "/v2/enqueue"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInbox]:
    directory: Path = tmp_path_factory.mktemp("pagerduty")
    (directory / "key").write_text(ROUTING_KEY + "\n")
    with running_inbox(directory / "inbox", "--pagerduty-key-file", str(directory / "key")) as running:
        yield running


def trigger(dedup_key: str = "market/p95", **payload: Any) -> dict[str, Any]:
    said = {
        "summary": "[FIRING:1] ExtractionTooSlow market",
        "source": "market",
        "severity": "critical",
        "class": "ExtractionTooSlow",
        "custom_details": {"extractor": "technical", "service": "market", "severity": "critical"},
    }
    return {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": {name: value for name, value in (said | payload).items() if value is not None},
        "client": "Alertmanager",
        "links": [{"href": "http://localhost:3000/d/overview", "text": "Dashboard"}],
        "images": [],
    }


def follow_up(action: str, dedup_key: str = "market/p95") -> dict[str, Any]:
    return {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": dedup_key}


def without(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != name}


def test_an_incident_opens_once_repeats_is_acknowledged_and_resolves(inbox: RunningInbox) -> None:
    key = "life of an incident"
    for event in (trigger(key), trigger(key), follow_up("acknowledge", key)):
        answer = inbox.post(PATH, event)
        assert answer.status_code == 202
        assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": key}
    (open_incident,) = (found for found in inbox.get("/incidents").json() if found["dedup_key"] == key)
    assert (open_incident["state"], open_incident["triggers"]) == ("acknowledged", 2)
    for event in (follow_up("resolve", key), follow_up("resolve", key), trigger(key), follow_up("resolve", key)):
        assert inbox.post(PATH, event).status_code == 202
    assert not [found for found in inbox.get("/incidents").json() if found["dedup_key"] == key]
    received = [found for found in inbox.client.deliveries(channel="pagerduty") if found.key == key]
    effects = [found.effect for found in received]
    assert effects == ["opened", "repeated", "acknowledged", "resolved", "dropped", "opened", "resolved"]
    assert [found.status for found in received[:4]] == ["firing", "firing", "none", "resolved"]
    assert received[3].resolved == ("ExtractionTooSlow",), "a bare resolve is about the alert that opened the incident"
    assert received[0].labels == {"extractor": "technical", "service": "market", "severity": "critical"}
    assert ROUTING_KEY not in json.dumps(received[0].to_json()), "a secret is not shown"


def test_a_trigger_without_a_key_gets_one_of_its_own(inbox: RunningInbox) -> None:
    keys = {inbox.post(PATH, without(trigger(), "dedup_key")).json()["dedup_key"] for _ in range(2)}
    assert len(keys) == 2
    assert all(keys)


def test_events_of_another_routing_key_do_not_touch_the_incident() -> None:
    incidents = Incidents()
    mine = Message(channel="pagerduty", recipients=("on-call (mine)",), key="k")
    other = Message(channel="pagerduty", recipients=("on-call (other)",), key="k")
    assert incidents.apply(mine, "trigger").effect == "opened"
    assert incidents.apply(other, "resolve").effect == "dropped"
    assert len(incidents.open) == 1


@pytest.mark.parametrize(
    ("event", "error"),
    [
        pytest.param(without(trigger(), "routing_key"), "'routing_key' is missing or blank", id="no key"),
        pytest.param(
            trigger() | {"routing_key": "short"},
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            id="short key",
        ),
        pytest.param(trigger() | {"routing_key": "f" * 32}, "Invalid routing key", id="unknown key"),
        pytest.param(without(trigger(), "event_action"), "'event_action' is missing or blank", id="no action"),
        pytest.param(
            trigger() | {"event_action": "fire"},
            "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')",
            id="unknown action",
        ),
        pytest.param(without(trigger(), "payload"), "'payload' is missing or blank", id="no payload"),
        pytest.param(trigger(summary=None), "'payload.summary' is missing or blank", id="no summary"),
        pytest.param(trigger(summary=" "), "'payload.summary' is missing or blank", id="blank summary"),
        pytest.param(
            trigger(summary="x" * 1025), "'payload.summary' is too long (maximum is 1024 characters)", id="long summary"
        ),
        pytest.param(trigger(source=None), "'payload.source' is missing or blank", id="no source"),
        pytest.param(trigger(severity=None), "'payload.severity' is missing or blank", id="no severity"),
        pytest.param(
            trigger(severity="high"),
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
            id="a severity of ours, not of PagerDuty's",
        ),
        pytest.param(trigger("x" * 256), "'dedup_key' is too long (maximum is 255 characters)", id="long dedup_key"),
        pytest.param(without(follow_up("resolve"), "dedup_key"), "'dedup_key' is missing or blank", id="bare resolve"),
        pytest.param(without(follow_up("acknowledge"), "dedup_key"), "'dedup_key' is missing or blank", id="bare ack"),
        pytest.param(
            trigger() | {"links": [{"text": "x"}]}, "'links[0].href' is missing or blank", id="link to nothing"
        ),
        pytest.param(trigger() | {"links": {}}, "'links' is not an array", id="links of another shape"),
        pytest.param(
            trigger() | {"images": [{"src": "http://x/y.png"}]}, "'images[0].src' is not served via HTTPS", id="image"
        ),
        pytest.param(trigger(custom_details="x"), "'payload.custom_details' is not an object", id="details as text"),
    ],
)
def test_an_invalid_event_is_refused_with_pagerdutys_body_and_recorded(
    inbox: RunningInbox, event: dict[str, Any], error: str
) -> None:
    answer = inbox.post(PATH, event)
    assert answer.status_code == 400
    assert answer.json() == {"status": "invalid event", "message": "Event object is invalid", "errors": [error]}
    refused = inbox.client.deliveries(channel="pagerduty", refused=True)[-1]
    assert refused.reason == error


@pytest.mark.parametrize("severity", ["critical", "error", "warning", "info"])
def test_pagerdutys_own_severities_and_greatest_lengths_are_accepted(severity: str) -> None:
    event = trigger("k" * 255, severity=severity, summary="s" * 1024)
    accepted, answer = check(Account(ROUTING_KEY), json.dumps(event).encode())
    assert accepted is not None
    assert answer.status == 202


def test_all_errors_of_an_event_are_reported_at_once(inbox: RunningInbox) -> None:
    errors = inbox.post(PATH, {"event_action": "trigger", "payload": {}}).json()["errors"]
    assert len(errors) == 4


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
def test_what_is_no_event_at_all_is_unrecognised(inbox: RunningInbox, body: bytes) -> None:
    answer = inbox.post(PATH, body)
    assert (answer.status_code, answer.json()["status"]) == (400, "Unrecognized object")


def test_an_event_over_512_kb_is_refused_as_too_large(inbox: RunningInbox) -> None:
    answer = inbox.post(PATH, trigger(custom_details={"log": "x" * 512_000}))
    assert answer.status_code == 413
    assert inbox.post(PATH, trigger(custom_details={"log": "x" * 500_000})).status_code == 202


def test_details_as_alertmanager_lists_them_name_every_alert() -> None:
    labels = {"alertname": "ExtractionTooSlow", "service": "market", "severity": "critical"}
    alerts = [{"labels": labels}, {"labels": labels | {"alertname": "HitRateLow"}}]
    event = trigger(custom_details={"firing": alerts, "resolved": [], "num_firing": "2"})
    _, answer = check(Account(), json.dumps(event).encode())
    assert answer.message.firing == ("ExtractionTooSlow", "HitRateLow")
    assert answer.message.labels == {"service": "market", "severity": "critical"}


def test_the_rate_limit_looks_back_over_one_minute() -> None:
    now = [0.0]
    rate = RateLimit(2, lambda: now[0])
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]
    assert rate.allows("b"), "it is per key"
    now[0] = 59.9
    assert not rate.allows("a")
    now[0] = 60.0
    assert rate.allows("a")


def test_more_calls_than_the_limit_are_answered_with_429_and_open_nothing(tmp_path: Path) -> None:
    with running_inbox(tmp_path / "inbox", "--pagerduty-calls-per-minute", "2") as inbox:
        answers = [inbox.post(PATH, trigger(str(number))) for number in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert len(inbox.get("/incidents").json()) == 2


def test_open_incidents_stay_open_over_a_restart(tmp_path: Path) -> None:
    with running_inbox(tmp_path / "inbox") as inbox:
        inbox.post(PATH, trigger("stays"))
        inbox.post(PATH, trigger("ends"))
        inbox.post(PATH, follow_up("resolve", "ends"))
        inbox.kill()
    with running_inbox(tmp_path / "inbox") as inbox:
        inbox.post(PATH, trigger("stays"))
        assert inbox.client.deliveries(channel="pagerduty")[-1].effect == "repeated"
        assert [found["dedup_key"] for found in inbox.get("/incidents").json()] == ["stays"]
