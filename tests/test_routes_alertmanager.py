"""Our configuration in a real Alertmanager, with a real inbox behind every channel."""

from __future__ import annotations

import json
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_string
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from tests import routing
from tests.demo_inbox import RunningInbox, running_inbox

from featurewatch.amtool import Amtool
from featurewatch.demo.inbox.faults import Mode
from featurewatch.demo.inbox.message import Channel, Delivery
from featurewatch.routes.demo_secrets import write_demo_secrets
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

CHANNELS: tuple[Channel, ...] = ("pagerduty", "slack", "email", "webhook")

HOSTILE = (
    "<!channel> <script>alert(1)</script> & *bold* _it_ `code` {{ .Status }}\nSeverity: low\r\nBcc: all@example.org"
)


@dataclass(frozen=True)
class Chain:
    """Alertmanager and the inbox."""

    alertmanager: routing.RunningAlertmanager
    inbox: RunningInbox

    def wait(
        self, channel: Channel, status: str = "firing", severity: str = "", since: int = 0, deadline: float = 20.0
    ) -> Delivery:
        """The first delivery over the channel that says this; any severity where none is asked for."""

        def wanted(found: Delivery) -> bool:
            return found.channel == channel and found.status == status and severity in ("", found.severity)

        return self.inbox.client.wait_for(wanted, deadline, since_id=since)

    def wait_for_all(self, channel: Channel, alerts: int) -> Delivery:
        """The first message over the channel in which so many alerts fire."""

        def wanted(found: Delivery) -> bool:
            return found.channel == channel and f"[FIRING:{alerts}]" in found.summary

        return self.inbox.client.wait_for(wanted, 60)


@pytest.fixture
def chain(tools: Tools, tmp_path: Path) -> Iterator[Chain]:
    with running_inbox(tmp_path / "inbox") as inbox:
        secrets = tmp_path / "secrets"
        write_demo_secrets(secrets, inbox.url)
        chosen = plan(routing.pointed_at(routing.declared(), inbox.smtp_port, inbox.url, secrets))
        chosen = replace(chosen, timing=replace(chosen.timing, group_wait=0.3, group_interval=1.0))
        config = routing.write_configuration(tmp_path / "alertmanager", chosen)
        assert Amtool(tools.amtool.path).check_config(config).faults == ()
        with routing.running_alertmanager(tools, config) as alertmanager:
            yield Chain(alertmanager, inbox)


def _bodies(mail: Mail) -> dict[str, str]:
    """Each part of a mail by its type."""
    return {
        part.get_content_type(): quopri.decodestring(str(part.get_payload())).decode()
        for part in mail.walk()
        if not part.is_multipart()
    }


def _posted(chain: Chain, delivery: Delivery) -> dict[str, Any]:
    posted: dict[str, Any] = json.loads(chain.inbox.client.raw(delivery))
    return posted


@pytest.mark.end_to_end
def test_a_critical_alert_reaches_every_channel_and_its_end_does_too(chain: Chain) -> None:
    chain.alertmanager.send(routing.alert())
    for channel in CHANNELS:
        assert chain.wait(channel, "firing", "critical").firing == ("ExtractionTooSlow",)
    chain.alertmanager.send(routing.alert(resolved=True))
    for channel in CHANNELS:
        found = chain.wait(channel, "resolved")
        assert found.resolved == ("ExtractionTooSlow",)
    refused = chain.inbox.client.deliveries(refused=True)
    assert refused == []


@pytest.mark.end_to_end
def test_what_a_person_reads_says_what_where_how_bad_since_when_and_what_to_do(chain: Chain) -> None:
    chain.alertmanager.send(routing.alert())
    mail = message_from_string(chain.inbox.client.raw(chain.wait("email", "firing", "critical")))
    slack = _posted(chain, chain.wait("slack", "firing", "critical"))["attachments"][0]
    page = _posted(chain, chain.wait("pagerduty", "firing", "critical"))
    heading = "[FIRING:1] ExtractionTooSlow (critical) on market-features"
    assert mail["Subject"] == f"{heading}: p95 of technical is above 150ms"
    assert slack["title"] == heading
    assert page["payload"]["summary"] == f"{heading}: p95 of technical is above 150ms"
    details = "\n".join(map(str, page["payload"]["custom_details"].values()))
    for text in (*_bodies(mail).values(), slack["text"], details):
        for wanted in ("technical", "p95 is about 172ms", "p95 of at most 150ms", "1. Look which source got slow."):
            assert wanted in text
        assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, for \d+s", text)
        for link in ("http://127.0.0.1:3000/runbooks/ExtractionTooSlow", "http://127.0.0.1:3000/d/overview"):
            assert link in text


@pytest.mark.end_to_end
def test_pagerduty_gets_its_own_words_and_one_incident_that_it_can_close(chain: Chain) -> None:
    chain.alertmanager.send(routing.alert())
    opened = _posted(chain, chain.wait("pagerduty", "firing", "critical"))
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["class"] == "ExtractionTooSlow"
    assert opened["payload"]["component"] == "technical"
    assert opened["payload"]["group"] == opened["payload"]["source"] == "market-features"
    assert opened["client_url"].startswith("http://127.0.0.1:3000/d/overview")
    chain.alertmanager.send(routing.alert(resolved=True))
    closed = chain.wait("pagerduty", "resolved")
    assert closed.effect == "resolved"
    assert _posted(chain, closed)["dedup_key"] == opened["dedup_key"]


@pytest.mark.end_to_end
def test_a_critical_alert_silences_the_high_one_and_the_high_one_still_tells_its_end(chain: Chain) -> None:
    high, critical = routing.alert({"severity": "high"}), routing.alert()
    chain.alertmanager.send(high)
    told = chain.wait("slack", "firing", "high")
    chain.alertmanager.send(critical)
    chain.alertmanager.wait_for_state(high["labels"], "suppressed")
    chain.wait("slack", "firing", "critical")
    chain.alertmanager.send(routing.alert(resolved=True))
    chain.wait("slack", "resolved", "critical")
    chain.alertmanager.wait_for_state(high["labels"], "active")
    chain.alertmanager.send(routing.alert({"severity": "high"}, resolved=True))
    for channel in ("slack", "email"):
        chain.wait(channel, "resolved", "high", since=told.id)


@pytest.mark.end_to_end
def test_both_tell_their_end_when_they_end_in_one_evaluation(chain: Chain) -> None:
    chain.alertmanager.send(routing.alert({"severity": "high"}))
    chain.wait("email", "firing", "high")
    chain.alertmanager.send(routing.alert())
    chain.wait("email", "firing", "critical")
    chain.alertmanager.send(routing.alert(resolved=True), routing.alert({"severity": "high"}, resolved=True))
    for severity in ("critical", "high"):
        chain.wait("email", "resolved", severity)
        chain.wait("slack", "resolved", severity)


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    "other",
    [{"extractor": "another"}, {"service": "another"}, {"objective": "error-ratio"}, {"environment": "production"}],
    ids=lambda other: next(iter(other)),
)
def test_a_critical_alert_does_not_silence_what_is_about_something_else(chain: Chain, other: dict[str, str]) -> None:
    chain.alertmanager.send(routing.alert())
    chain.wait("slack", "firing", "critical")
    chain.alertmanager.send(routing.alert({"severity": "high"} | other))
    chain.wait("slack", "firing", "high")


@pytest.mark.end_to_end
def test_extractors_of_one_service_share_a_message_and_two_services_never_do(chain: Chain) -> None:
    chain.alertmanager.send(
        routing.alert({"extractor": "technical"}),
        routing.alert({"extractor": "returns"}),
        routing.alert({"service": "another-service"}),
    )
    ours = chain.inbox.client.wait_for(
        lambda found: found.channel == "webhook" and found.labels.get("service") == "market-features", 20
    )
    theirs = chain.inbox.client.wait_for(
        lambda found: found.channel == "webhook" and found.labels.get("service") == "another-service", 20
    )
    assert {alert["labels"]["extractor"] for alert in _posted(chain, ours)["alerts"]} == {"technical", "returns"}
    assert len(_posted(chain, theirs)["alerts"]) == 1


@pytest.mark.end_to_end
def test_one_extractor_that_recovers_is_told_while_another_still_fires(chain: Chain) -> None:
    chain.alertmanager.send(routing.alert({"extractor": "technical"}), routing.alert({"extractor": "returns"}))
    first = chain.wait("slack", "firing", "critical")
    chain.alertmanager.send(routing.alert({"extractor": "returns"}, resolved=True))
    chain.wait("slack", "mixed", "critical", since=first.id)
    mail = message_from_string(chain.inbox.client.raw(chain.wait("email", "mixed", "critical")))
    assert mail["Subject"].startswith("[FIRING:1, RESOLVED:1] ExtractionTooSlow (critical)")
    text = _bodies(mail)["text/plain"]
    assert text.index("FIRING:") < text.index("technical") < text.index("RESOLVED.") < text.index("returns")


@pytest.mark.end_to_end
def test_hostile_labels_are_inert_in_every_channel(chain: Chain) -> None:
    hostile = {"extractor": HOSTILE, "service": HOSTILE, "team": HOSTILE}
    links = {"runbook_url": "javascript:alert(1)", "dashboard_url": 'http://x/"><script>alert(1)</script>'}
    chain.alertmanager.send(
        routing.alert(hostile, annotations={"summary": f"p95 of {HOSTILE}", "value": HOSTILE, **links})
    )
    slack = _posted(chain, chain.wait("slack", "firing", "critical"))
    shown = json.dumps(slack)
    assert "<!channel>" not in shown
    assert "<script" not in shown
    assert "javascript:" not in shown
    assert slack["attachments"][0]["mrkdwn_in"] == ["pretext"]
    assert not slack["attachments"][0].get("pretext")
    assert "{{ .Status }}" in shown

    mail = message_from_string(chain.inbox.client.raw(chain.wait("email", "firing", "critical")))
    assert mail["Bcc"] is None
    assert mail["X-Featurewatch-Severity"] == "critical"
    bodies = _bodies(mail)
    assert "<script" not in bodies["text/html"]
    assert "javascript:" not in bodies["text/html"]
    assert "&lt;script&gt;" in bodies["text/html"]
    assert "\nSeverity: low" not in bodies["text/plain"]

    page = _posted(chain, chain.wait("pagerduty", "firing", "critical"))
    assert "\n" not in page["payload"]["summary"]
    assert not page.get("links")
    assert chain.inbox.client.deliveries(refused=True) == []


@pytest.mark.end_to_end
@pytest.mark.parametrize("hostile", ["team: is {{ .Nope | nothing }}", "- {{ .ExternalURL }}", "[a, b]", "yes", "1e3"])
def test_what_looks_like_yaml_or_a_template_reaches_pagerduty_as_the_text_it_is(chain: Chain, hostile: str) -> None:
    said = dict.fromkeys(("summary", "value", "limit", "first_steps"), hostile)
    chain.alertmanager.send(routing.alert({"team": hostile, "extractor": hostile}, annotations=said))
    details = _posted(chain, chain.wait("pagerduty", "firing", "critical"))["payload"]["custom_details"]
    for name in ("team", "extractors", "value", "limit", "first_steps"):
        assert details[name].strip() == hostile
    assert hostile in details["firing"]


@pytest.mark.end_to_end
def test_values_of_ten_kilobytes_and_many_alerts_are_cut_so_that_no_service_refuses_them(chain: Chain) -> None:
    long = "long " * 2000
    names = [f"{number:03} {long}" for number in range(40)]
    said = {"value": long, "limit": long, "first_steps": long}
    chain.alertmanager.send(
        *(routing.alert({"extractor": name, "team": long}, annotations={"summary": name, **said}) for name in names)
    )
    chain.wait("webhook")
    for channel in ("slack", "pagerduty", "email"):
        # On a busy machine the first message may come before all alerts have.
        delivery = chain.wait_for_all(channel, 40)
        raw = chain.inbox.client.raw(delivery)
        match channel:
            case "slack":
                posted = json.loads(raw)["attachments"][0]
                assert len(posted["title"]) <= 300
                assert len(posted["text"]) < 12_000  # Slack cuts at 40,000
                assert "… and 35 more that fire: 005 long" in posted["text"]
            case "pagerduty":
                posted = json.loads(raw)
                assert len(posted["payload"]["summary"]) <= 1024
                assert len(raw) < 64_000
                assert "… and 30 more" in posted["payload"]["custom_details"]["firing"]
            case "email":
                assert len(message_from_string(raw)["Subject"]) <= 200
                assert "… and 30 more that fire: 010 long" in _bodies(message_from_string(raw))["text/plain"]
    assert chain.inbox.client.deliveries(refused=True) == []


@pytest.mark.end_to_end
@pytest.mark.parametrize("labels", [{"severity": "sev1"}, {"severity": ""}], ids=["unknown", "missing"])
def test_an_alert_with_no_severity_of_ours_is_told_to_those_who_are_awake(chain: Chain, labels: dict[str, str]) -> None:
    chain.alertmanager.send(routing.alert(labels))
    for channel in ("slack", "email"):
        found = chain.wait(channel)
        assert found.firing == ("ExtractionTooSlow",)
    assert chain.inbox.client.deliveries(channel="pagerduty") == []


@pytest.mark.end_to_end
@pytest.mark.parametrize(("mode", "status"), [("status", 500), ("status", 429), ("hang", None)])
def test_a_channel_in_trouble_delays_no_other_and_gets_its_message_later(
    chain: Chain, mode: Mode, status: int | None
) -> None:
    chain.inbox.client.fault("slack", mode, status=status)
    chain.alertmanager.send(routing.alert())
    for channel in ("pagerduty", "email", "webhook"):
        chain.wait(channel, deadline=5.0)
    assert chain.inbox.client.deliveries(channel="slack") == []
    chain.inbox.client.fault("slack", "ok")
    chain.wait("slack", deadline=30.0)
