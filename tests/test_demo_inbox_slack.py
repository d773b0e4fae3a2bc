"""Slack's side of the inbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.demo_inbox import RunningInbox, running_inbox

from featurewatch.demo.inbox.slack import Workspace, shown

PATH = "/services/T0FEATURE/B0WATCH/s3cr3tToken"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInbox]:
    directory: Path = tmp_path_factory.mktemp("slack")
    (directory / "slack_url").write_text(f"https://hooks.slack.com{PATH}\n")
    options = ("--slack-url-file", str(directory / "slack_url"), "--slack-channel", "#alerts")
    with running_inbox(directory / "inbox", *options) as running:
        yield running


def alertmanager_message(**changes: Any) -> dict[str, Any]:
    attachment = {
        "title": "[FIRING:1] ExtractionTooSlow (critical)",
        "fallback": "[FIRING:1] ExtractionTooSlow | http://localhost:9093",
        "text": "Service: market\nExtractor: technical",
        "fields": [{"title": "Severity", "value": "critical", "short": True}],
        "color": "danger",
        "footer": "",
        "callback_id": "",
        "mrkdwn_in": ["fallback", "pretext", "text"],
    }
    return {"channel": "#alerts", "username": "Alertmanager", "attachments": [attachment]} | changes


def test_a_message_as_alertmanager_sends_it_is_answered_with_ok_and_understood(inbox: RunningInbox) -> None:
    answer = inbox.post(PATH, alertmanager_message())
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain"), "Alertmanager reads anything else as JSON"
    received = inbox.client.deliveries(channel="slack")[-1]
    assert received.status == "firing"
    assert received.firing == ("ExtractionTooSlow",)
    assert received.severity == "critical"
    assert received.labels == {"service": "market", "extractor": "technical", "severity": "critical"}
    assert received.recipients == ("#alerts",)
    assert received.summary == "[FIRING:1] ExtractionTooSlow (critical)"
    assert json.loads(inbox.client.raw(received)) == alertmanager_message()


def test_text_is_kept_as_slack_would_show_it() -> None:
    assert (
        shown("a &lt;b&gt; &amp;amp; <https://x/y?a=1&amp;b=2|Runbook>") == "a <b> &amp; Runbook: https://x/y?a=1&b=2"
    )


def test_the_same_message_as_a_form_is_accepted_too(inbox: RunningInbox) -> None:
    form = urlencode({"payload": json.dumps(alertmanager_message())}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(inbox.url + PATH, content=form, headers=headers, trust_env=False)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert inbox.client.deliveries(channel="slack")[-1].firing == ("ExtractionTooSlow",)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        pytest.param(b"{", 400, "invalid_payload", id="broken JSON"),
        pytest.param(b"[]", 400, "invalid_payload", id="not an object"),
        pytest.param(b"", 400, "invalid_payload", id="nothing"),
        pytest.param(b'{"text": NaN}', 400, "invalid_payload", id="not standard JSON"),
        pytest.param(b'{"text":' + b"[" * 100_000, 400, "invalid_payload", id="nested without end"),
        pytest.param({"attachments": "x"}, 400, "invalid_payload", id="attachments are not a list"),
        pytest.param({"channel": "#alerts"}, 400, "no_text", id="neither text nor attachments"),
        pytest.param({"text": "", "attachments": []}, 400, "no_text", id="empty text, no attachments"),
        pytest.param({"attachments": [{"color": "danger"}]}, 400, "no_text", id="an attachment that says nothing"),
        pytest.param({"attachments": [{"text": "x"}] * 101}, 400, "too_many_attachments", id="101 attachments"),
        pytest.param({"blocks": [{"type": "divider"}] * 51}, 400, "invalid_blocks", id="51 blocks"),
        pytest.param({"text": "x", "channel": "#nowhere"}, 404, "channel_not_found", id="unknown channel"),
    ],
)
def test_what_slack_refuses_is_refused_with_its_error_and_recorded(
    inbox: RunningInbox, body: object, status: int, error: str
) -> None:
    answer = inbox.post(PATH, body)
    assert (answer.status_code, answer.text) == (status, error)
    refused = inbox.client.deliveries(channel="slack", refused=True)[-1]
    assert (refused.reason, refused.refused) == (error, True)


@pytest.mark.parametrize(
    "body", [{"attachments": [{"text": "x"}] * 100}, {"text": "x"}, {"blocks": [{"type": "divider"}]}]
)
def test_what_is_just_allowed_is_accepted(inbox: RunningInbox, body: object) -> None:
    assert inbox.post(PATH, body).text == "ok"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/services/T0FEATURE/B0WATCH/wrongToken", 403, "invalid_token"),
        ("/services/T0FEATURE/B0OTHER/s3cr3tToken", 404, "no_service"),
        ("/services/T0OTHER/B0WATCH/s3cr3tToken", 404, "no_team"),
        ("/services/T0FEATURE/B0WATCH/s3cr3tToken/more", 403, "invalid_token"),
        ("/services/T0FEATURE/B0WATCH", 403, "invalid_token"),
        ("/services/", 404, "no_team"),
    ],
)
def test_a_webhook_that_does_not_exist_is_refused(inbox: RunningInbox, path: str, status: int, error: str) -> None:
    answer = inbox.post(path, alertmanager_message())
    assert (answer.status_code, answer.text) == (status, error)


def test_without_a_known_webhook_any_path_of_the_right_shape_exists() -> None:
    workspace = Workspace()
    assert workspace.path_error("T000/B000/demo") == ""
    assert workspace.path_error("X000/B000/demo") == "no_team"
    assert workspace.path_error("T000/000/demo") == "no_service"
    assert workspace.path_error("T000/B000/de mo") == "invalid_token"


@pytest.mark.parametrize(
    ("token", "body", "said"),
    [
        ("", {"channel": "#alerts", "text": "x"}, {"ok": False, "error": "not_authed"}),
        ("Bearer nonsense", {"channel": "#alerts", "text": "x"}, {"ok": False, "error": "invalid_auth"}),
        ("Bearer xoxb-1", {"text": "x"}, {"ok": False, "error": "channel_not_found"}),
        ("Bearer xoxb-1", {"channel": "#alerts"}, {"ok": False, "error": "no_text"}),
    ],
)
def test_chat_post_message_refuses_with_status_200_as_the_web_api_does(
    inbox: RunningInbox, token: str, body: object, said: object
) -> None:
    headers = {"authorization": token} if token else {}
    answer = httpx.post(f"{inbox.url}/api/chat.postMessage", json=body, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, said)


def test_chat_post_message_accepts_a_bot_with_a_token(inbox: RunningInbox) -> None:
    headers = {"authorization": "Bearer xoxb-1"}
    answer = httpx.post(
        f"{inbox.url}/api/chat.postMessage", json=alertmanager_message(), headers=headers, trust_env=False
    )
    assert answer.json()["ok"] is True
    assert inbox.client.deliveries(channel="slack")[-1].firing == ("ExtractionTooSlow",)


def test_a_rate_limit_is_answered_as_slack_words_it(inbox: RunningInbox) -> None:
    inbox.client.fault("slack", "status", status=429, retry_after=1.5, count=1)
    answer = inbox.post(PATH, alertmanager_message())
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2", "whole seconds, never too early"
    assert answer.json() == {"retry_after": 1.5, "ok": False, "error": "rate_limited"}
    assert inbox.post(PATH, alertmanager_message()).text == "ok", "the fault was for one request"
