"""The words of the messages, rendered by amtool and compared with what was read and found good.

After a change that is meant: `FEATUREWATCH_WRITE_GOLDEN=1 pytest tests/test_routes_messages.py`, then read the diff.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests import routing

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
