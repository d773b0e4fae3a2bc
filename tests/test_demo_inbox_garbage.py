"""Whatever is sent to the inbox, it answers, and what it keeps can be written and shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from featurewatch.demo.inbox import page, pagerduty, slack, webhook
from featurewatch.demo.inbox.mail import html_part, read_mail
from featurewatch.demo.inbox.message import Delivery, Message, Query

WORDS = st.sampled_from(
    [
        *("text", "attachments", "blocks", "channel", "title", "fields", "value", "fallback", "type", "elements"),
        *("routing_key", "event_action", "dedup_key", "payload", "summary", "severity", "source", "class", "links"),
        *("custom_details", "firing", "resolved", "alertname", "labels", "annotations", "alerts", "status", "version"),
        *("groupKey", "receiver", "commonLabels", "truncatedAlerts", "startsAt", "href", "images", "src", "service"),
        *(
            "trigger",
            "resolve",
            "[FIRING:1] A",
            "[RESOLVED] B (critical) on c",
            "severity: high",
            "4",
            "\ud800",
            "\x00",
        ),
    ]
)
TEXT = st.one_of(WORDS, st.text(max_size=20))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=8)),
    max_leaves=25,
)


def is_kept_and_shown(message: Message) -> None:
    delivery = Delivery(**vars(message), id=1, received_at=datetime(2026, 1, 1, tzinfo=UTC), raw="raw/1.json")
    assert Delivery.from_json(json.loads(delivery.to_line())) == delivery
    page.render([delivery], Query(), last_id=1, forgotten=0).encode()


@given(VALUES)
def test_any_json_gets_an_answer_from_every_endpoint(value: Any) -> None:
    body = json.dumps(value).encode()
    for answer in (
        slack.answer_webhook(slack.Workspace(), "T0/B0/token", "application/json", body),
        slack.answer_post_message(slack.Workspace(), "Bearer xoxb-1", "application/json", body),
        pagerduty.check(pagerduty.Account(), body)[1],
        webhook.answer(body),
    ):
        assert answer.status in (200, 202, 400, 404)
        answer.body.encode()
        is_kept_and_shown(answer.message)


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "\xff"]))
def test_any_bytes_get_an_answer_from_every_endpoint(body: bytes, content_type: str) -> None:
    for answer in (
        slack.answer_webhook(slack.Workspace(), "T0/B0/token", content_type, body),
        pagerduty.check(pagerduty.Account(), body)[1],
        webhook.answer(body),
    ):
        assert answer.status == 400
        is_kept_and_shown(answer.message)


HEADER = st.sampled_from(
    [
        *(b"Subject: ", b"To: ", b"Content-Type: ", b"multipart/mixed; boundary=", b"text/html; charset=", b"base64"),
        *(
            b"Content-Transfer-Encoding: ",
            b"=?utf-8?q?",
            b"?=",
            b"=?x?b?",
            b"\r\n",
            b"\r\n\r\n",
            b"--",
            b'"',
            b"<",
            b"@",
        ),
        *(b"X-Featurewatch-Status: ", b"X-Featurewatch-Alerts: ", b";", b"=", b"*0=", b"\xff", b"[FIRING:1] A"),
        *(b",", b"<", b"@"),
    ]
)


@given(st.lists(st.one_of(HEADER, st.binary(max_size=5)), max_size=30).map(b"".join))
def test_any_mail_is_read_as_far_as_it_goes(content: bytes) -> None:
    is_kept_and_shown(read_mail(content))
    html_part(content)
