"""What people are told of repair over the API, and what they may decide there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from tests import objectives_sample
from tests.running_responder import running

from featurewatch import names
from featurewatch.responder.audit import head
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.repair import run as runs
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tables import audit
from featurewatch.responder.tokens import Bearer, Role

TOKENS = {role: f"the-token-of-a-{role}" for role in Role}
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)

ACTIONS = """
responder: { url: "http://responder:8090", token_file: secrets/token, audit_key_file: secrets/key }
targets:
  - { name: ray, kind: ray-serve, url: "http://127.0.0.1:9", application: a, deployment: b, timeout: 1s }
actions:
  - { name: grow, kind: scale-up, on: [{ alert: ExtractionTooSlow }], target: ray, replicas: [1, 2], approval: admin }
"""

WAITING = {
    "action": "grow",
    "target": "ray",
    "kind": "scale-up",
    "mode": "real",
    "key": "k",
    "state": "waiting",
    "why": "the role admin must agree",
    "severity": "high",
    "firings": [1],
    "found": {"replicas": 1},
    "wished": {"replicas": 2},
    "calls": [{"method": "PUT", "url": "http://ray", "body": "{}"}],
    "approver": "admin",
    "made_at": NOW,
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    objectives = tmp_path / "objectives.yaml"
    objectives.write_text(objectives_sample.TEXT + ACTIONS)
    settings = Settings(
        database="",
        tokens={token: Bearer(f"some-{role}", role) for role, token in TOKENS.items()},
        objectives=objectives,
        audit_key=bytes(range(32)),
        audit_anchor=tmp_path / "anchor",
        repair_seconds=3_600.0,
        audit_seconds=3_600.0,
    )
    app = create_app(settings, database=database, clock=lambda: NOW)
    with running(app, TOKENS[Role.VIEWER]) as started:
        yield started


def bearing(role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[role]}"}


def waiting(database: Database) -> str:
    with database.writing() as connection:
        made = runs.write(connection, WAITING)
    return f"/api/v1/actions/runs/{made.id}"


def test_declared_actions_are_listed_with_how_they_stand(client: httpx.Client) -> None:
    (found,) = client.get("/api/v1/actions").json()["items"]
    assert (found["name"], found["mode"], found["approval"]) == ("grow", "dry-run", "admin")
    assert (found["failures"], found["switched_off"], found["last_run"]) == (0, False, None)


def test_a_run_is_agreed_to_by_its_role_once_and_that_is_written_down(client: httpx.Client, database: Database) -> None:
    path = waiting(database)
    assert client.get(path).json()["state"] == "waiting"
    said = {"agree": True, "comment": "go on"}

    for role, status in ((Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.ADMIN, 200), (Role.ADMIN, 409)):
        assert client.post(f"{path}/decision", json=said, headers=bearing(role)).status_code == status

    found = client.get(path).json()
    assert (found["state"], found["decided_by"]) == ("intended", "some-admin")
    entries = client.get("/api/v1/audit?subject=grow").json()["items"]
    assert [(one["kind"], one["actor"], one["detail"]["comment"]) for one in entries] == [
        ("approved", "some-admin", "go on")
    ]


def test_runs_come_in_pages_and_by_state(client: httpx.Client, database: Database) -> None:
    with database.writing() as connection:
        for number in range(5):
            runs.write(connection, {**WAITING, "key": str(number), "state": "told" if number % 2 else "failed"})
    page = client.get("/api/v1/actions/runs?limit=3").json()
    rest = client.get(f"/api/v1/actions/runs?limit=3&cursor={page['next']}").json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None
    assert [one["id"] for one in client.get("/api/v1/actions/runs?state=told").json()["items"]] == [4, 2]


def test_an_operator_stops_everything_and_an_admin_lets_it_go_on(client: httpx.Client, database: Database) -> None:
    path = waiting(database)
    assert client.put("/api/v1/stop", json={}).status_code == 403
    stopped = client.put("/api/v1/stop", json={"comment": "fire drill"}, headers=bearing(Role.OPERATOR)).json()
    assert (stopped["stopped"], stopped["made_by"], stopped["comment"]) == (True, "some-operator", "fire drill")
    assert client.get(path).json()["state"] == "stopped"
    assert f"{names.REPAIR_STOPPED} 1.0" in client.get("/metrics").text

    assert client.delete("/api/v1/stop", headers=bearing(Role.OPERATOR)).status_code == 403
    assert client.delete("/api/v1/stop", headers=bearing(Role.ADMIN)).status_code == 204
    assert client.delete("/api/v1/stop", headers=bearing(Role.ADMIN)).status_code == 404
    assert client.get("/api/v1/stop").json()["stopped"] is False


def test_an_action_is_switched_on_again_by_an_admin(client: httpx.Client, database: Database) -> None:
    with database.writing() as connection:
        for number in range(3):
            failed = {"state": "failed", "ended_at": NOW, "approver": None}
            runs.write(connection, {**WAITING, **failed, "key": str(number)})
    assert client.get("/api/v1/actions").json()["items"][0]["switched_off"] is True
    assert f'{names.REPAIR_SWITCHED_OFF}{{action="grow"}} 1.0' in client.get("/metrics").text

    path = "/api/v1/actions/grow/switch-on"
    assert client.post(path, json={}, headers=bearing(Role.OPERATOR)).status_code == 403
    assert client.post(path, json={}, headers=bearing(Role.ADMIN)).status_code == 204
    assert client.post("/api/v1/actions/shrink/switch-on", json={}, headers=bearing(Role.ADMIN)).status_code == 404
    assert client.get("/api/v1/actions").json()["items"][0]["switched_off"] is False


def test_tampering_with_the_audit_shows_in_the_api_and_in_metrics(client: httpx.Client, database: Database) -> None:
    client.put("/api/v1/stop", json={"comment": "one"}, headers=bearing(Role.OPERATOR))
    whole = client.get("/api/v1/audit/verification").json()
    assert (whole["holds"], whole["entries"]) == (True, 1)
    with database.reading() as connection:
        mac = head(connection).mac
    text = client.get("/metrics").text
    assert f"{names.AUDIT_HOLDS} 1.0" in text
    assert f'{names.AUDIT_HEAD}{{mac="{mac[:16]}"}} 1.0' in text

    with database.writing() as connection:
        connection.execute(update(audit).values(actor="somebody else"))
    broken = client.get("/api/v1/audit/verification").json()
    assert broken["holds"] is False
    assert broken["flaws"][0]["number"] == 1
    assert f"{names.AUDIT_HOLDS} 0.0" in client.get("/metrics").text


def test_a_responder_without_a_key_says_that_it_repairs_nothing(database: Database) -> None:
    settings = Settings(database="", tokens={TOKENS[Role.VIEWER]: Bearer("some-viewer", Role.VIEWER)})
    with running(create_app(settings, database=database, clock=lambda: NOW), TOKENS[Role.VIEWER]) as client:
        answer = client.get("/api/v1/actions")
    assert answer.status_code == 503
    assert "--audit-key-file" in answer.json()["detail"]
