"""What may be said of incidents, policies, people and calendar, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample

from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.objectives.handling import Handling
from featurewatch.objectives.model import Severity

INCIDENT = "{name: one, alert: One, title: T, every: [latency], some: [cache], window: 5m, first_steps: [look]}"


def _handling(tmp_path: Path, more: str) -> Handling:
    file = tmp_path / "objectives.yaml"
    file.write_text(f"{objectives_sample.TEXT}\n{more}\n", encoding="utf-8")
    return load(file).handling


def test_without_a_word_about_it_nothing_happens_after_an_alert_fires(tmp_path: Path) -> None:
    assert _handling(tmp_path, "") == Handling()


def test_delays_count_from_the_start_and_default_to_five_minutes_after_the_level_before(tmp_path: Path) -> None:
    handling = _handling(tmp_path, "policies: [{name: p, levels: [{}, {after: 2m}, {}]}]")
    assert [level.after for level in handling.policies[0].levels] == [0.0, 120.0, 420.0]


def test_a_policy_without_categories_is_for_what_no_other_names(tmp_path: Path) -> None:
    handling = _handling(
        tmp_path,
        "policies: [{name: rest, severity: critical, levels: [{}, {}]},"
        " {name: slow, categories: [latency], levels: [{}, {}]}]",
    )
    named = {
        (category, severity): policy.name if (policy := handling.policy_of(category, severity)) else None
        for category in ("latency", "cache")
        for severity in (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
    }
    assert named == {
        ("latency", Severity.MEDIUM): None,
        ("latency", Severity.HIGH): "slow",
        ("latency", Severity.CRITICAL): "slow",
        ("cache", Severity.MEDIUM): None,
        ("cache", Severity.HIGH): None,
        ("cache", Severity.CRITICAL): "rest",
    }


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (f"incidents: [{INCIDENT}, {INCIDENT}]", "'One' is taken"),
        ("incidents: [" + INCIDENT.replace("One", "ExtractionTooSlow") + "]", "'ExtractionTooSlow' is taken"),
        ("incidents: [" + INCIDENT.replace("[cache]", "[latency]") + "]", "are no two kinds of trouble"),
        ("policies: [{name: p, levels: [{after: 1m}, {}]}]", "level 1 is the alert itself"),
        ("policies: [{name: p, levels: [{}, {after: 5m}, {after: 5m}]}]", "is not after level 2"),
        ("policies: [{name: p, levels: [{}]}]", "at least 2 items"),
        ("policies: [{name: p, levels: [{}, {}]}, {name: q, levels: [{}, {}]}]", "everything else escalates by p"),
        ("policies: [{name: p, levels: [{}, {recipients: [nobody]}]}]", "nobody: no such role"),
        ("roles: [{name: r, people: [ghost]}]", "ghost is nobody we know"),
        ("roles: [{name: r}]", "needs `people` or `rotation`"),
        (
            "people: [{name: a, email: a@example.org}]\n"
            "roles: [{name: r, rotation: {people: [a], begins: 2026-01-01T00:00, every: 36h}}]",
            "a shift of 36h",
        ),
        (
            "people: [{name: a, email: a@example.org}]\n"
            "roles: [{name: r, rotation: {people: [a], begins: 2026-13-01T00:00, every: 1w}}]",
            "roles[0].rotation.begins",
        ),
        ("calendar: [{name: c, silent: [high]}]", "names no time"),
        (
            'calendar: [{name: c, weekly: [{weekdays: [sunday], begins: "22:00", ends: "06:00"}]}]',
            "needs `silent` or `only`",
        ),
        (
            "receivers: [{name: t, block: msteamsv2_configs, severities: [high], settings: {webhook_url: https://x}}]",
            "a secret stands in this file",
        ),
        ("receivers: [{name: t, block: fax_configs, severities: [high]}]", "Alertmanager has no fax_configs"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(tmp_path: Path, more: str, complaint: str) -> None:
    with pytest.raises(Faulty) as refused:
        _handling(tmp_path, more)
    found = [fault for fault in refused.value.faults if complaint in fault.what or complaint in fault.remedy]
    assert found, refused.value
    assert all(fault.line > 0 for fault in found)
