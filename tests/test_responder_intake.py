"""The responder takes what Alertmanager sends: once, whatever happens in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.running_responder import running

from featurewatch.responder.acknowledgement import Acknowledgement, acknowledge
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tables import firings, transitions
from featurewatch.responder.tokens import Bearer, Role

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "a-token-of-the-test"
LABELS = {
    "alertname": "ExtractionTooSlow",
    "service": "market-features",
    "extractor": "technical",
    "severity": "critical",
    "category": "latency",
    "objective": "extraction-latency",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    settings = Settings(database="", tokens={TOKEN: Bearer("alertmanager", Role.OPERATOR)})
    with running(create_app(settings, database=database), TOKEN) as started:
        yield started


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def alert(start: int, end: int | None = None, **labels: str) -> dict[str, Any]:
    return {
        "status": "firing" if end is None else "resolved",
        "labels": LABELS | labels,
        "annotations": {"summary": "slow"},
        "startsAt": at(start).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if end is None else at(end).isoformat(),
        "generatorURL": "",
        "fingerprint": "00ff",
    }


def message(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "responder",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": list(alerts),
    }


def send(client: httpx.Client, *alerts: dict[str, Any]) -> dict[str, int]:
    answer = client.post("/api/v1/notifications", json=message(*alerts))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def kept(database: Database) -> list[tuple[datetime, datetime | None]]:
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(firings.c.started_at, firings.c.ended_at))]


def history(database: Database) -> list[tuple[str, datetime]]:
    with database.reading() as connection:
        rows = connection.execute(select(transitions.c.kind, transitions.c.at).order_by(transitions.c.at))
        return [(row[0], row[1]) for row in rows]


def test_a_message_is_in_the_history_once_it_was_accepted(client: httpx.Client, database: Database) -> None:
    assert send(client, alert(0)) == {"fired": 1, "resolved": 0, "known": 0}
    assert send(client, alert(0, 9)) == {"fired": 0, "resolved": 1, "known": 0}
    assert kept(database) == [(at(0), at(9))]
    assert history(database) == [("fired", at(0)), ("resolved", at(9))]


def test_a_repeated_message_changes_nothing(client: httpx.Client, database: Database) -> None:
    for repeated in (alert(0), alert(0), alert(0, 9), alert(0), alert(0, 9)):
        send(client, repeated)
    assert kept(database) == [(at(0), at(9))]
    assert history(database) == [("fired", at(0)), ("resolved", at(9))]


def test_a_locked_database_is_answered_with_503_and_nothing_is_taken(client: httpx.Client, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.post("/api/v1/notifications", json=message(alert(0)))
    other.close()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"
    assert send(client, alert(0))["fired"] == 1


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic abc"}])
def test_nothing_is_taken_without_a_token(client: httpx.Client, headers: dict[str, str]) -> None:
    client.headers.pop("authorization")
    answer = client.post("/api/v1/notifications", json=message(alert(0)), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_rules_are_told_who_has_an_alert_in_hand_and_when_it_began(
    client: httpx.Client, database: Database
) -> None:
    send(client, alert(0))
    identity = 'alertname="ExtractionTooSlow",extractor="technical",service="market-features",severity="critical"'
    page = client.get("/metrics").text
    assert f"featurewatch_acknowledged{{{identity}}} 0.0" in page
    assert f"featurewatch_alert_started_timestamp_seconds{{{identity}}} 1.7672256e+09" in page
    with database.writing() as connection:
        acknowledge(connection, Acknowledgement(1, "somebody", "on it", at(1), None))
    assert f"featurewatch_acknowledged{{{identity}}} 1.0" in client.get("/metrics").text
    send(client, alert(0, 9))
    assert identity not in client.get("/metrics").text


def test_a_body_that_is_too_long_is_not_read(client: httpx.Client) -> None:
    answer = client.post("/api/v1/notifications", content=b" " * (8 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    chunks = (b" " * 1024 * 1024 for _ in range(9))
    assert client.post("/api/v1/notifications", content=chunks).status_code == 413


def test_what_was_sent_is_not_repeated_in_an_error(client: httpx.Client) -> None:
    answer = client.post("/api/v1/notifications", json={"version": "a secret"})
    assert answer.status_code == 422
    assert "a secret" not in answer.text
