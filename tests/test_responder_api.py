"""What the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.running_responder import running

from featurewatch.responder.database import Database, open_database
from featurewatch.responder.firing import Told
from featurewatch.responder.intake import take
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tokens import Bearer, Role

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = {role: f"the-token-of-a-{role}" for role in Role}


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    settings = Settings(database="", tokens={token: Bearer(f"some {role}", role) for role, token in TOKENS.items()})
    app = create_app(settings, database=database, clock=lambda: at(100))
    with running(app, TOKENS[Role.OPERATOR]) as started:
        told = [Told(f"{n:x}", at(n), None if n % 2 else at(n + 50), {"alertname": f"A{n}"}) for n in range(10)]
        take(database, told, at(60))
        yield started


def test_pages_hold_each_alert_once_the_newest_first(client: httpx.Client) -> None:
    found, cursor = [], ""
    while True:
        page = client.get(f"/api/v1/alerts?limit=3{cursor}").json()
        found += [item["alertname"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == [f"A{n}" for n in reversed(range(10))]


def test_only_what_was_asked_for_is_listed(client: httpx.Client) -> None:
    def names(query: str) -> list[str]:
        return [item["alertname"] for item in client.get(f"/api/v1/alerts?{query}").json()["items"]]

    assert names("state=firing") == ["A9", "A7", "A5", "A3", "A1"]
    assert names("alertname=A4") == ["A4"]
    assert names("until=2026-01-01T00:00:02Z") == ["A1", "A0"]
    assert names("state=resolved&since=2026-01-01T00:00:56Z") == ["A8", "A6"]


def test_an_alert_is_acknowledged_and_given_back(client: httpx.Client) -> None:
    path = "/api/v1/alerts/2/acknowledgement"
    given = client.put(path, json={"comment": "looking", "seconds": 60})
    assert given.status_code == 200, given.text
    expected = {
        "owner": "some operator",
        "comment": "looking",
        "given_at": "2026-01-01T00:01:40Z",
        "until": "2026-01-01T00:02:40Z",
    }
    assert client.get("/api/v1/alerts/2").json()["acknowledgement"] == expected
    kinds = [item["kind"] for item in client.get("/api/v1/history?alertname=A1").json()["items"]]
    assert kinds == ["acknowledged", "fired"]
    assert client.delete(path).status_code == 204
    assert client.get("/api/v1/alerts/2").json()["acknowledgement"] is None
    assert client.delete(path).status_code == 404


def test_what_somebody_has_in_hand_is_not_taken_from_them(client: httpx.Client) -> None:
    path = "/api/v1/alerts/2/acknowledgement"
    client.put(path, json={"owner": "somebody else"})
    answer = client.put(path, json={})
    assert answer.status_code == 409
    assert "somebody else" in answer.json()["detail"]


def test_what_has_ended_cannot_be_acknowledged(client: httpx.Client) -> None:
    answer = client.put("/api/v1/alerts/1/acknowledgement", json={})
    assert answer.status_code == 404
    assert "ended at" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("GET", "/api/v1/alerts", Role.VIEWER),
        ("GET", "/api/v1/alerts/1", Role.VIEWER),
        ("GET", "/api/v1/history", Role.VIEWER),
        ("PUT", "/api/v1/alerts/2/acknowledgement", Role.OPERATOR),
        ("DELETE", "/api/v1/alerts/2/acknowledgement", Role.OPERATOR),
    ],
)
def test_a_role_reaches_as_far_as_it_is_meant_to(client: httpx.Client, method: str, path: str, least: Role) -> None:
    for role, token in TOKENS.items():
        headers = {"authorization": f"Bearer {token}"}
        answer = client.request(method, path, headers=headers, json={} if method == "PUT" else None)
        assert (answer.status_code == 403) == (role < least), answer.text
    client.headers.pop("authorization")
    assert client.request(method, path).status_code == 401


def test_a_cursor_of_somebody_else_is_refused(client: httpx.Client) -> None:
    for cursor in ("x", "MQ", "LjE", "MS4", "%F0%9F", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE"):
        answer = client.get(f"/api/v1/alerts?cursor={cursor}")
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
