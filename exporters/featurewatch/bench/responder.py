"""Figures of the responder: alerts taken in a second, and the first page of a long history.

`python -m featurewatch.bench.responder` prints them. It sends as Alertmanager does: messages of one group each, from
several senders, every message new alerts that fire or the end of earlier ones. SECONDS, RATE and TRANSITIONS in the
environment change how much. The responder runs as a process of its own, on SQLite in a temporary folder.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, insert, select

from featurewatch.responder.database import Database, open_database
from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.tables import firings, transitions

BATCH = 100
"""Alerts in one message: a group of Alertmanager's, such as all extractors of one service."""

SENDERS = 4
"""Messages on their way at the same time; Alertmanager sends each group by itself."""

READY_SECONDS = 60.0

CHUNK = 10_000
"""Firings written in one go."""


@dataclass(slots=True)
class Result:
    """What came of it."""

    sent: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    """Of each message, from the call to the answer."""

    def quantile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> int:
    """0 when everything that was accepted is in the history."""
    seconds = float(os.environ.get("SECONDS", "60"))
    rate = float(os.environ.get("RATE", "1000"))
    entries = int(os.environ.get("TRANSITIONS", "1000000"))
    with tempfile.TemporaryDirectory(prefix="featurewatch-bench-") as folder:
        url = f"sqlite:///{folder}/history.db"
        with running(url, Path(folder)) as client:
            began = time.monotonic()
            result = intake(client, rate, seconds)
            took = time.monotonic() - began
        wrong = counted(url) != (result.sent, result.sent * 2)
        print(f"intake: {result.sent * 2} alerts (half of them ends) in {took:.1f} s, {2 * result.sent / took:.0f}/s,")
        print(f"  in messages of {BATCH} from {SENDERS} senders; refused: {result.refused}")
        print(f"  webhook: median {1e3 * result.quantile(0.5):.0f} ms, p99 {1e3 * result.quantile(0.99):.0f} ms,")
        print(
            f"  worst {1e3 * max(result.seconds):.0f} ms; counts {'DIFFER' if wrong else 'are equal'}: {counted(url)}"
        )
        database = open_database(url)
        fill(database, entries)
        database.close()
        with running(url, Path(folder)) as client:
            first, filtered = (page_seconds(client, asked) for asked in ({}, {"severity": "high"}))
        print(
            f"first page (100) of {entries} transitions: {1e3 * first:.0f} ms, of one severity: {1e3 * filtered:.0f} ms"
        )
    return 1 if wrong else 0


def intake(client: httpx.Client, rate: float, seconds: float) -> Result:
    """Sends `rate` alerts a second: each alert twice, when it fires and when it has ended. Waits for nobody: what is
    late is sent as soon as there is a sender."""
    result, lock, beginning = Result(), threading.Lock(), datetime.now(UTC) - timedelta(days=1)
    due = iter(range(int(rate * seconds / BATCH / 2)))
    began = time.monotonic()

    def send() -> None:
        while True:
            with lock:
                number = next(due, None)
            if number is None:
                return
            time.sleep(max(0.0, began + 2 * number * BATCH / rate - time.monotonic()))
            for ended in (False, True):
                at = time.monotonic()
                answer = client.post("/api/v1/notifications", json=message(number, beginning, ended=ended))
                took = time.monotonic() - at
                with lock:
                    result.seconds.append(took)
                    result.refused += not answer.is_success
                    result.sent += BATCH if answer.is_success and ended else 0

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return result


def message(number: int, beginning: datetime, *, ended: bool) -> dict[str, Any]:
    """One of Alertmanager's."""
    began = beginning + timedelta(seconds=number)
    status = "resolved" if ended else "firing"
    times = {"startsAt": began.isoformat(), "endsAt": "0001-01-01T00:00:00Z"}
    if ended:
        times["endsAt"] = (began + timedelta(seconds=60)).isoformat()
    alerts = []
    for each in range(BATCH):
        labels = _labels(f"service-{number}", f"extractor-{each}")
        alerts.append(
            {
                "status": status,
                "labels": labels,
                "annotations": {"summary": "p95 is above 150ms", "first_steps": "1. Look which source got slow."},
                "fingerprint": fingerprint(labels),
                **times,
            }
        )
    return {"version": "4", "groupKey": str(number), "receiver": "responder", "status": status, "alerts": alerts}


def fill(database: Database, entries: int) -> None:
    """Adds transitions until there are as many, two for each firing; of the last weeks: older ones are forgotten."""
    beginning = datetime.now(UTC) - timedelta(days=25)
    with database.reading() as connection:
        known = connection.execute(select(func.count()).select_from(transitions)).scalar_one()
        first = connection.execute(select(func.max(firings.c.id))).scalar_one() or 0
    numbers = range(first + 1, first + 1 + max(0, entries - known) // 2)
    for begin in range(0, len(numbers), CHUNK):
        chunk = numbers[begin : begin + CHUNK]
        with database.writing() as connection:
            connection.execute(insert(firings), [_firing(number, beginning) for number in chunk])
            connection.execute(
                insert(transitions), [one for number in chunk for one in _transitions(number, beginning)]
            )


def counted(url: str) -> tuple[int, int]:
    """Firings and transitions in the history."""
    database = open_database(url)
    with database.reading() as connection:
        found = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (firings, transitions)]
    database.close()
    return found[0], found[1]


def page_seconds(client: httpx.Client, asked: dict[str, str]) -> float:
    """The median of 20 calls."""
    found = []
    for _ in range(20):
        at = time.monotonic()
        client.get("/api/v1/history", params=asked).raise_for_status()
        found.append(time.monotonic() - at)
    return sorted(found)[len(found) // 2]


@contextmanager
def running(url: str, folder: Path) -> Iterator[httpx.Client]:
    """A responder on a free port, and a caller with its token. It is stopped at the end."""
    token = folder / "token"
    token.write_text(secrets.token_hex(16))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [
        *(sys.executable, "-m", "featurewatch.responder", "--port", str(port)),
        *("--database", url, "--token", f"bench:operator:{token}"),
    ]
    base, headers = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {token.read_text()}"}
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/-/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise SystemExit("the responder does not start")


def _labels(service: str, extractor: str) -> dict[str, str]:
    return {
        "alertname": "ExtractionTooSlow",
        "service": service,
        "extractor": extractor,
        "severity": "critical",
        "category": "latency",
        "objective": "extraction-latency",
        "team": "feature-platform",
    }


def _firing(number: int, beginning: datetime) -> dict[str, Any]:
    began = beginning + timedelta(seconds=3 * number)
    labels = _labels(f"service-{number % 50}", f"extractor-{number % 1000}")
    severity = ("critical", "high", "medium")[number % 3]
    own = {name: labels[name] for name in ("alertname", "service", "extractor", "category", "objective")}
    return {
        "id": number,
        "fingerprint": f"{number:016x}",
        "started_at": began,
        "ended_at": began + timedelta(seconds=60),
        "severity": severity,
        "labels": labels,
        "annotations": {},
        "source": "webhook",
        "first_heard_at": began,
        "last_heard_at": began,
        **own,
    }


def _transitions(number: int, beginning: datetime) -> Iterator[dict[str, Any]]:
    began = beginning + timedelta(seconds=3 * number)
    for kind, at in (("fired", began), ("resolved", began + timedelta(seconds=60))):
        row = {"at": at, "recorded_at": at, "kind": kind, "firing_id": number, "actor": "alertmanager"}
        yield {**row, "detail": {"source": "webhook"}}


if __name__ == "__main__":
    sys.exit(main())
