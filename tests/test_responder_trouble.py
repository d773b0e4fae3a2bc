"""The responder in trouble: what it answers with 2xx is kept, what it refuses is not there, never half of either."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from tests import running_parts
from tests.running_parts import TOKEN
from tests.running_postgresql import running_postgresql
from tests.running_responder import running

from featurewatch import names
from featurewatch.native.ports import free_port
from featurewatch.responder.database import open_database
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tables import firings, transitions
from featurewatch.responder.tokens import Bearer, Role

START = datetime(2026, 1, 1, tzinfo=UTC)
NOTIFICATIONS = "/api/v1/notifications"


def message(number: int, alerts: int = 20) -> dict[str, Any]:
    """A message of alerts that no other one is about."""
    return {
        "version": "4",
        "groupKey": f"{number}",
        "receiver": "responder",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "X", "service": "a", "extractor": f"{number}-{each}", "severity": "critical"},
                "annotations": {"summary": "x" * 200},
                "startsAt": START.isoformat(),
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": f"{number * 1000 + each:016x}",
            }
            for each in range(alerts)
        ],
    }


def call(port: int) -> httpx.Client:
    headers = {"authorization": f"Bearer {TOKEN}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False)


def eventually(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


@pytest.mark.long
def test_on_a_full_disk_a_message_is_refused_as_a_whole_and_taken_when_there_is_space_again(tmp_path: Path) -> None:
    port, database = free_port(), tmp_path / "responder/history.db"
    with running_parts.responder(tmp_path / "responder", port) as part, call(port) as client:
        assert part.process is not None
        assert client.post(NOTIFICATIONS, json=message(0)).status_code == 200
        room = max(path.stat().st_size for path in database.parent.glob("history.db*")) + 200_000
        resource.prlimit(part.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        accepted, refused = [0], list[int]()
        for number in range(1, 200):
            status = client.post(NOTIFICATIONS, json=message(number)).status_code
            (accepted if status == 200 else refused).append(number)
            assert status in (200, 503), status
            if len(refused) == 5:
                break
        assert len(refused) == 5, "the disk did not get full"
        assert kept(database) == dict.fromkeys(accepted, 20)
        resource.prlimit(part.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for number in refused:
            assert client.post(NOTIFICATIONS, json=message(number)).status_code == 200
        part.kill()
        assert kept(database) == dict.fromkeys(accepted + refused, 20)


def kept(database: Path) -> dict[int, int]:
    """How many alerts of each message are in the history, each with its transition."""
    found: dict[int, int] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT extractor, COUNT(t.id) FROM firings f LEFT JOIN transitions t ON t.firing_id = f.id GROUP BY f.id"
        )
        for extractor, entries in rows:
            assert entries == 1
            number = int(extractor.split("-")[0])
            found[number] = found.get(number, 0) + 1
    return found


@pytest.mark.long
def test_while_postgresql_is_gone_nothing_is_taken_and_acknowledged_alerts_stay_so(tmp_path: Path) -> None:
    port = free_port()
    with (
        running_postgresql() as server,
        running_parts.responder(tmp_path / "responder", port, database=server.url),
        call(port) as client,
    ):
        assert client.post(NOTIFICATIONS, json=message(1)).status_code == 200
        (first,) = client.get("/api/v1/alerts", params={"limit": 1}).json()["items"]
        assert client.put(f"/api/v1/alerts/{first['id']}/acknowledgement", json={}).status_code == 200
        extractor = first["extractor"]
        held = f'{names.ACKNOWLEDGED}{{alertname="X",extractor="{extractor}",service="a",severity="critical"}} 1.0'
        eventually(lambda: held in client.get("/metrics").text, 30, "it is acknowledged")
        server.stop()
        assert client.post(NOTIFICATIONS, json=message(2)).status_code == 503
        assert held in client.get("/metrics").text
        assert f"{names.RESPONDER_DATABASE_UP} 0.0" in client.get("/metrics").text
        assert client.get("/-/healthy").status_code == 200
        server.start()
        eventually(lambda: client.post(NOTIFICATIONS, json=message(2)).status_code == 200, 60, "it is taken")
        database = open_database(server.url)
        with database.reading() as connection:
            assert connection.execute(select(func.count()).select_from(firings)).scalar_one() == 40
            kinds = select(transitions.c.kind, func.count()).group_by(transitions.c.kind)
            counted = {row[0]: row[1] for row in connection.execute(kinds)}
        database.close()
        assert counted == {"fired": 40, "acknowledged": 1}


@pytest.mark.parametrize("step", [timedelta(hours=2), timedelta(hours=-2), timedelta(days=400)], ids=str)
def test_a_clock_that_steps_moves_no_start_and_ends_no_acknowledgement(tmp_path: Path, step: timedelta) -> None:
    """The rules count from the start that Alertmanager told; the responder's clock says when it heard of it."""
    at = [START + timedelta(seconds=30)]
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    settings = Settings(database="", tokens={TOKEN: Bearer("alertmanager", Role.OPERATOR)})
    with running(create_app(settings, database=database, clock=lambda: at[0]), TOKEN) as client:
        assert client.post(NOTIFICATIONS, json=message(1, alerts=1)).status_code == 200
        assert client.put("/api/v1/alerts/1/acknowledgement", json={}).status_code == 200
        before = told(client)
        at[0] += step
        assert client.post(NOTIFICATIONS, json=message(1, alerts=1)).status_code == 200
        assert told(client) == before
        again = client.put("/api/v1/alerts/1/acknowledgement", json={"comment": "still"})
        assert again.status_code == 200
        assert told(client) == before
        assert client.delete("/api/v1/alerts/1/acknowledgement").status_code == 204
        assert told(client)[names.ACKNOWLEDGED] == 0


def told(client: httpx.Client) -> dict[str, float]:
    """What the rules are told of the only alert."""
    wanted = (names.ACKNOWLEDGED, names.ALERT_STARTED)
    lines = [line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name.split("{")[0]: float(value) for name, value in lines if name.split("{")[0] in wanted}
