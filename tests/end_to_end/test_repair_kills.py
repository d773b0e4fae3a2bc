"""kill -9 of a responder before the call, between call and commit, after it: no action twice, no intent forgotten."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

import httpx
import pytest
from tests import objectives_sample
from tests.running_parts import TOKEN, Part, responder

from featurewatch.native.ports import free_port
from featurewatch.responder.anchor import Anchor
from featurewatch.responder.audit import Audit
from featurewatch.responder.database import open_database
from featurewatch.responder.repair.verification import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

KILLS = int(os.environ.get("FEATUREWATCH_REPAIR_KILLS", "50"))
"""At each of the three moments."""

PATIENCE = 120.0
"""Seconds until something must have happened, on whatever machine."""

KEY = "k" * 32

Moment = Literal["before the call", "between call and commit", "after it"]


class Desk:
    """A target that takes a wished state over HTTP, counts who wished, and kills its caller at a moment."""

    def __init__(self) -> None:
        self.level = 0
        self.wishes: Counter[str] = Counter()
        self.kill: Callable[[], None] | None = None
        self.moment: Moment = "before the call"
        self.reads_until = 0
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if desk.moment == "before the call" or desk.wishes:
                    desk.reads_until -= 1
                    if desk.reads_until == 0:
                        desk.strike()
                self.answer()

            def do_PUT(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                desk.wishes[self.headers["idempotency-key"]] += 1
                desk.level = asked["level"]
                if desk.moment == "between call and commit":
                    desk.strike()
                self.answer()

            def answer(self) -> None:
                body = json.dumps({"level": desk.level}).encode()
                try:
                    self.send_response(200)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # whoever asked is dead

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def strike(self) -> None:
        if self.kill is not None:
            self.kill()
            self.kill = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def objectives(url: str) -> str:
    return f"""{objectives_sample.TEXT}
responder: {{ url: "http://responder:8090", token_file: secrets/token, audit_key_file: secrets/key }}
targets: [{{ name: desk, kind: http, url: "{url}", timeout: 5s }}]
actions:
  - name: level
    kind: optimise
    "on": [{{ alert: ExtractionTooSlow }}]
    target: desk
    mode: real
    state: {{ level: 3 }}
    cool_down: 100ms
    per_hour: 60
    time_limit: 2m
"""


class Story:
    """One alert that wishes for the action, one kill, and the end of both."""

    def __init__(self, desk: Desk, part: Part, folder: Path) -> None:
        self._desk = desk
        self._part = part
        base = part.ready_url.removesuffix("/-/ready")
        self._client = httpx.Client(base_url=base, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)
        self._folder = folder

    def tell(self, number: int, moment: Moment) -> None:
        desk, part = self._desk, self._part
        desk.level, desk.moment = 0, moment
        desk.wishes.clear()
        # A decision reads twice, and so does the look just before the call; a read after the call is a reading back.
        desk.reads_until = 1 + number % 4 if moment == "before the call" else 1
        struck = threading.Event()

        def kill() -> None:
            part.kill()
            struck.set()

        desk.kill = kill
        self._alert(number, None)
        assert struck.wait(PATIENCE), f"{moment}: nobody called"
        part.start()
        part.wait_until_ready()
        self._until(lambda: self._runs("holding"), f"{moment}: the run is not followed to its end")
        self._alert(number, datetime.now(UTC))
        self._until(lambda: not self._runs("holding"), f"{moment}: the run does not end")

        assert desk.level == 3
        assert list(desk.wishes.values()) == [1], f"{moment}: {dict(desk.wishes)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ended(self) -> Counter[str]:
        """How all runs ended."""
        return Counter(one["state"] for one in self._get("actions/runs?limit=1000"))

    def _alert(self, number: int, ended: datetime | None) -> None:
        labels = {"alertname": "ExtractionTooSlow", "severity": "high", "service": "s", "extractor": f"e{number}"}
        started = datetime.fromtimestamp(1_700_000_000 + number, UTC).isoformat()
        alert = {"status": "resolved" if ended else "firing", "labels": labels, "annotations": {}, "startsAt": started}
        alert |= {"endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z", "fingerprint": f"{number:016x}"}
        alert |= {"generatorURL": ""}
        body: dict[str, Any] = {
            "version": "4",
            "groupKey": "{}",
            "status": alert["status"],
            "receiver": "r",
            "groupLabels": {},
        }
        body |= {"commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "truncatedAlerts": 0}
        answer = self._client.post("/api/v1/notifications", json={**body, "alerts": [alert]})
        assert answer.is_success, answer.text

    def _runs(self, state: str) -> list[Any]:
        return self._get(f"actions/runs?state={state}")

    def _get(self, path: str) -> list[Any]:
        items: list[Any] = self._client.get(f"/api/v1/{path}").raise_for_status().json()["items"]
        return items

    def _until(self, holds: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what}\n{(self._folder / 'log').read_text()[-3000:]}"
            time.sleep(0.05)


@pytest.mark.parametrize("moment", ["before the call", "between call and commit", "after it"])
def test_whoever_is_killed_no_action_runs_twice_and_no_intent_is_forgotten(moment: Moment, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    with Desk() as desk:
        (tmp_path / "objectives.yaml").write_text(objectives(desk.url))
        more = [
            *("--objectives", str(tmp_path / "objectives.yaml")),
            *("--audit-key-file", str(tmp_path / "key"), "--audit-anchor", str(tmp_path / "anchor")),
            *("--repair-seconds", "0.1", "--lease-seconds", "0.3"),
        ]
        with responder(tmp_path, free_port(), *more) as part, Story(desk, part, tmp_path) as story:
            for number in range(1, KILLS + 1):
                story.tell(number, moment)
            assert story.ended() == {"recovered": KILLS}

    database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    verdict = verify(database, Audit(KEY.encode()), Anchor(tmp_path / "anchor"), datetime.now(UTC))
    database.close()
    assert verdict.flaws == []
    assert verdict.entries >= 5 * KILLS - KILLS
