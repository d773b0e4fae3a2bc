"""What Alertmanager's event recorder writes goes into the history, once."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests import recorded_events, running_parts
from tests.running_parts import Hook

from featurewatch.native.ports import free_port
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.events import said
from featurewatch.responder.recorder import Recorder
from featurewatch.responder.tables import firings, transitions
from featurewatch.tools.alertmanager import Launch

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    opened.migrate()
    yield opened
    opened.close()


def history(database: Database) -> list[tuple[str, str]]:
    c = transitions.c
    with database.reading() as connection:
        rows = connection.execute(select(c.kind, firings.c.severity).join(firings).order_by(c.at, c.id))
        return [(row.kind, row.severity) for row in rows]


def follow(recorder: Recorder, database: Database) -> int:
    return recorder.follow(database, lambda: NOW)


STORY = [("fired", "critical"), ("fired", "high"), ("inhibited", "high"), ("delivered", "critical")]


def test_what_was_inhibited_and_what_was_delivered_stands_in_the_history_once(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(recorded_events.STORY)
    recorder = Recorder(path)
    assert follow(recorder, database) == 7
    assert history(database)[:4] == STORY
    assert follow(recorder, database) == 0
    assert follow(Recorder(path), database) == 0, "after a kill the file is read again"
    assert [kind for kind, _ in history(database)].count("inhibited") == 1


def test_half_a_line_waits_for_its_end(tmp_path: Path, database: Database) -> None:
    path = tmp_path / "events.jsonl"
    recorder = Recorder(path)
    assert follow(recorder, database) == 0, "no file yet"
    first, _, rest = recorded_events.STORY.partition("\n")
    path.write_text(first[:-5])
    assert follow(recorder, database) == 0
    path.write_text(f"{first}\n{rest}")
    assert follow(recorder, database) == 7


def test_a_file_that_began_anew_is_read_from_its_beginning(tmp_path: Path, database: Database) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(recorded_events.STORY + recorded_events.STORY)
    recorder = Recorder(path)
    follow(recorder, database)
    path.write_text(recorded_events.STORY.replace('"service","value":"a"', '"service","value":"b"'))
    assert follow(recorder, database) == 0, "the same events of the same fingerprints"


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[]", '{"@timestamp":"now","data":{}}', '{"data":{"alertCreated":{}}}']
)
def test_what_is_no_event_is_said_and_passed_over(tmp_path: Path, database: Database, line: str) -> None:
    with pytest.raises(ValueError, match="no event of Alertmanager"):
        said(line.encode())
    path = tmp_path / "events.jsonl"
    path.write_text(f"{line}\n{recorded_events.STORY}")
    assert follow(Recorder(path), database) == 7


def test_nothing_is_known_of_what_is_about_no_alert_or_of_watchdog() -> None:
    for line in recorded_events.ABOUT_NOTHING.splitlines():
        assert said(line.encode()) == said(
            b'{"@timestamp":"2026-01-01T00:00:00Z","data":{"alertmanagerShutdownEvent":{}}}'
        )


def eventually(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


@pytest.mark.end_to_end
def test_a_real_alertmanager_writes_what_is_read(
    tmp_path: Path, database: Database, alertmanager_launch: Launch
) -> None:
    """From 0.33 on; it says what a webhook never hears of."""
    events, port = tmp_path / "events.jsonl", free_port()
    with Hook() as hook:
        config = running_parts.alertmanager_configuration(hook.url) | {
            "inhibit_rules": [
                {
                    "name": "worse",
                    "source_matchers": ['severity="critical"'],
                    "target_matchers": ['severity="high"'],
                    "equal": ["service"],
                }
            ],
            "event_recorder": {"file_outputs": [{"path": str(events)}]},
        }
        with running_parts.alertmanager(
            alertmanager_launch, tmp_path / "alertmanager", config, port, "--enable-feature=event-recorder"
        ) as part:
            send(port, "critical", "high")
            recorder = Recorder(events)
            wanted = {("inhibited", "high"), ("delivered", "critical"), ("fired", "high"), ("fired", "critical")}
            eventually(lambda: follow(recorder, database) >= 0 and wanted <= set(history(database)), 30, str(wanted))
            part.kill()
        before = history(database)
        assert follow(Recorder(events), database) == 0
        assert history(database) == before
    shutil.rmtree(tmp_path / "alertmanager")


def send(port: int, *severities: str) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    alerts: list[dict[str, Any]] = [
        {"labels": {"alertname": "X", "service": "a", "severity": severity}, "startsAt": began.isoformat()}
        for severity in severities
    ]
    body = json.dumps(alerts)
    headers = {"content-type": "application/json"}
    url = f"http://127.0.0.1:{port}/api/v2/alerts"
    httpx.post(url, content=body, headers=headers, trust_env=False).raise_for_status()
