"""Faults strike exactly the share they were told to, and end when they were told to."""

from __future__ import annotations

import pytest
from examples.market_features.faults import CRASH_EXIT_CODE, HARMLESS, Fault, FaultError, Faults, Mode, Strike
from hypothesis import given
from hypothesis import strategies as st


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def faults_with(fault: Fault, clock: Clock | None = None) -> Faults:
    faults = Faults(clock=Clock() if clock is None else clock, draw=lambda least, most: most)
    faults.set(fault)
    return faults


def test_without_a_fault_nothing_happens() -> None:
    faults = Faults()
    assert faults.current == Fault(Mode.NONE)
    assert [faults.strike() for _ in range(5)] == [HARMLESS] * 5


@pytest.mark.parametrize(
    ("mode", "strike"),
    [
        (Mode.SLOW, Strike(delay_seconds=0.18)),
        (Mode.COLD_CACHE, Strike(forget_cache=True)),
        (Mode.FALLBACK, Strike(pass_over_cache=True, main_fails=True)),
        (Mode.FAILING, Strike(pass_over_cache=True, main_fails=True, fallback_fails=True)),
    ],
)
def test_each_mode_strikes_in_its_own_way(mode: Mode, strike: Strike) -> None:
    assert faults_with(Fault(mode)).strike() == strike


@given(st.integers(1, 1000), st.integers(1, 400))
def test_over_any_number_of_extractions_the_share_is_kept_to_the_last_one(per_mille: int, extractions: int) -> None:
    faults = faults_with(Fault(Mode.FAILING, share=per_mille / 1000))
    struck = sum(faults.strike() is not HARMLESS for _ in range(extractions))
    assert struck == per_mille * extractions // 1000


def test_slow_reads_lie_between_their_bounds() -> None:
    faults = Faults()
    faults.set(Fault(Mode.SLOW, seconds=(0.16, 0.18)))
    delays = [faults.strike().delay_seconds for _ in range(200)]
    assert 0.16 <= min(delays) < 0.165
    assert 0.175 < max(delays) <= 0.18


def test_a_fault_with_an_end_ends_by_itself() -> None:
    clock = Clock()
    faults = faults_with(Fault(Mode.SLOW, for_seconds=30.0), clock)
    clock.now += 29.9
    assert faults.strike() != HARMLESS
    clock.now += 0.1
    assert faults.strike() == HARMLESS
    assert faults.current.mode is Mode.NONE


def test_a_new_fault_takes_the_place_of_the_old_and_counts_from_its_own_start() -> None:
    clock = Clock()
    faults = faults_with(Fault(Mode.SLOW, for_seconds=30.0), clock)
    clock.now += 29.0
    faults.set(Fault(Mode.COLD_CACHE, for_seconds=30.0))
    clock.now += 29.0
    assert faults.strike() == Strike(forget_cache=True)
    faults.set(Fault(Mode.NONE))
    assert faults.strike() == HARMLESS


def test_a_crash_leaves_at_once_with_a_status_of_its_own() -> None:
    left: list[int] = []
    faults = Faults(leave=left.append)
    faults.set(Fault(Mode.CRASH))
    assert left == [CRASH_EXIT_CODE]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fault(Mode.SLOW, seconds=(0.2, 0.1)), "seconds is"),
        (lambda: Fault(Mode.SLOW, seconds=(-0.1, 0.1)), "seconds is"),
        (lambda: Fault(Mode.SLOW, seconds=(1.0, 61.0)), "seconds is"),
        (lambda: Fault(Mode.SLOW, seconds=(float("nan"), 1.0)), "seconds is"),
        (lambda: Fault(Mode.FAILING, share=0.0), "share is"),
        (lambda: Fault(Mode.FAILING, share=1.1), "share is"),
        (lambda: Fault(Mode.FAILING, share=float("nan")), "share is"),
        (lambda: Fault(Mode.SLOW, for_seconds=0.0), "for_seconds is"),
        (lambda: Fault(Mode.SLOW, for_seconds=float("inf")), "for_seconds is"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_field(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(FaultError, match=message):
        make()
