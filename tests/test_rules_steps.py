"""Steps of rule tests: coarse, and together as exact as every single evaluation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch.rules import steps
from featurewatch.rules.scenario import evaluations


def first_firing(hold: float, step: float) -> float:
    """Seconds after which an alert with this `for` fires when it is evaluated so often."""
    return evaluations(hold, step) * step


@given(st.integers(min_value=1, max_value=900), st.sampled_from((1.0, 2.0, 5.0, 15.0)))
def test_a_longer_and_a_shorter_for_show_in_one_of_the_two_steps(held: int, interval: float) -> None:
    hold = held * interval
    step = steps.of(hold, interval)
    told = {step, steps.just_before(hold, interval)} if step != interval else {step}

    for other in (hold - interval, hold + interval):
        assert any(first_firing(other, step) != first_firing(hold, step) for step in told)


@pytest.mark.parametrize(
    ("hold", "interval", "expected"),
    [(4.0, 2.0, 2.0), (10.0, 2.0, 2.0), (120.0, 2.0, 20.0), (420.0, 2.0, 70.0), (14.0, 2.0, 14.0)],
)
def test_a_long_for_is_told_in_few_steps(hold: float, interval: float, expected: float) -> None:
    assert steps.of(hold, interval) == expected


def test_a_window_holds_some_of_the_steps() -> None:
    assert steps.of(120.0, 2.0, window=60.0) <= 60.0 / 4
    assert steps.of(120.0, 2.0, window=300.0) == 8.0  # all of a story lies in one window


def test_no_step_outlasts_what_prometheus_remembers() -> None:
    assert steps.of(86400.0, 60.0) <= steps.LONGEST
    assert steps.just_before(86400.0, 60.0) <= steps.LONGEST
