"""Who is told while nobody acknowledges, on the real stack: `make demo SCENE=escalation`, as a person runs it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests import objectives_sample
from tests.checkout_sample import checkout, contents, decided, featurewatch

from featurewatch.deployment import Deployment
from featurewatch.native.parts import Ports
from featurewatch.native.ports import free_port
from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

ORIGINAL, SECOND, THIRD = "ExtractionTooSlow", "EscalationLevel2", "EscalationLevel3"
OF_EVERYBODY = "oncall@example.org"
ESCALATING = """
policies:
  - name: latency-violation
    categories: [latency]
    severity: critical
    levels:
      - {}
      - { after: 5m, channels: [slack, email], recipients: [on-call-engineer, monitoring-team] }
      - { after: 10m, channels: [slack, email, pagerduty], recipients: [engineering-manager] }

people:
  - { name: engineer-one, email: engineer-one@example.org }
  - { name: engineer-two, email: engineer-two@example.org }
  - { name: manager, email: manager@example.org }

roles:
  - { name: monitoring-team, people: [engineer-one, engineer-two] }
  - { name: engineering-manager, people: [manager] }
  - name: on-call-engineer
    rotation:
      people: [engineer-one, engineer-two]
      begins: 2026-11-02T09:00
      ends: 2027-03-01T09:00
      every: 4w
      time_zone: Europe/Vienna

responder:
  url: http://responder:8090
  token_file: secrets/responder_token
  page: http://127.0.0.1:8090
"""
TEAM = {"engineer-one@example.org", "engineer-two@example.org"}


@pytest.fixture
def running(tmp_path: Path, tools: Tools) -> Iterator[Project]:
    project = checkout(tmp_path / "checkout", objectives_sample.TEXT + ESCALATING)
    ports = Ports(*(free_port() for _ in dataclasses.fields(Ports)))
    deployment = Deployment(project, decided(project), tools, ports)
    try:
        deployment.up()
        yield project
    finally:
        deployment.down()
        shutil.rmtree(project.state, ignore_errors=True)


def test_nobody_acknowledges_until_level_2_and_level_3_is_not_told(running: Project, tools: Tools) -> None:
    rules = running.state / "run/prometheus/rules"
    committed = contents(rules)
    told = featurewatch(running, "demo", "escalation", "--json", tools_folder=tools.folder, seconds=500)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    story: dict[str, Any] = json.loads(told.stdout)
    assert story["missing"] == story["unwanted"] == []
    got: dict[str, list[str]] = {}
    for receipt in story["received"]:
        got.setdefault(receipt["who"], []).append(receipt["what"])
    assert set(got) == {OF_EVERYBODY, *TEAM, "slack", "pagerduty", "webhook"}
    # Each hears of the end of what it heard of, and nobody hears twice.
    assert {who: len(messages) for who, messages in got.items()} == dict.fromkeys(got, 2) | {"slack": 4}
    seconds = {moment["what"]: moment["seconds"] for moment in story["moments"]}
    due = seconds[f"{ORIGINAL} fires"] + 20
    assert seconds[f"{SECOND} firing: received"] >= due - 1
    assert contents(rules) == committed, "the committed rules are in force again"
    entries = history(running)
    assert {"fired", "acknowledged", "resolved", "delivered"} <= entries[ORIGINAL]
    assert THIRD not in entries
    assert "Watchdog" not in entries
    # The milder step of the same ladder was held back, and no webhook ever says so.
    assert "inhibited" in entries[ORIGINAL]


def history(project: Project) -> dict[str, set[str]]:
    """The kinds of entries of each alert, as the responder keeps them."""
    with closing(sqlite3.connect(project.state / "data/responder/history.db")) as connection:
        rows = connection.execute(
            "SELECT f.alertname, t.kind FROM transitions t JOIN firings f ON f.id = t.firing_id"
        ).fetchall()
    found: dict[str, set[str]] = {}
    for alert, kind in rows:
        found.setdefault(alert, set()).add(kind)
    return found
