"""A small chain whose parts are killed while a story goes on: a target dies, three levels are told, all ends."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from tests.running_parts import TOKEN, Hook, Part, alertmanager, prometheus, responder

from featurewatch.demo.rehearsal import rehearsed, rule_files
from featurewatch.native.ports import free_port
from featurewatch.objectives.load import load
from featurewatch.objectives.model import Objectives
from featurewatch.responder.moment import microseconds
from featurewatch.routes import alertmanager_config
from featurewatch.rules.plan import plan
from featurewatch.scrape import prometheus_config
from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

OBJECTIVES = """
version: featurewatch/v1
service: besieged
team: feature-platform
environment: test
traffic: { minimum: 100/s }
delivery: { budget: 8s }
retention: 1d
links: { dashboards: http://127.0.0.1:3000/d, runbooks: http://127.0.0.1:3000/runbooks }
objectives:
  - name: extractor-up
    kind: presence
    title: The extractor answers
    alert: ExtractorDown
    category: availability
    of: target
    limits: [{ absent_for: 2s, severity: critical }]
    first_steps: [See whether the process runs.]
policies:
  - name: everything
    severity: critical
    levels: [{}, { after: 5m, channels: [webhook] }, { after: 10m, channels: [webhook] }]
responder: { url: http://responder:8090, token_file: secrets/responder_token }
notify:
  critical: [webhook]
  high: []
  medium: []
  low: []
  webhook: { url_file: secrets/webhook_url }
"""

LEVEL_SECONDS = 5.0
RECEIVERS = {
    "critical": "ExtractorDown",
    "everything level 2": "EscalationLevel2",
    "everything level 3": "EscalationLevel3",
}
"""Who is told at each level, and of what."""

HELD_SECONDS = 3.0
"""The alert goes on for so long after the last level: what was told just before a kill must be known again."""

STORY_SECONDS = 18.0
"""Kills fall into the first so many seconds of a story, from the first failed scrape on."""

PATIENCE = 120.0


@dataclass(frozen=True)
class Kill:
    """When of the story, whom, and for how long it stays away."""

    at: float
    part: str
    away: float


class Target:
    """An extractor that answers its scrape, or does not."""

    def __init__(self) -> None:
        self.works = True
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(ConnectionError):
                    self.send_response(200 if target.works else 503)
                    self.send_header("content-type", "text/plain")
                    self.send_header("content-length", "4")
                    self.end_headers()
                    self.wfile.write(b"a 1\n")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


class Ear:
    """Stands between Alertmanager and the responder, and keeps what the responder accepted."""

    def __init__(self, port: int) -> None:
        self.accepted: list[dict[str, Any]] = []
        accepted = self.accepted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: self.headers[name] for name in ("authorization", "content-type")}
                url = f"http://127.0.0.1:{port}{self.path}"
                status, said = 502, b""
                try:
                    answer = httpx.post(url, content=body, headers=headers, timeout=20, trust_env=False)
                    status, said = answer.status_code, answer.content
                    if answer.is_success:
                        accepted.append(httpx.Response(200, content=body).json())
                except httpx.TransportError:
                    pass
                with suppress(ConnectionError):  # an Alertmanager that was killed does not listen any more
                    self.send_response(status)
                    self.send_header("content-length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@dataclass
class Siege:
    """A running chain."""

    parts: dict[str, Part]
    target: Target
    hook: Hook
    ear: Ear
    alertmanager: str
    history: str
    database: Path

    def story(self, kills: list[Kill]) -> Counter[tuple[str, str]]:
        """Plays it; how often each receiver was told (receiver, status)."""
        mark, began = len(self.hook.messages), time.monotonic()
        self.target.works = False
        threads = [threading.Thread(target=self._kill, args=(began, kill)) for kill in kills]
        for thread in threads:
            thread.start()
        self._wait(lambda: all(self._counted(mark)[who, "firing"] for who in RECEIVERS), "every level is told", mark)
        for thread in threads:
            thread.join()
        # One that was killed before its snapshot must first be told of all three again, and tell them again.
        self._wait(lambda: set(RECEIVERS.values()) <= self._known(), "Alertmanager knows every level", mark)
        time.sleep(HELD_SECONDS)
        self.target.works = True
        self._wait(
            lambda: all(self._counted(mark)[who, "resolved"] for who in RECEIVERS), "everyone hears the end", mark
        )
        self._wait(lambda: not self._firing(), "the history knows the end", mark)
        time.sleep(2.0)  # a duplicate would come with the next round of its group
        return self._counted(mark)

    def told(self) -> Counter[tuple[str, str]]:
        """How often each receiver was told since the beginning (receiver, status)."""
        return self._counted(0)

    def lost(self) -> list[str]:
        """What the responder answered with 2xx, and does not know."""
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute("SELECT fingerprint, started_at, ended_at FROM firings").fetchall()
        known = {(fingerprint, started_at): ended_at for fingerprint, started_at, ended_at in rows}
        wrong = []
        for message in self.ear.accepted:
            for alert in message["alerts"]:
                key = (alert["fingerprint"], microseconds(datetime.fromisoformat(alert["startsAt"])))
                about = f"{alert['labels']['alertname']} {alert['status']}, began {alert['startsAt']}"
                if alert["labels"]["alertname"] == "Watchdog":
                    continue
                if key not in known:
                    wrong.append(about)
                elif alert["status"] == "resolved" and known[key] is None:
                    wrong.append(f"{about}: its end")
        return wrong

    def _kill(self, began: float, kill: Kill) -> None:
        time.sleep(max(0.0, began + kill.at - time.monotonic()))
        part = self.parts[kill.part]
        part.kill()
        time.sleep(kill.away)
        part.start()

    def _counted(self, mark: int) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for message in self.hook.messages[mark:]:
            name = RECEIVERS.get(message["receiver"])
            for alert in message["alerts"]:
                if alert["labels"]["alertname"] == name:
                    found[message["receiver"], alert["status"]] += 1
        return found

    def _known(self) -> set[str]:
        """Names of the alerts that Alertmanager holds."""
        try:
            answer = httpx.get(f"{self.alertmanager}/api/v2/alerts", timeout=10, trust_env=False)
            return {alert["labels"]["alertname"] for alert in answer.raise_for_status().json()}
        except httpx.HTTPError:
            return set()

    def _firing(self) -> bool:
        try:
            asked = {"state": "firing", "alertname": "ExtractorDown"}
            url = f"{self.history}/api/v1/alerts"
            answer = httpx.get(url, params=asked, headers=_bearer(), timeout=10, trust_env=False)
            return bool(answer.raise_for_status().json()["items"])
        except httpx.TransportError:
            return True

    def _wait(self, true: Any, what: str, mark: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}; told: {self._counted(mark)}"
            time.sleep(0.1)


def kills(chance: random.Random) -> list[Kill]:
    """One of each part, at random moments."""
    parts = ("prometheus", "alertmanager", "responder")
    return [Kill(chance.uniform(0, STORY_SECONDS), part, chance.uniform(0, 1.5)) for part in parts]


@contextmanager
def siege(folder: Path, tools: Tools, launch: Launch) -> Iterator[Siege]:
    """A chain of processes of its own."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True)
    (folder / "objectives.yaml").write_text(OBJECTIVES)
    ports = {name: free_port() for name in ("prometheus", "alertmanager", "responder")}
    target, ear = Target(), Ear(ports["responder"])
    with ExitStack() as stack:
        for server in (target.server, ear.server):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        hook = stack.enter_context(Hook())
        (secrets / "responder_token").write_text(TOKEN)
        (secrets / "webhook_url").write_text(hook.url)
        chosen = rehearsed(plan(_local(load(folder / "objectives.yaml"), ear.url, secrets)), LEVEL_SECONDS)
        # People hear of an end after five seconds instead of a minute.
        chosen = replace(chosen, timing=replace(chosen.timing, group_interval=5.0))
        rules = folder / "prometheus/rules"
        rules.mkdir(parents=True)
        for name, text in rule_files(chosen).items():
            (rules / name).write_text(text)
        scraped = {"extractors": target.address, "responder": f"127.0.0.1:{ports['responder']}"}
        history = f"http://127.0.0.1:{ports['responder']}"
        bases = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        upstream = ("--alertmanager", bases["alertmanager"], "--prometheus", bases["prometheus"])
        pace = ("--reconcile-seconds", "5", "--grace-seconds", "20")
        config = alertmanager_config(chosen) | {"templates": []}
        parts = {
            "responder": stack.enter_context(responder(folder / "responder", ports["responder"], *upstream, *pace)),
            "alertmanager": stack.enter_context(
                alertmanager(launch, folder / "alertmanager", config, ports["alertmanager"])
            ),
            "prometheus": stack.enter_context(
                prometheus(
                    tools.prometheus.path,
                    folder / "prometheus",
                    _scraping(prometheus_config(chosen), scraped, f"127.0.0.1:{ports['alertmanager']}"),
                    ports["prometheus"],
                )
            ),
        }
        yield Siege(parts, target, hook, ear, bases["alertmanager"], history, folder / "responder/history.db")


def _local(objectives: Objectives, url: str, secrets: Path) -> Objectives:
    handling, notify = objectives.handling, objectives.notify
    assert handling.responder is not None
    assert notify.webhook is not None
    told = replace(handling.responder, url=url, token_file=str(secrets / "responder_token"))
    webhook = replace(notify.webhook, url_file=str(secrets / "webhook_url"))
    return replace(objectives, handling=replace(handling, responder=told), notify=replace(notify, webhook=webhook))


def _scraping(config: dict[str, Any], scraped: dict[str, str], alertmanager_: str) -> dict[str, Any]:
    """The generated configuration, with the parts that are there where they are, every second."""
    jobs = []
    for job in config["scrape_configs"]:
        if job["job_name"] in scraped:
            (static,) = job["static_configs"]
            jobs.append(job | {"static_configs": [static | {"targets": [scraped[job["job_name"]]]}]})
    return config | {
        "scrape_configs": jobs,
        "alerting": {"alertmanagers": [{"timeout": "5s", "static_configs": [{"targets": [alertmanager_]}]}]},
    }


def _bearer() -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN}"}
