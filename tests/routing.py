"""A real Alertmanager with our configuration, and alerts to give it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from featurewatch.objectives.load import load
from featurewatch.objectives.model import Notify, Objectives
from featurewatch.routes import alertmanager_config, render
from featurewatch.rules.plan import Plan, plan
from featurewatch.tools.alertmanager import alertmanager_command
from featurewatch.tools.toolbox import Tools

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "alertmanager/templates"
ROUTES = ROOT / "alertmanager/tests/routes.yaml"

LABELS = {
    "alertname": "ExtractionTooSlow",
    "severity": "critical",
    "service": "market-features",
    "extractor": "technical",
    "objective": "extraction-latency",
    "category": "latency",
    "team": "feature-platform",
    "environment": "demo",
}
ANNOTATIONS = {
    "summary": "p95 of technical is above 150ms",
    "description": "95 % of extractions are faster than the limit: over the last 1m, p95 is about 172ms.",
    "value": "p95 is about 172ms, 98% take longer than 150ms",
    "limit": "p95 of at most 150ms (5 % may take longer)",
    "first_steps": "1. Look which source got slow.\n2. Compare with the cache hit ratio.\n3. Roll back.",
    "runbook_url": "http://127.0.0.1:3000/runbooks/ExtractionTooSlow",
    "dashboard_url": "http://127.0.0.1:3000/d/overview?var-service=market-features&var-extractor=technical",
}


def declared() -> Objectives:
    """The checkout's own, without the responder: these tests are about what people are told."""
    objectives = load(ROOT / "objectives.yaml")
    return replace(objectives, handling=replace(objectives.handling, responder=None))


def with_notify(objectives: Objectives, notify: Notify) -> Plan:
    return plan(replace(objectives, notify=notify))


def pointed_at(objectives: Objectives, smtp_port: int, url: str, secrets: Path) -> Objectives:
    """The same objectives with a local inbox behind every channel, and secrets at absolute paths."""
    notify = objectives.notify
    assert notify.email is not None
    assert notify.slack is not None
    assert notify.pagerduty is not None
    assert notify.webhook is not None
    return replace(
        objectives,
        notify=replace(
            notify,
            email=replace(
                notify.email, smarthost=f"127.0.0.1:{smtp_port}", password_file=str(secrets / "smtp_password")
            ),
            slack=replace(notify.slack, api_url_file=str(secrets / "slack_api_url")),
            pagerduty=replace(
                notify.pagerduty,
                routing_key_file=str(secrets / "pagerduty_routing_key"),
                url=f"{url}/v2/enqueue",
            ),
            webhook=replace(notify.webhook, url_file=str(secrets / "webhook_url")),
        ),
    )


def write_configuration(folder: Path, chosen: Plan) -> Path:
    """alertmanager.yaml and its templates as they lie in a deployment."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "alertmanager.yaml"
    config.write_text(render(alertmanager_config(chosen)), encoding="utf-8")
    shutil.copytree(TEMPLATES, folder / "templates", dirs_exist_ok=True)
    return config


@dataclass(frozen=True)
class RunningAlertmanager:
    """A started Alertmanager."""

    url: str
    log: Path

    def send(self, *alerts: Mapping[str, Any]) -> None:
        """What Prometheus does."""
        httpx.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=30, trust_env=False).raise_for_status()

    def wait_for_state(self, labels: Mapping[str, str], state: str, deadline: float = 10.0) -> None:
        """Until the alert is `active` or `suppressed`."""
        end = time.monotonic() + deadline
        found: list[str] = []
        while time.monotonic() < end:
            alerts = httpx.get(f"{self.url}/api/v2/alerts", trust_env=False).raise_for_status().json()
            found = [alert["status"]["state"] for alert in alerts if alert["labels"] == dict(labels)]
            if found == [state]:
                return
            time.sleep(0.05)
        raise AssertionError(f"the alert is not {state} but {found or 'unknown'}: {labels}")


@contextmanager
def running_alertmanager(tools: Tools, config: Path) -> Iterator[RunningAlertmanager]:
    """Starts it on a free port, waits until it is ready, stops it at the end."""
    launch = alertmanager_command(tools.alertmanager.path, tools.folder / "altered")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = config.parent / "alertmanager.log"
    arguments = [
        f"--config.file={config}",
        f"--storage.path={config.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*launch.argv, *arguments], cwd=launch.cwd or config.parent, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_ready(url, process, log)
            yield RunningAlertmanager(url, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, deadline: float = 20.0) -> None:
    end = time.monotonic() + deadline
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"Alertmanager did not start:\n{log.read_text(errors='replace')}")


def alert(
    changed: Mapping[str, str] | None = None,
    *,
    resolved: bool = False,
    started: datetime | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An alert as Prometheus sends it. `changed` replaces labels; an empty value removes the label."""
    now = datetime.now(UTC)
    merged = {name: value for name, value in {**LABELS, **(changed or {})}.items() if value}
    ends = now - timedelta(milliseconds=1) if resolved else now + timedelta(minutes=5)
    # A firing one begins now: Alertmanager lets one that began earlier than `group_wait` ago not wait for others.
    begins = started or (now - timedelta(seconds=10) if resolved else now)
    return {
        "labels": merged,
        "annotations": {**ANNOTATIONS, **(annotations or {})},
        "startsAt": begins.isoformat(),
        "endsAt": ends.isoformat(),
    }


def render_template(tools: Tools, folder: Path, name: str, data: Path, kind: str = "text") -> str:
    """One of our templates, rendered by amtool with the data of a message."""
    command = [
        *(os.fspath(tools.amtool.path), "template", "render", "--template.glob", f"{TEMPLATES}/*.tmpl"),
        *("--template.type", kind, "--template.text", f'{{{{ template "featurewatch.{name}" . }}}}'),
        *("--template.data", os.fspath(data)),
    ]
    environment = {**os.environ, "HOME": "/nonexistent"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
