"""The worst case between a bad extraction and its message never exceeds the declared budget."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurewatch.delivery import HOLD_EVALUATIONS, INTERVALS, BudgetTooSmall, Wait, timing, worst_case

WAITS = st.lists(st.builds(Wait, st.floats(0, 300), st.none() | st.floats(0.001, 300)), max_size=4)


@settings(deadline=None)
@given(st.floats(0.001, 3600), WAITS)
def test_the_worst_case_is_never_above_the_budget(budget: float, waits: list[Wait]) -> None:
    try:
        chosen = timing(budget, waits)
    except BudgetTooSmall:
        return
    assert worst_case(chosen, waits).total <= budget
    for wait in waits:
        assert worst_case(chosen, [wait]).total <= budget


@settings(deadline=None)
@given(st.floats(0.001, 3600), WAITS)
def test_the_longest_intervals_that_fit_are_taken(budget: float, waits: list[Wait]) -> None:
    try:
        chosen = timing(budget, waits)
    except BudgetTooSmall:
        return
    for longer in INTERVALS[INTERVALS.index(chosen.scrape_interval) + 1 :]:
        assert worst_case(timing(1e9, waits, longest_interval=longer), waits).total > budget


@settings(deadline=None)
@given(WAITS)
def test_a_budget_that_is_too_small_is_told_the_smallest_that_does(waits: list[Wait]) -> None:
    with pytest.raises(BudgetTooSmall, match="needs at least") as caught:
        timing(0.001, waits)
    told = re.search(r"at least (\d+) s, of which", str(caught.value))
    assert told
    assert timing(float(told[1]), waits).scrape_interval == INTERVALS[0]


def test_the_message_of_a_small_budget_says_where_the_seconds_go() -> None:
    with pytest.raises(
        BudgetTooSmall, match=r"^needs at least 34 s, of which 15 s until .* and 15 s while it must last$"
    ):
        timing(20, [Wait(3.0), Wait(15.0, hold=15.0)])


def test_the_rule_that_waits_longest_decides_even_when_another_declares_a_longer_for() -> None:
    waits = [Wait(5.0), Wait(4.5, hold=1.0)]
    chosen = timing(12.0, waits)
    assert chosen.evaluation_interval == 1.0
    assert worst_case(chosen, waits).detection == 5.0


def test_a_for_between_two_evaluations_lasts_until_the_later_one() -> None:
    chosen = timing(15.0, [Wait(3.0)])
    assert chosen.evaluation_interval == 2.0
    assert worst_case(chosen, [Wait(3.0, hold=5.0)]).hold == 6.0
    assert worst_case(chosen, [Wait(3.0, hold=6.0)]).hold == 6.0


def test_the_longest_interval_is_kept_however_large_the_budget() -> None:
    assert timing(3600, [Wait(1.0)]).scrape_interval == 60.0
    assert timing(3600, [Wait(1.0)], longest_interval=15.0).scrape_interval == 15.0
    assert timing(3600, [Wait(1.0)], longest_interval=0.5).scrape_interval == INTERVALS[0]


def test_a_slower_rule_never_gets_longer_intervals() -> None:
    chosen = [timing(60, [Wait(detection)]).scrape_interval for detection in range(0, 50, 2)]
    assert chosen == sorted(chosen, reverse=True)


@pytest.mark.parametrize("budget", [6.0, 15.0, 25.0, 120.0, 3600.0])
def test_the_intervals_fit_together(budget: float) -> None:
    chosen = timing(budget, [])
    assert chosen.scrape_timeout <= chosen.scrape_interval
    assert chosen.group_wait <= chosen.record_interval <= chosen.group_interval <= 60
    assert 5 <= chosen.maintenance_interval <= 10
    assert chosen.repeat_interval >= 4 * 3600
    assert chosen.resend_delay >= chosen.evaluation_interval


def test_the_more_severe_never_waits_longer() -> None:
    holds = [HOLD_EVALUATIONS[severity] for severity in ("critical", "high", "medium", "low")]
    assert holds == sorted(holds)
