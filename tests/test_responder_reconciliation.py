"""What was missed is found; what is only on its way is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.firing import Told
from featurewatch.responder.reconciliation import Known, missed
from featurewatch.responder.upstream import Spell

START = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = {"alertname": "ExtractionTooSlow", "service": "market-features"}
NAME = fingerprint(LABELS)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def spell(start: float, end: float | None = None) -> Spell:
    return Spell(LABELS, at(start), None if end is None else at(end))


def known(start: float, end: float | None = None, heard: float | None = None) -> Known:
    return Known(NAME, at(start), None if end is None else at(end), at(start if heard is None else heard))


def intervals(told: list[Told]) -> list[tuple[datetime, datetime | None]]:
    return [(one.started_at, one.ended_at) for one in told]


def test_a_fingerprint_is_the_one_that_a_real_alertmanager_gave() -> None:
    """Recorded from Alertmanager 0.33.1."""
    assert fingerprint({"alertname": "X", "service": "a", "severity": "high"}) == "7da38651f96ccd6f"
    assert fingerprint({"severity": "critical", "alertname": "Y", "service": "a"}) == "259bc43d4f8f7f55"


def test_an_alert_that_came_and_went_unheard_is_found() -> None:
    assert intervals(missed([], [], [spell(0, 50)], at(500))) == [(at(0), at(50))]


def test_an_alert_that_fires_unheard_is_taken_from_alertmanager_with_its_start() -> None:
    told = Told(NAME, at(1), None, LABELS)
    assert missed([], [told], [spell(1)], at(30)) == [told]


def test_an_end_that_was_not_told_is_taken_from_the_samples() -> None:
    assert intervals(missed([known(0.0004)], [], [spell(0, 50)], at(500))) == [(at(0.0004), at(50))]


def test_what_is_known_already_is_not_told_again() -> None:
    assert missed([known(0, 52)], [], [spell(0, 50)], at(500)) == []


def test_two_spells_are_two_even_when_one_of_them_is_known() -> None:
    assert intervals(missed([known(0, 50)], [], [spell(0, 50), spell(100, 150)], at(500))) == [(at(100), at(150))]


def test_an_alert_of_which_nobody_knows_ends_after_a_while() -> None:
    assert missed([known(0, heard=100)], [], [], at(150)) == []
    assert intervals(missed([known(0, heard=100)], [], [], at(161))) == [(at(0), at(161))]


def test_an_alert_that_either_of_them_knows_goes_on() -> None:
    for firing, spells in (([Told(NAME, at(0), None)], []), ([], [spell(0)])):
        found = missed([known(0)], firing, spells, at(500))
        assert all(one.ended_at is None for one in found)


def test_watchdog_is_no_part_of_the_history() -> None:
    labels = {"alertname": "Watchdog", "severity": "none"}
    told = Told(fingerprint(labels), at(0), None, labels)
    assert missed([], [told], [Spell(labels, at(0), None)], at(500)) == []


def test_how_long_nobody_must_know_of_an_alert_is_for_the_caller_to_say() -> None:
    assert missed([known(0, heard=100)], [], [], at(161), timedelta(seconds=90)) == []
    assert len(missed([known(0, heard=100)], [], [], at(191), timedelta(seconds=90))) == 1


def test_an_alert_that_alertmanager_still_has_did_not_end_in_a_gap_of_the_samples() -> None:
    """Prometheus was killed and started again; with the alert its acknowledgement would have ended."""
    told = Told(NAME, at(0), None, LABELS)
    for spells in ([spell(0, 20)], [spell(0, 20), spell(40)], [spell(0, 20), spell(40, 60)]):
        assert intervals(missed([known(0)], [told], spells, at(500))) == [(at(0), None)]


def test_an_alert_that_ended_before_the_one_that_alertmanager_has_is_another_one() -> None:
    told = Told(NAME, at(100), None, LABELS)
    found = intervals(missed([known(0)], [told], [spell(0, 20), spell(100)], at(500)))
    assert found == [(at(100), None), (at(0), at(20))]
