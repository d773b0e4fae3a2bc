"""The API beside a real Alertmanager and a real Prometheus, and the command line that asks it."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from tests.responder_stack import Stack, bearing, now, stack
from tests.test_responder_incidents import SLOW, told

from featurewatch import cli
from featurewatch.responder.acknowledgement import Acknowledgement, acknowledge
from featurewatch.responder.figures import Figures
from featurewatch.responder.firing import Told
from featurewatch.responder.intake import take
from featurewatch.responder.retention import forget
from featurewatch.responder.tables import firings, transitions
from featurewatch.responder.tokens import Role
from featurewatch.tools.toolbox import Tools


@pytest.fixture(scope="module")
def running(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tools, tmp_path_factory.mktemp("stack")) as started:
        yield started


def fires(running: Stack, name: str, **labels: str) -> int:
    """Tell the responder of an alert; its number."""
    one = told(name, 0, None, **labels)
    one = Told(one.fingerprint, now() - timedelta(minutes=1), None, one.labels, {"summary": "it is slow"})
    take(running.database, [one], now())
    with running.database.reading() as connection:
        return int(connection.execute(select(func.max(firings.c.id))).scalar_one())


def get(running: Stack, path: str, **asked: Any) -> Any:
    answer = running.client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def eventually(found: Callable[[], Any], deadline: float = 20.0) -> Any:
    end = time.monotonic() + deadline
    while not (value := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return value


# --- incidents and acknowledgements ---------------------------------------------------------------------------------
def test_who_takes_an_incident_has_all_of_its_alerts_in_hand(running: Stack) -> None:
    first = fires(running, "A1", extractor="one")
    fires(running, "A1", extractor="one", severity="critical")
    number = get(running, f"alerts/{first}")["incident"]
    answer = running.client.put(f"/api/v1/incidents/{number}/acknowledgement", json={"comment": "mine"})
    assert answer.status_code == 200, answer.text
    whole = get(running, f"incidents/{number}")
    assert whole["acknowledged"]
    assert whole["owners"] == ["some-operator"]
    assert {member["severity"] for member in whole["members"]} == {"high", "critical"}
    held = [one["alert"] for one in get(running, "acknowledgements")["items"]]
    assert first in held
    assert running.client.delete(f"/api/v1/incidents/{number}/acknowledgement").status_code == 204
    assert not get(running, f"incidents/{number}")["acknowledged"]


def test_a_false_alarm_is_marked_and_counted(running: Stack) -> None:
    number = fires(running, "False1", extractor="false")
    assert running.client.put(f"/api/v1/alerts/{number}/false-positive", json={"comment": "a test"}).is_success
    assert get(running, f"alerts/{number}")["false_positive"]
    assert get(running, "reports/alerts", alertname="False1")["false_positive_ratio"] == 1
    kinds = [one["kind"] for one in get(running, "history", alert=number)["items"]]
    assert kinds == ["marked-false", "fired"]
    running.client.delete(f"/api/v1/alerts/{number}/false-positive")
    assert get(running, "reports/alerts", alertname="False1")["false_positive_ratio"] == 0


# --- the page that messages link to ---------------------------------------------------------------------------------
def form(running: Stack, token: str, **headers: str) -> httpx.Response:
    link = "/?alertname=A2&service=features&extractor=two&severity=high"
    with httpx.Client(base_url=running.client.base_url, trust_env=False) as browser:
        return browser.post(link, data={"token": token, "comment": "looking"}, headers=headers)


def test_the_page_takes_an_alert_in_hand_for_whoever_has_a_token(running: Stack) -> None:
    number = fires(running, "A2", extractor="two")
    assert form(running, "a-wrong-token-of-mine").status_code == 401
    assert form(running, "the-token-of-a-viewer").status_code == 403
    assert form(running, "the-token-of-a-operator", **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert form(running, "the-token-of-a-operator", origin="http://elsewhere.example").status_code == 403
    assert get(running, f"alerts/{number}")["acknowledgement"] is None
    assert "in hand" in form(running, "the-token-of-a-operator").text
    assert get(running, f"alerts/{number}")["acknowledgement"]["comment"] == "looking"


def test_the_link_of_an_escalation_level_leads_to_its_original(running: Stack) -> None:
    number = fires(running, "A3", extractor="three")
    level = {"escalation_level": "2", "original_alert": "A3", "policy": "p", "extractor": "three"}
    fires(running, "EscalationLevel2", **level)
    link = "/?alertname=EscalationLevel2&service=features&extractor=three&severity=high"
    answer = running.client.post(link, data={"token": "the-token-of-a-operator"})
    assert answer.status_code == 200, answer.text
    assert get(running, f"alerts/{number}")["acknowledgement"]["owner"] == "some-operator"


def test_what_a_link_says_is_inert_on_the_page(running: Stack) -> None:
    page = running.client.get("/", params={"alertname": "<script>alert(1)</script>", "service": '"><img src=x>'})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


# --- on call --------------------------------------------------------------------------------------------------------
def test_a_role_is_handed_over_and_taken_back(running: Stack) -> None:
    before = get(running, "on-call/on-call-engineer", at="2026-11-10T12:00:00Z")
    assert [person["name"] for person in before["people"]] == ["engineer-one"]
    assert before["because"] == "rotation"
    later = now() + timedelta(days=1)
    said = {"person": "manager", "begins_at": later.isoformat(), "ends_at": (later + timedelta(days=1)).isoformat()}
    made = running.client.post("/api/v1/on-call/on-call-engineer/overrides", json=said).json()
    assert made["entry"].startswith("{ person: manager, begins: ")
    then = (later + timedelta(hours=1)).isoformat()
    found = get(running, "on-call/on-call-engineer", at=then)
    assert found["because"] == "override"
    assert found["people"] == [{"name": "manager", "email": "manager@example.org"}]
    path = f"/api/v1/on-call/on-call-engineer/overrides/{made['id']}"
    assert running.client.delete(path).status_code == 204
    assert get(running, "on-call/on-call-engineer", at=then)["because"] != "override"
    assert running.client.delete(path).status_code == 404


def test_nobody_hands_over_to_somebody_unknown(running: Stack) -> None:
    answer = running.client.post("/api/v1/on-call/on-call-engineer/hand-over", json={"to": "nobody-we-know"})
    assert answer.status_code == 422
    assert "engineer-one" in answer.json()["detail"]
    assert running.client.get("/api/v1/on-call/no-such-role").status_code == 404


# --- through Alertmanager and Prometheus ----------------------------------------------------------------------------
def test_a_silence_is_alertmanagers(running: Stack) -> None:
    said = {"matchers": [{"name": "service", "value": "quiet"}], "seconds": 600, "comment": "a test"}
    made = running.client.post("/api/v1/silences", json=said)
    assert made.status_code == 201, made.text
    silences = httpx.get(f"{running.alertmanager}/api/v2/silences", trust_env=False).json()
    assert [one["createdBy"] for one in silences if one["id"] == made.json()["id"]] == ["some-operator"]
    assert running.client.delete(f"/api/v1/silences/{made.json()['id']}").status_code == 204
    assert made.json()["id"] not in [one["id"] for one in get(running, "silences")["items"]]
    assert made.json()["id"] in [one["id"] for one in get(running, "silences", expired=True)["items"]]


def test_a_silence_that_alertmanager_refuses_is_refused(running: Stack) -> None:
    said = {"matchers": [{"name": "service", "value": "(", "is_regex": True}], "seconds": 600, "comment": "a test"}
    answer = running.client.post("/api/v1/silences", json=said)
    assert answer.status_code == 422
    assert "Alertmanager refuses" in answer.json()["detail"]


def test_an_alert_raised_by_hand_is_in_alertmanager(running: Stack) -> None:
    said = {"alertname": "SeenByHand", "severity": "high", "service": "features", "summary": "smoke"}
    made = running.client.post("/api/v1/alerts", json=said)
    assert made.status_code == 202, made.text
    there = httpx.get(f"{running.alertmanager}/api/v2/alerts", trust_env=False).json()
    found = {one["fingerprint"]: one["labels"] for one in there}
    assert found[made.json()["fingerprint"]] == made.json()["labels"]


def test_objectives_stand_beside_what_is_measured(running: Stack) -> None:
    fires(running, SLOW, service="market-features", objective="extraction-latency", severity="critical")
    found = {one["name"]: one for one in get(running, "objectives")["items"]}
    latency = found["extraction-latency"]
    assert latency["bounds"][0] == {"severity": "high", "bound": 0.1, "side": "above"}
    assert latency["violated"] == ["critical"]
    eventually(lambda: get(running, "objectives/extractor-up")["values"])
    (up,) = get(running, "objectives/extractor-up")["values"]
    assert up["value"] == 1


def test_health_is_told_of_the_service_and_of_each_extractor(running: Stack) -> None:
    def whole() -> Any:
        found = {one["extractor"]: one for one in get(running, "health", service="market-features")["items"]}
        return found if found.get("technical", {}).get("score") is not None else None

    found = eventually(whole)
    assert found[None]["score"] == 88
    assert found["technical"]["score"] == 97


def test_a_metric_has_values_now_and_in_the_past(running: Stack) -> None:
    assert "service:up:max" in [one["name"] for one in get(running, "metrics")["items"]]
    (now_,) = eventually(lambda: get(running, "metrics/service:up:max")["items"])
    assert now_["value"] == 1
    (course,) = get(running, "metrics/service:up:max/history", step=10)["items"]
    assert {value for _, value in course["points"]} == {1}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("metrics/up", 404),
        ('metrics/up{job="x"}', 404),
        ("metrics/service:up:max/history?step=1&since=2026-01-01T00:00:00Z&until=2026-01-20T00:00:00Z", 422),
        ("objectives/none", 404),
        ("incidents/999999", 404),
        ("reports/alerts?since=2020-01-01T00:00:00Z", 422),
        ("history?since=2026-01-01T00:00:00", 422),
    ],
)
def test_what_there_is_not_or_may_not_be_asked_is_refused(running: Stack, path: str, status: int) -> None:
    answer = running.client.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


# --- history --------------------------------------------------------------------------------------------------------
def test_an_export_holds_the_history_and_no_formula(running: Stack) -> None:
    number = fires(running, "=cmd()", extractor="export")
    answer = running.client.get("/api/v1/export", params={"format": "csv", "extractor": "export"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["kind"], row["alertname"], row["alert"]) for row in rows] == [("fired", "'=cmd()", str(number))]
    exported = running.client.get("/api/v1/export", params={"extractor": "export"}).json()
    assert [row["alertname"] for row in exported] == ["=cmd()"]
    assert exported[0]["labels"]["extractor"] == "export"


def test_events_come_as_they_happen_and_what_was_missed_comes_first(running: Stack) -> None:
    first = fires(running, "Stream1", extractor="stream")
    with running.database.reading() as connection:
        fired = select(transitions.c.id).where(transitions.c.firing_id == first)
        last = connection.execute(fired).scalar_one()
    second = fires(running, "Stream2", extractor="stream")
    headers = {"last-event-id": str(last)}
    with running.client.stream("GET", "/api/v1/events?seconds=30", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = []
        for line in answer.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: "))["alertname"])
                if len(found) == 1:
                    now_ = now()
                    with running.database.writing() as connection:
                        acknowledge(connection, Acknowledgement(second, "somebody", "", now_, None))
                else:
                    break
    assert found == ["Stream2", "Stream2"]


def test_what_ended_long_ago_is_forgotten_and_what_fires_is_not(running: Stack) -> None:
    ended = told("Old1", 0, 60, extractor="old")
    lasting = told("Old2", 0, extractor="old")
    take(running.database, [ended, lasting], now())
    forget(running.database, now() - timedelta(days=1))
    assert [one["alertname"] for one in get(running, "alerts", extractor="old")["items"]] == ["Old2"]
    assert [one["alertnames"] for one in get(running, "incidents", extractor="old")["items"]] == [["Old2"]]


def test_figures_are_exported_as_metrics(running: Stack) -> None:
    fires(running, "Metric1")
    figures = Figures(running.database, now)
    figures.refresh()
    registry = CollectorRegistry()
    registry.register(figures)
    alert = {"alertname": "Metric1", "severity": "high"}
    assert registry.get_sample_value("featurewatch_responder_firings", alert) == 1
    assert registry.get_sample_value("featurewatch_responder_noise_ratio", alert) == 0
    delivery = registry.get_sample_value("featurewatch_responder_delivery_seconds", {"quantile": "0.5"})
    assert delivery is not None
    assert delivery > 0


# --- tokens ---------------------------------------------------------------------------------------------------------
def test_a_token_opens_what_its_role_does_until_it_is_revoked(running: Stack) -> None:
    admin = bearing(Role.ADMIN)
    made = running.client.post("/api/v1/tokens", json={"name": "somebody", "role": "viewer"}, headers=admin)
    assert made.status_code == 201, made.text
    theirs = {"authorization": f"Bearer {made.json()['token']}"}
    assert running.client.get("/api/v1/alerts", headers=theirs).status_code == 200
    assert running.client.put("/api/v1/alerts/1/acknowledgement", headers=theirs, json={}).status_code == 403
    again = running.client.post("/api/v1/tokens", json={"name": "somebody", "role": "admin"}, headers=admin)
    assert again.status_code == 409
    listed = running.client.get("/api/v1/tokens", headers=admin)
    assert made.json()["token"] not in listed.text
    assert running.client.delete("/api/v1/tokens/somebody", headers=admin).status_code == 204
    assert running.client.get("/api/v1/alerts", headers=theirs).status_code == 401


# --- the command line -----------------------------------------------------------------------------------------------
@pytest.fixture
def command(
    running: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    (tmp_path / "token").write_text("the-token-of-a-admin\n")
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_URL", str(running.client.base_url))
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.chdir(tmp_path)  # no checkout

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


Command = Callable[..., tuple[int, str, str]]


def test_an_alert_is_listed_taken_in_hand_and_given_back_on_the_command_line(running: Stack, command: Command) -> None:
    number = fires(running, "Cli1", extractor="cli\x1b[31m")
    status, out, _ = command("alerts", "--alertname", "Cli1", "--fail")
    assert status == 1
    assert "Cli1" in out
    assert "\x1b" not in out
    assert command("ack", str(number), "--comment", "mine", "--for", "30m")[0] == 0
    (one,) = json.loads(command("alerts", "--alertname", "Cli1", "--json")[1])
    assert one["acknowledgement"]["owner"] == "some-admin"
    assert command("ack", str(number), "--back")[0] == 0
    status, _, err = command("ack", str(number), "--back")
    assert status == 1
    assert f"alert {number} is not acknowledged" in err
    assert command("alerts", "--alertname", "NoSuchAlert", "--fail")[0] == 0
    assert "acknowledged" in command("history", "--alertname", "Cli1")[1]
    assert "Cli1" in command("history", "--alertname", "Cli1", "--export", "csv")[1]
    assert "Cli1" in command("incidents", "--alertname", "Cli1")[1]


def test_the_other_commands_answer_in_tables_and_in_json(running: Stack, command: Command) -> None:
    fires(running, "Cli2", extractor="cli")
    assert "engineer" in command("oncall")[1]
    assert command("oncall", "on-call-engineer", "--to", "manager", "--comment", "swap")[0] == 0
    (one,) = json.loads(command("oncall", "on-call-engineer", "--overrides", "--json")[1])
    assert "manager" in command("oncall", "on-call-engineer")[1]
    assert command("oncall", "on-call-engineer", "--withdraw", str(one["id"]))[0] == 0
    assert "time to acknowledge" in command("report")[1]
    assert json.loads(command("report", "--json")[1])["fired"] > 0
    made = json.loads(command("silence", "service=cli", "--for", "1h", "--comment", "why", "--json")[1])
    assert made["id"] in command("silence")[1]
    assert command("silence", "--end", made["id"])[0] == 0
    token = command("token", "make", "cli-one", "--role", "viewer")[1].strip()
    assert token.startswith("fw_")
    assert "cli-one" in command("token", "list")[1]
    assert command("token", "revoke", "cli-one")[0] == 0


def test_the_first_admin_is_made_in_the_database_itself(tmp_path: Path, command: Command) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    status, out, _ = command("token", "make", "first", "--role", "admin", "--database", url)
    assert status == 0
    assert out.startswith("fw_")
    assert command("token", "make", "first", "--database", url)[0] == 1
    assert "first" in command("token", "list", "--database", url)[1]
    assert command("token", "revoke", "first", "--database", url)[0] == 0


def test_what_is_missing_is_named_with_its_remedy(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_TOKEN_FILE", str(tmp_path / "none"))
    status, _, err = command("alerts")
    assert status == 2
    assert "FEATUREWATCH_RESPONDER_TOKEN_FILE" in err
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("FEATUREWATCH_RESPONDER_URL", "http://127.0.0.1:1")
    status, _, err = command("alerts")
    assert status == 1
    assert "FEATUREWATCH_RESPONDER_URL" in err
    assert command("silence", "service")[0] == 2
