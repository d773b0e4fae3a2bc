"""The words of the messages, rendered by amtool and by Alertmanager itself, and compared with what was read and found
good.

After a change that is meant: `FEATUREWATCH_WRITE_GOLDEN=1 pytest tests/test_routes_messages.py`, then read the diff.
"""

from __future__ import annotations

import json
import os
import quopri
import re
from collections.abc import Callable, Mapping
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
from tests import routing, routing_chain

from featurewatch.demo.inbox.message import Channel, Delivery
from featurewatch.routes import alertmanager_config
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

GOLDEN = Path(__file__).parent / "golden/messages"
STARTED, ENDED = "2026-03-01T03:12:05+01:00", "2026-03-01T03:14:35+01:00"


def _alert(status: str, extractor: str, **changed: str) -> dict[str, Any]:
    said = {**routing.ANNOTATIONS, "summary": f"p95 of {extractor} is above 150ms"}
    return {
        "status": status,
        "labels": {**routing.LABELS, "extractor": extractor, **changed},
        "annotations": {name: text.replace("technical", extractor) for name, text in said.items()},
        "startsAt": STARTED,
        "endsAt": ENDED if status == "resolved" else "0001-01-01T00:00:00Z",
    }


def _message(*alerts: Mapping[str, Any]) -> dict[str, Any]:
    """What Alertmanager gives to a template."""
    labels = alerts[0]["labels"]
    return {
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {
            name: labels[name] for name in ("alertname", "service", "severity", "environment") if name in labels
        },
        "commonLabels": {name: value for name, value in labels.items() if name != "extractor"},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
    }


MESSAGES = {
    "firing": _message(_alert("firing", "technical")),
    "resolved": _message(_alert("resolved", "technical")),
    "mixed": _message(_alert("firing", "technical"), _alert("resolved", "returns")),
}


def _render(tools: Tools, folder: Path, name: str, message: Mapping[str, Any], kind: str = "text") -> str:
    data = folder / "message.json"
    data.write_text(json.dumps(message), encoding="utf-8")
    return routing.render_template(tools, folder, name, data, kind)


def _still(text: str) -> str:
    """Without what depends on when the test runs."""
    return re.sub(r"UTC, for [0-9dhms ]+[dhms]", "UTC, for …", text)


@pytest.mark.parametrize("status", MESSAGES)
@pytest.mark.parametrize(
    ("channel", "parts"),
    [
        ("slack", ("slack.title", "slack.text")),
        ("email", ("headline", "email.text")),
        ("pagerduty", ("headline", "pagerduty.severity", "pagerduty.firing", "pagerduty.resolved")),
    ],
    ids=["slack", "email", "pagerduty"],
)
def test_a_message_reads_as_it_was_found_good(
    tools: Tools, tmp_path: Path, status: str, channel: str, parts: tuple[str, ...]
) -> None:
    rendered = [_render(tools, tmp_path, part, MESSAGES[status]).strip() for part in parts]
    text = _still("\n\n".join(part for part in rendered if part)) + "\n"
    golden = GOLDEN / f"{channel}-{status}.txt"
    if os.environ.get("FEATUREWATCH_WRITE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.end_to_end
def test_alertmanager_itself_sends_what_was_found_good(tools: Tools, tmp_path: Path) -> None:
    technical, returns = _alert("firing", "technical"), _alert("firing", "returns")
    with routing_chain.told(tools, tmp_path) as chain:
        told = 0
        for status, sent in (
            ("firing", [technical]),
            ("resolved", [_alert("resolved", "technical")]),
            ("", [returns]),
            ("mixed", [technical, _alert("resolved", "returns")]),
        ):
            chain.alertmanager.send(*map(_as_prometheus_sends, sent))
            found = [_told(chain, channel, status or "firing", told) for channel in SENT]
            told = max(one.id for one in found)
            for one in found if status else ():
                parts = (part.strip() for part in SENT[one.channel](chain.inbox.client.raw(one)))
                text = _still("\n\n".join(part for part in parts if part)) + "\n"
                assert text == (GOLDEN / f"{one.channel}-{status}.txt").read_text(encoding="utf-8")


def _as_prometheus_sends(alert: Mapping[str, Any]) -> dict[str, Any]:
    ends = alert["endsAt"] if alert["status"] == "resolved" else "2126-03-01T03:12:05+01:00"
    return {"labels": alert["labels"], "annotations": alert["annotations"], "startsAt": STARTED, "endsAt": ends}


def _told(chain: routing_chain.Told, channel: Channel, status: str, since: int) -> Delivery:
    # To PagerDuty an incident of which something still fires is one that fires.
    shown = "firing" if (channel, status) == ("pagerduty", "mixed") else status

    def wanted(found: Delivery) -> bool:
        return (found.channel, found.status) == (channel, shown)

    return chain.inbox.client.wait_for(wanted, 60, since_id=since)


def _sent_mail(raw: str) -> tuple[str, ...]:
    mail = message_from_string(raw)
    (text,) = (part for part in mail.walk() if part.get_content_type() == "text/plain")
    return (str(mail["Subject"]), quopri.decodestring(str(text.get_payload())).decode().replace("\r\n", "\n"))


def _sent_slack(raw: str) -> tuple[str, ...]:
    (attachment,) = json.loads(raw)["attachments"]
    return attachment["title"], attachment["text"]


def _sent_page(raw: str) -> tuple[str, ...]:
    page = json.loads(raw)["payload"]
    details = page["custom_details"]
    return page["summary"], page["severity"], details["firing"], details["resolved"]


SENT: dict[Channel, Callable[[str], tuple[str, ...]]] = {
    "email": _sent_mail,
    "slack": _sent_slack,
    "pagerduty": _sent_page,
}
"""What a golden file holds, from the message that reached the channel."""


def test_the_end_of_a_level_tells_the_end_of_what_it_was_about(tools: Tools, tmp_path: Path) -> None:
    level = {"alertname": "EscalationLevel3", "escalation_level": "3", "original_alert": "ExtractionTooSlow"}
    message = _message(_alert("resolved", "technical", **level))
    for part in ("headline", "email.text", "slack.text", "pagerduty.resolved"):
        assert "ExtractionTooSlow has ended" in _render(tools, tmp_path, part, message)
        assert "No longer" not in _render(tools, tmp_path, part, message)


def test_in_a_storm_each_extractor_is_named_though_not_each_is_described(tools: Tools, tmp_path: Path) -> None:
    everybody = [f"extractor-{number:02}" for number in range(50)]
    for status in ("firing", "resolved"):
        message = _message(*(_alert(status, extractor) for extractor in everybody))
        for part in ("email.text", "email.html", "slack.text", f"pagerduty.{status}"):
            text = _render(tools, tmp_path, part, message, "html" if part == "email.html" else "text")
            assert [name for name in everybody if name not in text] == []
            assert len(text) < 30_000


@pytest.mark.parametrize("status", MESSAGES)
def test_html_says_the_same_as_plain_text(tools: Tools, tmp_path: Path, status: str) -> None:
    plain = _still(_render(tools, tmp_path, "email.text", MESSAGES[status]))
    markup = _still(_render(tools, tmp_path, "email.html", MESSAGES[status], "html"))
    assert "ZgotmplZ" not in markup
    values = [line.split("  ")[-1].strip() for line in plain.splitlines() if line.startswith("  ")]
    assert len(values) >= 3
    for value in values:
        assert value.replace("&", "&amp;") in markup


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info"), ("sev1", "error")],
)
def test_each_severity_is_one_that_pagerduty_has(tools: Tools, tmp_path: Path, severity: str, theirs: str) -> None:
    message = _message(_alert("firing", "technical", severity=severity))
    assert _render(tools, tmp_path, "pagerduty.severity", message) == theirs


@pytest.mark.parametrize("status", MESSAGES)
def test_the_status_is_one_word(tools: Tools, tmp_path: Path, status: str) -> None:
    assert _render(tools, tmp_path, "status", MESSAGES[status]) == status


def test_colours_tell_severities_apart_and_an_end_from_all_of_them(tools: Tools, tmp_path: Path) -> None:
    firing = [_message(_alert("firing", "x", severity=name)) for name in ("critical", "high", "medium", "low")]
    colours = [_render(tools, tmp_path, "color", message) for message in (*firing, MESSAGES["resolved"])]
    assert len(set(colours)) == 5
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)


def test_an_alert_that_says_nothing_but_its_name_still_makes_a_message(tools: Tools, tmp_path: Path) -> None:
    bare = {"status": "firing", "labels": {"alertname": "Odd"}, "annotations": {}, "startsAt": STARTED}
    message = _message(bare)
    assert _render(tools, tmp_path, "headline", message) == ("[FIRING:1] Odd (no severity) on no service: Odd fires")
    for name, kind in (("slack.text", "text"), ("email.text", "text"), ("email.html", "html")):
        text = _render(tools, tmp_path, name, message, kind)
        assert "2026-03-01 02:12:05 UTC" in text
        assert "<no value>" not in text
        assert "Runbook" not in text


def test_an_alert_without_any_label_still_makes_a_message(tools: Tools, tmp_path: Path) -> None:
    message = _message({"status": "firing", "labels": {}, "annotations": {}, "startsAt": STARTED})
    assert _render(tools, tmp_path, "headline", message).startswith("[FIRING:1] (alert without a name)")


def test_every_template_that_the_configuration_names_exists() -> None:
    named = set(
        re.findall(r'template \\?"(featurewatch\.[\w.]+)', json.dumps(alertmanager_config(plan(routing.declared()))))
    )
    texts = "\n".join(path.read_text(encoding="utf-8") for path in routing.TEMPLATES.glob("*.tmpl"))
    defined = re.findall(r'define "([\w.]+)"', texts)
    used_within = set(re.findall(r'template "([\w.]+)"', texts))
    assert len(named) > 15
    assert named | used_within == set(defined)
    assert len(defined) == len(set(defined))
