"""Alerts that are kept for a while, so that what comes and goes is told once: `keep_firing_for`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests import rules_sample

from featurewatch.faults import Faulty
from featurewatch.promtool import Promtool
from featurewatch.rules import promtool_tests
from featurewatch.rules.catalogue import catalogue
from featurewatch.rules.hunt import hunt
from featurewatch.rules.model import Alert
from featurewatch.rules.mutation import mutants
from featurewatch.tools.toolbox import Tools

GAUGE = """\
  - name: queue
    kind: gauge
    title: Requests that wait
    alert: QueueTooLong
    category: resources
    of: { metric: waiting_requests }
    keep_firing_for: 6s
    limits:
      - { above: 100, severity: medium }
      - { above: 200, severity: critical, for: 4s }
    first_steps: [Look.]

notify:
"""


def _kept(text: str, **seconds: str) -> str:
    """With the objectives of these alerts kept for so long."""
    for alert, time in seconds.items():
        assert text.count(f"    alert: {alert}\n") == 1
        text = text.replace(f"    alert: {alert}\n", f"    alert: {alert}\n    keep_firing_for: {time}\n")
    return text


def _text() -> str:
    text = rules_sample.changed(
        (rules_sample.CACHE_LIMITS, "    limits:\n      - { below: 85%, severity: medium, window: 1m, for: 2m }\n"),
        ("notify:\n", GAUGE),
    )
    text += "\nmetrics:\n  waiting_requests: { type: gauge }\n"
    kept = {"ExtractionTooSlow": "20s", "CacheHitRatioLow": "1m", "ExtractorDown": "30s", "ExtractionDataAbsent": "8s"}
    return _kept(text, **kept)


def test_every_kind_of_alert_ends_when_it_has_been_quiet_for_as_long_as_declared(tools: Tools, tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, _text())
    kept = {alert.name: alert.keep for group in written.groups for alert in group.alerts if alert.keep}
    assert kept == {
        "ExtractionTooSlow": 20.0,
        "CacheHitRatioLow": 60.0,
        "ExtractorDown": 30.0,
        "ExtractionDataAbsent": 8.0,
        "QueueTooLong": 6.0,
    }
    promtool = Promtool(tools.promtool.path)
    telling = [
        file for file in written.tests if any(f"alertname: {name}\n" in file.read_text("utf-8") for name in kept)
    ]

    assert promtool.check_rules(written.rules).faults == ()
    assert promtool.test_rules(telling).faults == ()


def test_an_end_that_comes_an_evaluation_too_soon_or_too_late_fails_a_test(tools: Tools, tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, _text())
    tests = promtool_tests.test_files(written.plan, written.groups)
    wanted = [mutant for mutant in mutants(written.groups) if mutant.kind == "keep_firing_for"]
    assert len(wanted) == 2 * len([alert for group in written.groups for alert in group.alerts if alert.keep]) == 14

    found = hunt(written.groups, tests, wanted, Promtool(tools.promtool.path))

    assert [str(outcome.mutant) for outcome in found if outcome.killed_by is None] == []


def test_the_whole_ladder_is_kept_alike_so_that_no_severe_step_outlasts_a_milder_one(tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, _text())
    ladders: dict[tuple[str, str], set[float]] = {}
    for alert in (rule for group in written.groups for rule in group.rules if isinstance(rule, Alert)):
        ladders.setdefault((alert.name, alert.labels.get("objective", "")), set()).add(alert.keep)
    assert all(len(kept) == 1 for kept in ladders.values())


def test_what_is_not_declared_is_not_kept(tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, rules_sample.changed())
    assert all("keep_firing_for" not in file.read_text("utf-8") for file in written.rules)


def test_the_catalogue_says_for_how_long(tmp_path: Path) -> None:
    assert "| 4s, kept for 20s |" in catalogue(rules_sample.planned(tmp_path, _text()))


def test_more_than_an_hour_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="keep_firing_for"):
        rules_sample.planned(tmp_path, _kept(rules_sample.changed(), ExtractorDown="2h"))


def test_a_mutant_changes_the_time_by_one_evaluation(tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, _text())
    [group] = [group for group in written.groups if group.name == "extraction"]
    [alert] = [alert for alert in group.alerts if alert.name == "ExtractorDown"]
    times = {m.changed.keep for m in mutants((replace(group, rules=(alert,)),)) if isinstance(m.changed, Alert)}
    assert times == {28.0, 30.0, 32.0}
