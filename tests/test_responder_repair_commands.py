"""What the command line says of repair, and its exit statuses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests import objectives_sample
from tests.running_responder import running
from tests.test_responder_repair_api import ACTIONS, WAITING

from featurewatch import cli
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.repair import run as runs
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tokens import Bearer, Role

TOKEN = "the-token-of-an-admin"
KEY = "k" * 32

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "objectives.yaml").write_text(objectives_sample.TEXT + ACTIONS)
    (tmp_path / "key").write_text(f"{KEY}\n")
    settings = Settings(
        database="",
        tokens={TOKEN: Bearer("boss", Role.ADMIN)},
        objectives=tmp_path / "objectives.yaml",
        audit_key=KEY.encode(),
        audit_anchor=tmp_path / "anchor",
        repair_seconds=3_600.0,
        audit_seconds=3_600.0,
    )
    with running(create_app(settings, database=database, clock=lambda: datetime.now(UTC)), TOKEN) as started:
        yield started


@pytest.fixture
def command(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_URL", str(client.base_url))
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.chdir(tmp_path)  # no checkout

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_actions_and_their_runs_are_listed(database: Database, command: Command) -> None:
    with database.writing() as connection:
        runs.write(
            connection,
            {**WAITING, "mode": "dry-run", "state": "told", "why": "dry-run", "ended_at": WAITING["made_at"]},
        )
    status, out, _ = command("actions", "--fail")
    assert status == 0
    assert "ExtractionTooSlow" in out
    assert "1 told" in out
    assert "replicas=2" in command("actions", "--runs")[1]
    assert "would call: PUT http://ray {}" in command("actions", "1")[1]
    assert json.loads(command("actions", "1", "--json")[1])["wished"] == {"replicas": 2}
    assert command("actions", "2")[0] == 1


def test_an_action_that_failed_shows_in_the_exit_status_until_it_is_switched_on(
    database: Database, command: Command
) -> None:
    with database.writing() as connection:
        for number in range(3):
            failed = {"state": "failed", "ended_at": WAITING["made_at"], "key": str(number)}
            runs.write(connection, {**WAITING, **failed})
    status, out, _ = command("actions", "--fail")
    assert status == 1
    assert "switched off after 3 failures" in out
    assert command("actions", "--switch-on", "grow", "--comment", "mended")[0] == 0
    assert command("actions", "--fail")[0] == 0


def test_runs_that_wait_are_listed_agreed_to_and_refused(database: Database, command: Command) -> None:
    with database.writing() as connection:
        for number in range(2):
            runs.write(connection, {**WAITING, "key": str(number)})
    assert "PUT http://ray {}" in command("approve")[1]
    assert "boss agreed: go on" in command("approve", "1", "--comment", "go on")[1]
    assert "boss refused" in command("approve", "2", "--refuse")[1]
    status, _, err = command("approve", "1")
    assert status == 1
    assert "waits for nobody" in err
    assert command("approve", "--refuse")[0] == 2


def test_everything_is_stopped_and_let_go(command: Command) -> None:
    assert command("stop", "--status")[0] == 0
    assert command("stop", "--comment", "fire drill")[0] == 0
    status, out, _ = command("stop", "--status")
    assert status == 1
    assert "boss stopped all actions: fire drill" in out
    assert command("stop", "--lift")[0] == 0
    assert command("stop", "--status")[0] == 0


def test_the_audit_is_read_and_verified_with_the_responder_and_without(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    alone = (
        "--database",
        f"sqlite:///{file}",
        "--key-file",
        str(tmp_path / "key"),
        "--anchor",
        str(tmp_path / "anchor"),
    )
    command("stop", "--comment", "one")
    command("stop", "--lift")
    assert "fire" not in command("audit")[1]
    assert "resumed" in command("audit")[1]
    assert command("audit", "verify")[0] == 0
    assert command("audit", "verify", *alone)[0] == 0
    assert command("audit", "verify", *alone[:2])[0] == 2

    old = str(tmp_path / "old.jsonl")
    assert command("audit", "archive", "--before", "2020-01-01", "--to", old)[0] == 2
    status, _, err = command("audit", "archive", "--before", "2020-01-01T00:00Z", "--to", old, *alone)
    assert (status, err) == (1, "no entry is older than 2020-01-01 00:00:00Z\n")
    status, out, _ = command("audit", "archive", "--before", "2999-01-01", "--to", old, *alone)
    assert status == 0
    assert f"1 entries, up to 1, are in {old}" in out
    assert command("audit", "verify")[0] == 0
    assert command("audit", "verify", *alone)[0] == 0
    assert command("audit", "verify", "--archive", old, *alone)[0] == 0

    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM audit WHERE number = 3")
    connection.close()
    for arguments in ((), alone):
        status, out, err = command("audit", "verify", *arguments)
        assert status == 1
        assert "its end was removed" in out
        assert "does not hold" in err
