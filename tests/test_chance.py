"""The chance of a false firing is the binomial one, computed again here in another way."""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom  # type: ignore[import-untyped]

from featurewatch.chance import firing, tail


def exact_tail(events: int, share: Fraction, at_least: int) -> Fraction:
    return sum(
        (
            math.comb(events, bad) * share**bad * (1 - share) ** (events - bad)
            for bad in range(max(at_least, 0), events + 1)
        ),
        Fraction(0),
    )


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 64), st.integers(-2, 62))
def test_the_tail_is_the_exact_sum(events: int, sixty_fourths: int, at_least: int) -> None:
    share = Fraction(sixty_fourths, 64)  # a float holds it exactly
    expected = float(exact_tail(events, share, at_least))
    assert tail(events, float(share), at_least) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@settings(deadline=None)
@given(st.integers(1, 1_000_000), st.floats(1e-6, 0.999), st.floats(-6, 6))
def test_the_tail_of_many_events_agrees_with_another_library(events: int, share: float, deviations: float) -> None:
    at_least = round(events * share + deviations * math.sqrt(events * share * (1 - share)))
    expected = float(binom.sf(at_least - 1, events, share))
    assert tail(events, share, at_least) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 10**12), st.floats(0, 1), st.integers(-1, 10**12))
def test_a_chance_is_a_chance_and_does_not_take_long(events: int, share: float, at_least: int) -> None:
    began = time.process_time()
    assert 0.0 <= firing(events, share, 0.8 * share, 10) <= 1.0
    assert time.process_time() - began < 1
    if events <= 10**8:
        assert 0.0 <= tail(events, share, at_least) <= 1.0


def test_the_figures_of_the_design_are_met() -> None:
    """p95 over 20 s at 10/s: a true 4 % crosses 5 % in 18 % of windows, over 300 s in 0.3 %."""
    assert firing(200, 0.05, 0.04, 1) == pytest.approx(0.18, abs=0.01)
    assert firing(3000, 0.05, 0.04, 1) == pytest.approx(0.003, abs=0.001)


def test_exactly_what_is_allowed_does_not_fire() -> None:
    """100 events of which 5 are bad are 5 %; only the sixth is too many."""
    assert firing(100, 0.05, 0.04, 1) == pytest.approx(float(binom.sf(5, 100, 0.04)))
    for allowed in (0.001, 0.05, 0.1, 0.15, 0.3):
        beyond = float(binom.sf(round(1000 * allowed), 1000, allowed))
        assert firing(1000, allowed, allowed, 1) == pytest.approx(beyond)


def test_too_few_bad_events_never_fire() -> None:
    assert firing(9, 0.05, 0.04, 10) == 0.0
    assert firing(100, 0.01, 0.5, 10) == pytest.approx(float(binom.sf(9, 100, 0.5)))


def test_a_simulation_of_windows_agrees() -> None:
    chance, windows = random.Random(5), 4000
    fired = sum(sum(chance.random() < 0.04 for _ in range(200)) > 10 for _ in range(windows))
    assert fired / windows == pytest.approx(firing(200, 0.05, 0.04, 1), abs=0.03)
