"""The rules themselves: what they compare, over whom, and what they are called."""

from __future__ import annotations

import re
from pathlib import Path

import promql_parser
import pytest
from tests import objectives_sample, rules_sample
from tests.conftest import CHECKOUT

from featurewatch import names
from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.rules import build, chain, clashes, followup
from featurewatch.rules import plan as planning
from featurewatch.rules.model import Alert, Group, Recording
from featurewatch.rules.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return rules_sample.planned(tmp_path, objectives_sample.TEXT)


@pytest.fixture
def groups(plan: Plan) -> tuple[Group, ...]:
    return build.groups(plan)


def alert(groups: tuple[Group, ...], name: str, severity: str) -> Alert:
    [found] = [
        rule for group in groups for rule in group.alerts if (rule.name, rule.labels["severity"]) == (name, severity)
    ]
    return found


def recording(groups: tuple[Group, ...], name: str) -> Recording:
    [found] = [rule for group in groups for rule in group.recordings if rule.name == name]
    return found


def test_every_name_of_a_recorded_series_is_unique_and_can_be_written_in_promql(groups: tuple[Group, ...]) -> None:
    recorded = [rule.name for group in groups for rule in group.recordings]

    assert len(recorded) == len(set(recorded))
    assert all(re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", name) for name in recorded)


def test_every_expression_parses(groups: tuple[Group, ...]) -> None:
    for group in groups:
        for rule in group.rules:
            promql_parser.parse(rule.expr)


def test_a_rule_reads_only_what_stands_before_it_in_its_group(groups: tuple[Group, ...]) -> None:
    for group in groups:
        for position, rule in enumerate(group.rules):
            later = {other.name for other in group.rules[position + 1 :] if isinstance(other, Recording)}
            assert not later & set(re.findall(r"[a-z0-9_:]+", rule.expr)), rule.name


def test_latency_is_judged_on_successes_at_the_exact_edge(groups: tuple[Group, ...]) -> None:
    good = recording(groups, "service_extractor:extraction_latency_100ms:good_increase1m").expr
    share = recording(groups, "service_extractor:extraction_latency_100ms:good_ratio_rate1m").expr

    assert 'outcome="success",le="0.1"' in good
    assert "extraction_latency_100ms:good_increase1m" in share
    assert "successes:increase1m" in share
    assert "histogram_quantile" not in share
    assert "successes:increase1m >= 20" in alert(groups, "ExtractionTooSlow", "high").expr


def test_no_series_of_extractions_is_counted_twice_over_the_same_window(groups: tuple[Group, ...]) -> None:
    [group] = [group for group in groups if group.name == "extraction"]
    scans = [
        scan
        for rule in group.recordings
        for scan in re.findall(r"(?:rate|increase)\((featurewatch_extraction_duration_\w+\{[^}]*\}\[\w+\])", rule.expr)
    ]

    assert len(scans) > 5
    assert [scan for scan in scans if scans.count(scan) > 1] == []


def test_shares_are_compared_with_a_tolerance_and_never_by_subtraction(groups: tuple[Group, ...]) -> None:
    for group in groups:
        for rule in group.alerts:
            if "_ratio_" in rule.expr:
                assert re.search(r"good_ratio_rate\w+(\{[^}]*\})? < 0\.\d+ - 1e-9", rule.expr)


def test_every_rule_keeps_to_its_own_service(plan: Plan, groups: tuple[Group, ...]) -> None:
    for group in groups:
        for rule in group.rules if group.name != chain.GROUP else ():  # the chain is one for all services
            assert rule.name == build.WATCHDOG or f'{names.SERVICE}="{plan.objectives.service}"' in rule.expr


def test_every_alert_says_who_what_and_what_to_do(groups: tuple[Group, ...]) -> None:
    for group in groups:
        for rule in group.alerts:
            assert {"severity", "category", "team"} <= rule.labels.keys()
            assert {"summary", "description", "runbook_url"} <= rule.annotations.keys()
            assert rule.annotations["runbook_url"].endswith(f"/{rule.name}")


def test_a_service_that_is_not_there_counts_as_down_in_its_availability(groups: tuple[Group, ...]) -> None:
    assert "absent(" in recording(groups, "service:up:max").expr
    assert alert(groups, "ExtractorDown", "critical").expr == 'service:up:max{service="market-features"} == 0'


def test_silence_is_told_after_the_declared_absence_and_not_a_window_later(plan: Plan) -> None:
    [watch] = [watch for watch in plan.watches if watch.objective.of == "events"]

    assert watch.window + watch.hold == watch.limit.bound == 30


def test_an_absence_too_short_for_the_traffic_is_refused(tmp_path: Path) -> None:
    text = rules_sample.changed(
        ("minimum: 40/s", "minimum: 1/s"),
        ("absent_for: 30s", "absent_for: 20s"),
        ("budget: 15s", "budget: 10m"),
        ("above: 0.1%, severity: high", "above: 2%, severity: high"),
    )

    with pytest.raises(Faulty, match=r"extraction-data, high: absent_for: 20s; at least 2\ds, or raise traffic"):
        rules_sample.planned(tmp_path, text)


def test_the_name_of_the_chains_own_alert_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="Watchdog"):
        rules_sample.planned(tmp_path, rules_sample.changed(("alert: CacheHitRatioLow", "alert: Watchdog")))


def test_two_objectives_whose_series_would_have_one_name_are_refused(tmp_path: Path) -> None:
    text = rules_sample.changed(("name: cache-hit-ratio", "name: extraction-latency-100ms"))

    with pytest.raises(Faulty, match="extraction_latency_100ms:good_ratio_rate1m is that of extraction-latency"):
        rules_sample.planned(tmp_path, text)


def test_that_data_are_gone_belongs_to_no_incident_and_is_silenced_by_none() -> None:
    declared = load(CHECKOUT / "objectives.yaml")
    found = followup.followup(declared, build.groups(planning.plan(declared)))
    assert found.correlations
    assert all(clashes.TWIN not in correlation.names for correlation in found.correlations)
