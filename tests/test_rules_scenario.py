"""The tests' own arithmetic, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.rules import stories
from featurewatch.rules.plan import Judgement
from featurewatch.rules.scenario import ALL, BAD, GOOD, Scenario, evaluations


@pytest.fixture
def judgement(tmp_path: Path) -> Judgement:
    """More than 5 % of extractions over 100 ms, within a minute, for 4 s."""
    decided = rules_sample.planned(tmp_path, objectives_sample.TEXT)
    found = decided.judgements[0]
    assert (found.allowed, found.window, found.hold) == (0.05, 60.0, 4.0)
    return found


SCENARIO = Scenario(2.0, ((3, 95, 5), (1, 0, 1), (2, 0, 0)))


def test_counters_begin_at_zero_and_grow_step_by_step() -> None:
    assert SCENARIO.counter(GOOD) == [0, 95, 190, 285, 285, 285, 285]
    assert SCENARIO.counter(BAD) == [0, 5, 10, 15, 16, 16, 16]
    assert SCENARIO.counter(ALL) == [0, 100, 200, 300, 301, 301, 301]


def test_the_notation_is_the_same_counter() -> None:
    assert SCENARIO.notation(BAD) == "0+5x3 16+1x0 16+0x1"


def test_nothing_is_counted_before_the_second_sample(judgement: Judgement) -> None:
    assert SCENARIO.in_window(0, 60.0) is None
    assert SCENARIO.in_window(1, 60.0) == (Fraction(95), Fraction(5))
    assert not SCENARIO.violated(0, judgement)


def test_exactly_what_is_allowed_is_no_violation_and_one_more_is(judgement: Judgement) -> None:
    assert not SCENARIO.violated(3, judgement)
    assert SCENARIO.violated(4, judgement)


def test_it_fires_when_it_was_violated_for_as_long_as_for_says(judgement: Judgement) -> None:
    assert [SCENARIO.fires(step, judgement) for step in range(7)] == [False] * 6 + [True]
    assert not SCENARIO.fires(6, replace(judgement, hold=6.0))


def test_bad_events_that_are_good_for_a_farther_limit_do_not_count(judgement: Judgement) -> None:
    assert not SCENARIO.violated(6, judgement, bad_counts=False)


def test_too_few_events_are_not_judged(judgement: Judgement) -> None:
    assert not Scenario(2.0, ((1, 0, 19),)).violated(1, judgement)
    assert Scenario(2.0, ((1, 0, 20),)).violated(1, judgement)
    assert not Scenario(2.0, ((1, 11, 9),)).violated(1, judgement)
    assert Scenario(2.0, ((1, 11, 10),)).violated(1, judgement)


@pytest.mark.parametrize(("hold", "expected"), [(0.0, 0), (4.0, 2), (5.0, 3), (0.1, 1)])
def test_for_is_over_at_the_first_evaluation_that_reaches_it(hold: float, expected: int) -> None:
    assert evaluations(hold, 2.0) == expected


@pytest.mark.parametrize("allowed", [0.001, 0.05, 0.15, 0.333, 0.5, 0.9])
def test_the_limit_is_met_exactly_and_one_event_is_a_small_step_over_it(allowed: float, judgement: Judgement) -> None:
    good, bad = stories.at_limit(replace(judgement, allowed=allowed))

    share, over = Fraction(bad, good + bad), Fraction(bad + 1, good + bad + 1)
    assert share == Fraction(str(allowed))
    assert share < over < share * Fraction(11, 10)


def test_the_limit_is_met_exactly_and_one_event_more_is_a_small_step(judgement: Judgement) -> None:
    good, bad = stories.at_limit(judgement)

    assert Fraction(bad, good + bad) == Fraction("0.05")
    assert Fraction(bad + 1, good + bad + 1) < Fraction("0.055")
