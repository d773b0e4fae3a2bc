"""A story may hurry a policy; what is committed is in force again after it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import CHECKOUT

from featurewatch.demo import escalation, scenes
from featurewatch.demo.errors import NoSuchScene
from featurewatch.demo.inbox.message import Channel, Delivery
from featurewatch.demo.rehearsal import playing, rehearsed, rule_files
from featurewatch.objectives import load
from featurewatch.rules.plan import Plan, plan

SCENE = scenes.find("escalation")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def declared() -> Plan:
    return plan(load(CHECKOUT / "objectives.yaml"))


def test_a_rehearsal_changes_the_delays_of_levels_and_nothing_else(declared: Plan) -> None:
    hurried = rehearsed(declared, 20)
    delays = [level.after for level in escalation.policy(SCENE, hurried.objectives).levels]
    assert delays == [0, 20, 40]
    usual, texts = rule_files(declared), rule_files(hurried)
    assert set(usual) == set(texts)
    changed = [name for name, text in texts.items() if text != usual[name]]
    assert changed == ["extraction.rules.yaml"]
    lines = zip(usual[changed[0]].splitlines(), texts[changed[0]].splitlines(), strict=True)
    said = ("timestamp_seconds >=", "acknowledged within", "nobody acknowledged", "nobody had acknowledged")
    assert {True} == {any(words in old for words in said) for old, new in lines if old != new}


def test_the_committed_rules_are_put_back_whatever_happens(tmp_path: Path) -> None:
    (tmp_path / "a.rules.yaml").write_text("usual")
    (tmp_path / "b.rules.yaml").write_text("same")
    reloaded: list[str] = []
    texts, usual = (
        {"a.rules.yaml": "hurried", "b.rules.yaml": "same"},
        {"a.rules.yaml": "usual", "b.rules.yaml": "same"},
    )

    def reload() -> None:
        reloaded.append((tmp_path / "a.rules.yaml").read_text())

    with pytest.raises(KeyboardInterrupt), playing(tmp_path, texts, usual, reload):
        raise KeyboardInterrupt
    assert reloaded == ["hurried", "usual"]
    assert (tmp_path / "a.rules.yaml").read_text() == "usual"


def test_each_level_owes_a_message_to_each_of_its_people_and_channels(declared: Plan) -> None:
    _, second, third = escalation.policy(SCENE, declared.objectives).levels
    owed = escalation.owed(SCENE, declared.objectives, second, NOW)
    assert {(each.channel, each.to) for each in owed} == {
        ("slack", ""),
        ("email", "engineer-one@example.org"),
        ("email", "engineer-two@example.org"),
    }
    last = escalation.owed(SCENE, declared.objectives, third, NOW)
    assert "manager@example.org" in {each.to for each in last}
    assert {each.about for each in (*owed, *last)} == {"ExtractionTooSlow"}


def test_who_was_told_of_a_level_and_is_not_one_of_its_people_is_named(declared: Plan) -> None:
    _, second, _ = escalation.policy(SCENE, declared.objectives).levels
    owed = escalation.owed(SCENE, declared.objectives, second, NOW)
    messages = [delivery("slack"), delivery("pagerduty"), delivery("email", "manager@example.org")]
    about = "ExtractionTooSlow"
    found = list(escalation.alien(messages, owed, "EscalationLevel2", about))
    assert found == ["pagerduty: EscalationLevel2", "manager@example.org: EscalationLevel2"]
    assert list(escalation.alien(messages, owed, "EscalationLevel2", "AnotherAlert")) == []
    assert [receipt.who for receipt in escalation.receipts(messages, about)] == [
        "slack",
        "pagerduty",
        "manager@example.org",
    ]


def test_a_policy_without_a_third_level_has_no_such_story(tmp_path: Path) -> None:
    text = (CHECKOUT / "objectives.yaml").read_text()
    third = next(line for line in text.splitlines() if "after: 10m, channels: [slack, email, pagerduty]" in line)
    (tmp_path / "objectives.yaml").write_text(text.replace(third + "\n", ""))
    with pytest.raises(NoSuchScene, match="three levels"):
        escalation.policy(SCENE, load(tmp_path / "objectives.yaml"))


def delivery(channel: Channel, *to: str) -> Delivery:
    return Delivery(
        channel=channel,
        status="firing",
        firing=("EscalationLevel2",),
        severity="critical",
        recipients=to,
        summary="nobody acknowledged ExtractionTooSlow within 20s",
        id=1,
        received_at=NOW,
    )
