"""The generic webhook's side of the inbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from featurewatch.demo.inbox.webhook import answer


def alert(name: str = "ExtractionTooSlow", status: str = "firing") -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, "service": "market", "severity": "critical"},
        "annotations": {"summary": "p95 is 170 ms"},
        "startsAt": "2026-01-01T00:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "1a30ba71cca2921f",
    }


def payload(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    listed = list(alerts) or [alert()]
    said = {
        "version": "4",
        "groupKey": '{}:{alertname="ExtractionTooSlow"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "oncall",
        "groupLabels": {"alertname": "ExtractionTooSlow"},
        "commonLabels": {"service": "market", "severity": "critical", "unknown": "x"},
        "commonAnnotations": {"summary": "p95 is 170 ms"},
        "externalURL": "http://localhost:9093",
        "alerts": listed,
    }
    return said | changes


def test_the_documented_payload_is_accepted_and_understood() -> None:
    said = answer(json.dumps(payload()).encode())
    assert (said.status, said.reason) == (200, "")
    message = said.message
    assert (message.status, message.firing, message.severity) == ("firing", ("ExtractionTooSlow",), "critical")
    assert message.labels == {"service": "market", "severity": "critical"}
    assert message.recipients == ("webhook (oncall)",)
    assert message.summary == "p95 is 170 ms"
    assert message.key == '{}:{alertname="ExtractionTooSlow"}'


def test_a_group_in_which_one_fires_and_one_has_ended_is_mixed() -> None:
    body = payload(alert("A"), alert("B", "resolved"), alert("A"))
    message = answer(json.dumps(body).encode()).message
    assert (message.status, message.firing, message.resolved, message.alerts) == ("mixed", ("A",), ("B",), ("A", "B"))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (payload(version="3"), "version is '3', expected '4'"),
        (payload(status="pending"), "status is 'pending', expected 'firing' or 'resolved'"),
        (payload(groupKey=""), "groupKey is missing or empty"),
        (payload(receiver=None), "receiver is missing or empty"),
        (payload(externalURL=None), "externalURL is not a string"),
        (payload(truncatedAlerts=-1), "truncatedAlerts is not a number from 0"),
        (payload(commonLabels={"a": 1}), "commonLabels is not a map of strings"),
        (payload(alerts=[]), "alerts is not a list with at least one alert"),
        (payload(alerts=[1]), "alerts[0]: not an object"),
        (payload(alert(status="x")), "alerts[0]: status is 'x', expected 'firing' or 'resolved'"),
        (payload(alert() | {"labels": None}), "alerts[0]: labels is not a map of strings"),
        (payload(alert(), alert() | {"startsAt": "yesterday"}), "alerts[1]: startsAt is not an RFC 3339 time"),
        (payload(alert() | {"endsAt": "2026-01-01T00:00:00"}), "alerts[0]: endsAt is not an RFC 3339 time"),
        (payload(alert() | {"fingerprint": 1}), "alerts[0]: fingerprint is not a string"),
    ],
)
def test_a_payload_of_another_shape_is_refused_with_the_fault(body: dict[str, Any], fault: str) -> None:
    said = answer(json.dumps(body).encode())
    assert (said.status, said.body, said.reason) == (400, f"{fault}\n", fault)


def test_all_faults_are_reported_at_once() -> None:
    assert len(answer(json.dumps(payload(version="3", status="", alerts=[{}])).encode()).body.splitlines()) == 9


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    assert answer(body).status == 400
