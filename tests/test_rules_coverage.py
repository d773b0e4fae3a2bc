"""The coverage gate: nothing that the compiler writes goes untested."""

from __future__ import annotations

from featurewatch.rules.cases import Case
from featurewatch.rules.coverage import coverage
from featurewatch.rules.model import Group


def test_the_generated_tests_cover_every_alert_and_every_recorded_series(
    built: tuple[Group, ...], tests: dict[str, Case]
) -> None:
    found = coverage(built, tests.values())

    assert found.untested == ()
    alerts, series = len(found.alerts), len(found.recordings)
    assert str(found) == f"{alerts} / {alerts} alerts, {series} / {series} recorded series"


def test_an_alert_without_its_tests_is_a_fault(built: tuple[Group, ...], tests: dict[str, Case]) -> None:
    del tests["cache-hit-ratio.test.yaml"]

    [fault] = coverage(built, tests.values()).untested

    assert fault.file == "CacheHitRatioLow (medium, cache-hit-ratio)"
    assert "to fire" in fault.what


def test_each_severity_is_covered_by_itself(built: tuple[Group, ...], tests: dict[str, Case]) -> None:
    for content in tests.values():
        for case in content["tests"]:
            for look in case.get("alert_rule_test", []):
                look["exp_alerts"] = [
                    found for found in look["exp_alerts"] if found["exp_labels"]["severity"] != "critical"
                ]

    untested = {fault.file for fault in coverage(built, tests.values()).untested}

    chain = {
        f"{name} (critical, chain)"
        for name in (
            *("AlertmanagerMissing", "AlertmanagerUnreachable", "NotificationsDropped"),
            *("AuditBroken", "AuditShortened"),
        )
    }
    assert (
        untested
        == {"ExtractionTooSlow (critical, extraction-latency)", "ExtractorDown (critical, extractor-up)"} | chain
    )


def test_an_alert_that_is_never_expected_to_be_silent_is_a_fault(
    built: tuple[Group, ...], tests: dict[str, Case]
) -> None:
    for case in tests["error-ratio.test.yaml"]["tests"]:
        case["alert_rule_test"] = [look for look in case["alert_rule_test"] if look["exp_alerts"]]
    for case in tests["extraction-data.test.yaml"]["tests"]:
        case["alert_rule_test"] = [look for look in case["alert_rule_test"] if look["alertname"] != "ErrorRatioHigh"]

    [fault] = coverage(built, tests.values()).untested

    assert fault.file == "ErrorRatioHigh (high, error-ratio)"
    assert "to be silent" in fault.what


def test_a_series_that_is_only_expected_to_be_absent_is_not_covered(
    built: tuple[Group, ...], tests: dict[str, Case]
) -> None:
    for case in tests["recorded.service.test.yaml"]["tests"]:
        for check in case["promql_expr_test"]:
            check["exp_samples"] = []

    untested = {fault.file for fault in coverage(built, tests.values()).untested}

    assert untested == {"service:up:max", "service:availability:ratio1d"}
