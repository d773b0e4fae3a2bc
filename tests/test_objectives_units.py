"""Quantities are read exactly as written, and written so that they are read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurewatch import names
from featurewatch.objectives import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100ms", 0.1),
        ("2.5ms", 0.0025),
        ("25s", 25.0),
        ("1.5m", 90.0),
        ("2h", 7200.0),
        ("30d", 2592000.0),
        ("1w", 604800.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, expected: float) -> None:
    assert units.seconds(text) == expected


@pytest.mark.parametrize(
    "value", ["", "5", "ms", "5 parsecs", "-5s", "0s", "5s 5s", "1e3s", ".5s", "3651d", "9" * 400 + "s"]
)
@pytest.mark.parametrize("read", [units.seconds, units.span])
def test_what_is_no_duration_is_refused(read: object, value: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match="duration"):
        read(value)


@pytest.mark.parametrize("value", [5, 5.0, None, True, [], {}, ["5s"]])
def test_a_duration_without_a_unit_is_refused_whatever_its_type(value: object) -> None:
    with pytest.raises(ValueError, match="with its unit"):
        units.seconds(value)


def test_a_duration_for_prometheus_has_whole_milliseconds() -> None:
    assert units.span("1500ms") == 1.5
    with pytest.raises(ValueError, match="whole milliseconds"):
        units.span("2.5ms")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("85%", 0.85),
        ("85 %", 0.85),
        ("0.1%", 0.001),
        (0.85, 0.85),
        ("0.85", 0.85),
        (0.00001, 0.00001),
        (1, 1.0),
        ("0%", 0.0),
    ],
)
def test_a_share_is_read_between_0_and_1(value: object, expected: float) -> None:
    assert units.ratio(value) == expected


@pytest.mark.parametrize(
    "value", ["101%", "-1%", 1.1, -0.1, float("nan"), float("inf"), True, None, "many", "5‰", "", [], "5s"]
)
def test_what_is_no_share_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="share"):
        units.ratio(value)


@pytest.mark.parametrize(("text", "expected"), [("40/s", 40.0), ("600/m", 10.0), ("3600/h", 1.0), ("0.5 / s", 0.5)])
def test_a_rate_is_read_per_second(text: str, expected: float) -> None:
    assert units.rate(text) == expected


@pytest.mark.parametrize(
    "value", ["40", "40/d", "40//s", "40s/", "0/s", "-1/s", "9999999999/s", "0.0000000001/s", 40, None, "/s"]
)
def test_what_is_no_rate_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="rate"):
        units.rate(value)


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=units.LONGEST * 1000))
def test_every_duration_of_whole_milliseconds_survives_the_round_trip(milliseconds: int) -> None:
    value = float(Decimal(milliseconds) / 1000)
    assert units.span(units.duration_text(value)) == value


@pytest.mark.parametrize("edge", names.DURATION_EDGES_SECONDS)
def test_every_bucket_edge_survives_the_round_trip(edge: float) -> None:
    assert units.seconds(units.duration_text(edge)) == edge


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**7))
def test_every_share_survives_the_round_trip(ten_millionths: int) -> None:
    share = float(Decimal(ten_millionths) / 10**7)
    assert units.ratio(units.percent_text(share)) == share


def test_a_share_is_not_rounded_away() -> None:
    assert units.percent_text(0.001) == "0.1 %"
    assert units.percent_text(0.00001) == "0.001 %"
    assert units.percent_text(1.0) == "100 %"


def test_a_duration_is_told_in_the_largest_unit_that_divides_it() -> None:
    told = [units.duration_text(value) for value in (0.1, 0.0025, 1, 60, 90, 300.0, 5400, 86400, 604800)]
    assert told == ["100ms", "2.5ms", "1s", "1m", "90s", "5m", "90m", "1d", "1w"]


@settings(deadline=None)
@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_no_value_raises_anything_but_a_value_error(value: object) -> None:
    for read in (units.seconds, units.span, units.ratio, units.rate):
        try:
            result = read(value)
        except ValueError:
            continue
        assert 0 <= result < float("inf")
