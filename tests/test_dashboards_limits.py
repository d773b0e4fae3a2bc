"""A ladder of limits becomes the bands and lines that a reader sees."""

from __future__ import annotations

import pytest

from featurewatch.dashboards.limits import GOOD, INVISIBLE, TOLERANCE, Limits, Steps, merged
from featurewatch.dashboards.units import share_decimals
from featurewatch.objectives.model import Limit, QuantileObjective, RatioObjective, Severity
from featurewatch.objectives.units import duration_text, percent_text

SLOW = Limits("above", ((0.15, Severity.CRITICAL), (0.1, Severity.HIGH)))
MISSES = Limits("below", ((0.85, Severity.MEDIUM), (0.7, Severity.HIGH)))


def colour(steps: Steps, value: float) -> str:
    """As Grafana picks it: the last step that the value reaches."""
    return str([step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0999, GOOD), (0.1, GOOD), (0.1001, "orange"), (0.15, "orange"), (0.1501, "red"), (9.0, "red")],
)
def test_a_duration_turns_the_colour_of_a_severity_above_its_limit_and_not_at_it(value: float, expected: str) -> None:
    assert colour(SLOW.bands(), value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, GOOD), (0.85, GOOD), (0.8499, "yellow"), (0.7, "yellow"), (0.6999, "orange"), (0, "orange")],
)
def test_a_share_turns_the_colour_of_a_severity_below_its_limit_and_not_at_it(value: float, expected: str) -> None:
    assert colour(MISSES.bands(), value) == expected


@pytest.mark.parametrize("ladder", [SLOW, MISSES])
def test_bands_begin_at_minus_infinity_and_ascend(ladder: Limits) -> None:
    first, *later = [step["value"] for step in ladder.bands()]
    assert first is None
    assert later == sorted(later)
    assert len(later) == len(ladder.bounds)


def test_bands_turn_one_tolerance_behind_the_limit_as_the_rules_do() -> None:
    assert [step["value"] for step in SLOW.bands()] == [None, 0.1 + TOLERANCE, 0.15 + TOLERANCE]
    assert [step["value"] for step in MISSES.bands()] == [None, 0.7 - TOLERANCE, 0.85 - TOLERANCE]


def test_lines_stand_at_the_limits_themselves_in_the_colour_of_their_severity() -> None:
    assert SLOW.lines() == [
        {"color": INVISIBLE, "value": None},
        {"color": "orange", "value": 0.1},
        {"color": "red", "value": 0.15},
    ]


def test_two_severities_at_one_bound_give_one_step_in_the_colour_of_the_worse() -> None:
    twice = Limits("above", ((0.05, Severity.HIGH), (0.05, Severity.CRITICAL)))
    assert twice.lines() == [{"color": INVISIBLE, "value": None}, {"color": "red", "value": 0.05}]


def test_no_limits_give_no_praise_beyond_the_base() -> None:
    assert Limits("above", ()).bands() == [{"color": GOOD, "value": None}]
    assert Limits("below", ()).bands() == [{"color": GOOD, "value": None}]


def test_limits_are_written_mildest_first_in_the_units_of_the_objectives_file() -> None:
    assert SLOW.text(duration_text) == "above 100ms is high, above 150ms is critical"
    assert MISSES.text(percent_text) == "below 85 % is medium, below 70 % is high"


def test_a_graph_cannot_hold_limits_of_both_sides() -> None:
    common = ("name", "Alert", "title", "category", ("look",))
    slow = QuantileObjective(*common, (Limit(Severity.HIGH, 0.1),), 0.95, "metric", ())
    misses = RatioObjective(*common, (Limit(Severity.HIGH, 0.85),), "good", "metric", (), ())
    with pytest.raises(ValueError, match="cannot share a graph"):
        merged([slow, misses])


@pytest.mark.parametrize(
    ("bounds", "decimals"), [([0.85], 1), ([0.001], 2), ([0.999], 2), ([0.05, 0.0005], 3), ([1.0], 1), ([], 1)]
)
def test_a_share_is_shown_one_decimal_finer_than_its_finest_limit(bounds: list[float], decimals: int) -> None:
    assert share_decimals(bounds) == decimals
