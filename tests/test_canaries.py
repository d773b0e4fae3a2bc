"""A canary in every secret file: after all kinds of traffic, much of it failing, none is found outside of its file."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import routing, running_parts
from tests.conftest import CHECKOUT
from tests.objectives_sample import acting
from tests.scripted_http import Answer, Asked, Scripted

from featurewatch import staging
from featurewatch.generate import generate
from featurewatch.native.ports import free_port
from featurewatch.objectives.load import load
from featurewatch.responder.tokens import Role
from featurewatch.routes import alertmanager_config, render
from featurewatch.rules.plan import plan
from featurewatch.tools.alertmanager import Launch

NAMES = (
    *("viewer_token", "responder_token", "admin_token", "audit_key", "alarm_password", "alarm_url"),
    *("smtp_password", "slack_api_url", "pagerduty_routing_key", "webhook_url"),
    *("desk_token", "model_token", "redis_password", "ray_token"),
)
"""Every secret file that a deployment with repair has."""

ACTIONS = """
targets:
  - {{ name: desk, kind: http, url: "{http}/desk", timeout: 2s, token_file: secrets/desk_token }}
  - {{ name: model, kind: retraining, url: "{http}", model: m, timeout: 2s, token_file: secrets/model_token }}
  - name: cache
    kind: redis
    url: redis://{nobody}
    prefix: "f:"
    timeout: 2s
    token_file: secrets/redis_password
  - name: ray
    kind: ray-serve
    url: "{http}/ray"
    application: a
    deployment: b
    timeout: 2s
    token_file: secrets/ray_token
actions:
  - {{ name: halt, kind: halt, on: [{{ alert: ExtractionTooSlow }}], target: desk, mode: real }}
  - {{ name: retrain, kind: retrain, on: [{{ alert: ExtractionTooSlow }}], target: model, mode: real }}
  - {{ name: clear, kind: clear-cache, on: [{{ alert: ExtractionTooSlow }}], target: cache, mode: real }}
  - {{ name: grow, kind: scale-up, on: [{{ alert: ExtractionTooSlow }}], target: ray, replicas: [1, 2], mode: real }}
"""


@dataclass
class Told:
    """Everything that somebody could see, by where it was."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: str | bytes) -> None:
        self.texts[where] = what.encode() if isinstance(what, str) else what

    def found(self, canaries: dict[str, str]) -> list[str]:
        """Which canary sang where."""
        return [
            f"{name} in {where}"
            for name, canary in canaries.items()
            for where, text in self.texts.items()
            if canary.encode() in text
        ]


def everybody_echoes(asked: Asked) -> Answer:
    """Systems that repeat to the caller what they were told, as careless ones do."""
    echo = f"cannot do {asked.path} for {asked.headers.get('authorization', 'nobody')}: {asked.body}"
    if asked.method == "GET" and asked.path == "/desk":
        return Answer(body='{"halted": false}')
    if asked.method == "GET" and asked.path == "/models/m":
        return Answer(body='{"version": 1, "deployed": 1, "job": "none"}')
    if asked.path.startswith(("/webhook", "/services")):
        return Answer(500, "cannot do that")  # Alertmanager writes into its log whatever these answer
    if asked.path == "/models/m/jobs":
        return Answer(403, echo)
    return Answer(500, echo)


def eventually(look: Callable[[], object], what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)


@dataclass
class Chain:
    canaries: dict[str, str]
    told: Told
    folder: Path
    alertmanager: str
    responder: str
    asked: list[Asked]

    def bearing(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.canaries[name]}"}

    def ask(self, method: str, path: str, name: str | None = "admin_token", **more: Any) -> httpx.Response:
        headers = self.bearing(name) if name is not None else {}
        answer = httpx.request(method, f"{self.responder}{path}", headers=headers, trust_env=False, timeout=60, **more)
        self.told.add(f"{method} {path} by {name}: {more}", f"{answer.headers} {answer.text}")
        return answer


@pytest.fixture(scope="module")
def chain(alertmanager_launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Alertmanager and a responder with all of the secrets; everybody they call misbehaves."""
    folder = tmp_path_factory.mktemp("canaries")
    files = folder / "secrets"
    files.mkdir(mode=0o700)
    canaries = {name: f"canary{index:02d}{secrets.token_hex(16)}" for index, name in enumerate(NAMES)}
    with Scripted(everybody_echoes) as server:
        for name, canary in canaries.items():
            urls = {"alarm_url": "alarm", "webhook_url": "webhook", "slack_api_url": "services/T000/B000"}
            (files / name).write_text(f"{server.url}/{urls[name]}/{canary}" if name in urls else canary)
        nobody = f"127.0.0.1:{free_port()}"
        objectives = folder / "objectives.yaml"
        own = (CHECKOUT / "objectives.yaml").read_text()
        objectives.write_text(acting(own, ACTIONS.format(http=server.url, nobody=nobody)))
        chosen = plan(load(objectives))
        ports = {"responder:8090": free_port()}
        addresses = staging.Addresses(
            {name: f"127.0.0.1:{port}" for name, port in ports.items()}
            | {"inbox:2525": nobody, "inbox:8025": server.url.removeprefix("http://")}
        )
        routing.write_configuration(folder / "am", chosen)  # the templates
        config = addresses.apply(render(alertmanager_config(chosen)))
        config = config.replace("_file: secrets/", f"_file: {files}/").replace("group_wait: ", "group_wait: 0s # ")
        (folder / "am/alertmanager.yaml").write_text(config)
        told = Told()
        told.add("alertmanager.yaml", config)
        port = free_port()
        file = folder / "am/alertmanager.yaml"
        argv = (
            *alertmanager_launch.argv,
            *(f"--config.file={file}", f"--storage.path={folder / 'am/data'}", "--cluster.listen-address="),
            *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug"),
        )
        alertmanager = running_parts.Part(
            argv, alertmanager_launch.cwd or folder / "am", folder / "am/log", f"http://127.0.0.1:{port}/-/ready"
        )
        responder = running_parts.Part(
            (
                *(sys.executable, "-m", "featurewatch.responder", "--port", str(ports["responder:8090"])),
                *("--database", f"sqlite:///{folder / 'history.db'}", "--objectives", str(objectives)),
                *("--token", f"v:viewer:{files / 'viewer_token'}", "--token", f"a:admin:{files / 'admin_token'}"),
                *("--token", f"am:operator:{files / 'responder_token'}", "--secrets", str(files)),
                *("--audit-key-file", str(files / "audit_key"), "--audit-anchor", str(folder / "anchor")),
                *("--alarm-mail", "somebody@example.org", "--alarm-relay", nobody, "--alarm-user", "me"),
                *("--alarm-password-file", str(files / "alarm_password"), "--silence-seconds", "1"),
                *("--alarm-url-file", str(files / "alarm_url"), "--repair-seconds", "0.5", "--audit-seconds", "1"),
                *("--alertmanager", f"http://127.0.0.1:{port}", "--prometheus", f"http://{nobody}"),
            ),
            folder,
            folder / "responder.log",
            f"http://127.0.0.1:{ports['responder:8090']}/-/ready",
        )
        with running_parts.running(alertmanager), running_parts.running(responder):
            url = f"http://127.0.0.1:{ports['responder:8090']}"
            yield Chain(canaries, told, folder, f"http://127.0.0.1:{port}", url, server.asked)


@pytest.mark.long
def test_no_secret_is_found_outside_of_its_file(chain: Chain) -> None:
    _live(chain)
    _collect(chain)
    shown = [where for where, text in chain.told.texts.items() if b"cannot do" in text or b"answers 4" in text]
    assert shown, "no failing call was told of anywhere: this test looks at nothing"
    assert chain.told.found(chain.canaries) == []


def _live(chain: Chain) -> None:
    """All that happens to a chain: alerts, people, failing calls, wrong requests."""
    httpx.post(f"{chain.alertmanager}/api/v2/alerts", json=[routing.alert()], trust_env=False).raise_for_status()
    eventually(lambda: chain.ask("GET", "/api/v1/alerts").json()["items"], "an alert in the history")

    def waits() -> list[dict[str, Any]]:
        return list(chain.ask("GET", "/api/v1/actions/runs?state=waiting").json()["items"])

    eventually(waits, "a halt that waits for an admin")
    run = waits()[0]["id"]
    for name in (None, "viewer_token", "responder_token", "admin_token"):
        chain.ask("POST", f"/api/v1/actions/runs/{run}/decision", name, json={"agree": True})
    for path, method in (("/desk", "PUT"), ("/models/m/jobs", "POST"), ("/ray/api/serve/applications/", "GET")):
        eventually(lambda path=path, method=method: _heard(chain, method, path), f"{method} {path}")  # type: ignore[misc]
    for path in ("/alarm", "/webhook", "/services/T000", "/v2/enqueue"):
        eventually(lambda path=path: _heard(chain, "POST", path), f"POST {path}")  # type: ignore[misc]
    # A token that is made is told once, to whom made it, and from then on it is a canary, too.
    made = httpx.post(
        f"{chain.responder}/api/v1/tokens",
        headers=chain.bearing("admin_token"),
        json={"name": "made", "role": "operator"},
        trust_env=False,
        timeout=60,
    )
    assert made.is_success, made.text
    chain.canaries["made_token"] = made.json()["token"]
    chain.ask("GET", "/api/v1/alerts", "made_token")
    alert = chain.ask("GET", "/api/v1/alerts").json()["items"][0]["id"]
    chain.ask("PUT", f"/api/v1/alerts/{alert}/acknowledgement", "responder_token", json={"comment": "mine"})
    for body in (b"{", b"[]", b"\xff\xfe", b"x" * 100_000, json.dumps({"alerts": [{}]}).encode()):
        for path in ("/api/v1/notifications", "/api/v1/alerts", "/api/v1/tokens", "/api/v1/stop"):
            chain.ask("POST", path, content=body)
    for name in NAMES[:3]:
        httpx.get(
            f"{chain.responder}/api/v1/tokens",
            headers={"authorization": f"Basic {chain.canaries[name]}"},
            trust_env=False,
            timeout=60,
        )
    chain.ask("PUT", "/api/v1/stop", "responder_token", json={"comment": "enough"})
    time.sleep(3)  # rounds of repair, audit and reconciliation


def _heard(chain: Chain, method: str, path: str) -> bool:
    return any(one.method == method and one.path.startswith(path) for one in chain.asked)


def _collect(chain: Chain) -> None:
    """Logs, metrics, all that the API lets anybody read, the database, what is kept beside it, what is generated."""
    description = chain.ask("GET", "/api/v1/openapi.json").json()
    for path, operations in description["paths"].items():
        if "get" in operations and path != "/api/v1/events":
            filled = path.replace("{number}", "1").replace("{role}", "on-call-engineer").replace("{name}", "halt")
            for name in (None, "viewer_token", "admin_token"):
                chain.ask("GET", filled, name)
    chain.ask("GET", "/metrics", None)
    for path in ("/metrics", "/api/v2/status", "/api/v2/alerts", "/api/v2/receivers"):
        chain.told.add(f"Alertmanager's {path}", httpx.get(f"{chain.alertmanager}{path}", trust_env=False).text)
    for file in chain.folder.rglob("*"):
        if file.is_file() and file.parent.name != "secrets":
            chain.told.add(str(file.relative_to(chain.folder)), file.read_bytes())
    export = subprocess.run(
        [sys.executable, "-c", DUMP, str(chain.folder / "history.db")], capture_output=True, check=True, timeout=60
    )
    chain.told.add("an export of the database", export.stdout)
    for path, text in generate(plan(load(chain.folder / "objectives.yaml")), CHECKOUT).items():
        chain.told.add(f"generated {path}", text)


DUMP = "import sqlite3, sys; print('\\n'.join(sqlite3.connect(sys.argv[1]).iterdump()))"


@pytest.mark.parametrize("option", ["--database", "--database-file"])
def test_the_password_of_a_database_that_cannot_be_reached_is_not_told(tmp_path: Path, option: str) -> None:
    canary = f"canary{secrets.token_hex(16)}"
    url = f"postgresql://me:{canary}@127.0.0.1:{free_port()}/history"
    file = tmp_path / "url"
    file.write_text(url)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "featurewatch.responder", "--port", "0"),
            *(option, str(file) if option == "--database-file" else url),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "127.0.0.1" in done.stderr
    assert canary not in done.stdout + done.stderr


def test_every_role_has_a_canary() -> None:
    assert len(Role) == len([name for name in NAMES if name in ("viewer_token", "responder_token", "admin_token")])
