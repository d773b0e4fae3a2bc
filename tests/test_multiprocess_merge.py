"""Adding up what processes counted: exactly, in any order, and never less than before."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch import gpu, host, measure
from featurewatch.measure import cache_state, inputs
from featurewatch.measure.family import Family, Merge, Totals
from featurewatch.measure.multiprocess_format import Description, Moment
from featurewatch.measure.multiprocess_merge import MergedDistribution, MergedValue, Merging, Sum, exact_parts, gauge

SECONDS = st.floats(0, 1e15)
EDGES = (0.1, 1.0)
OF = Description(Family("a_seconds", "histogram", "A."), (), EDGES)


@given(st.lists(SECONDS, max_size=50))
def test_parts_have_exactly_the_same_sum(values: list[float]) -> None:
    parts = exact_parts(values)
    assert sum(map(Fraction, parts)) == sum(map(Fraction, values))
    assert len(parts) <= 40


def _sum(readings: list[Totals], ended: Sum | None = None) -> Totals:
    merging = Merging()
    for reading in readings:
        merging.add(OF, reading)
    if ended is not None:
        merging.include(ended)
    ((_, (series,)),) = merging.families()
    assert isinstance(series, MergedDistribution)
    return series.read()


@given(st.lists(SECONDS, min_size=2, max_size=12), st.data())
def test_a_process_that_ends_changes_no_digit_of_any_sum(sums: list[float], data: st.DataObject) -> None:
    alive = [Totals((1, 2, 3), value) for value in sums]
    before = _sum(alive)
    ended = Sum(OF)
    while len(alive) > 1:
        ended.add(alive.pop(data.draw(st.integers(0, len(alive) - 1))))
        ended = Sum(OF, ended.cumulative, exact_parts(ended.parts))  # as it is written down and read back
        assert _sum(alive, ended) == before


@given(st.dictionaries(st.integers(-5, 5), st.integers(1, 9)), st.dictionaries(st.integers(-5, 5), st.integers(1, 9)))
def test_native_buckets_add_up_one_by_one(one: dict[int, int], two: dict[int, int]) -> None:
    native = _sum([Totals((1, 1, 1), 0.5, one), Totals((1, 1, 1), 0.5, two)]).native
    assert native is not None
    assert {index: native[index] for index in native} == {
        index: one.get(index, 0) + two.get(index, 0) for index in {*one, *two}
    }


@pytest.mark.parametrize(
    ("merge", "values", "expected"),
    [
        ("sum", [1.0, 2.5, 4.0], 7.5),
        ("max", [1.0, 2.5, -4.0], 2.5),
        ("min", [1.0, 2.5, -4.0], -4.0),
        ("latest", [1.0, 2.5, -4.0], 1.0),
        ("sum", [1.0, math.nan], 1.0),
        ("max", [math.nan, math.nan], math.nan),
    ],
)
def test_gauges_merge_as_their_family_says(merge: Merge, values: list[float], expected: float) -> None:
    merging = Merging()
    of = Description(Family("g", "gauge", "G.", merge), ())
    for age, value in enumerate(values):
        merging.add(of, Moment(value, 1000 - age))
    ((_, (series,)),) = merging.families()
    assert series.read() == pytest.approx(expected, nan_ok=True)


def test_what_does_not_fit_together_is_left_out_and_counted() -> None:
    merging = Merging()
    merging.add(OF, Totals((1, 1, 1), 0.1))
    merging.add(Description(OF.family, (), (0.5,)), Totals((9, 9), 0.1))
    merging.add(Description(Family("a_seconds", "gauge", "A."), ()), Moment(9, 0))
    assert merging.conflicts == 2
    ((_, (series,)),) = merging.families()
    assert series.read() == Totals((1, 1, 1), 0.1)


def test_a_count_stays_an_integer_and_equal_series_are_equal_over_scrapes() -> None:
    def scraped(count: float) -> MergedValue:
        merging = Merging()
        merging.add(Description(Family("b_total", "counter", "B."), (("a", "b"),)), Moment(count, 0))
        ((_, (series,)),) = merging.families()
        assert isinstance(series, MergedValue)
        return series

    assert scraped(3) == scraped(4)
    assert repr(scraped(3).read()) == "3"
    assert len({scraped(1), scraped(2)}) == 1


def declared(package: ModuleType) -> Iterator[Family]:
    """Every family that a module of the package declares."""
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield from (each for each in vars(importlib.import_module(found.name)).values() if isinstance(each, Family))


@pytest.mark.parametrize("package", [measure, gpu, host], ids=lambda package: str(package.__name__))
def test_what_is_no_amount_is_never_added_up_over_processes(package: ModuleType) -> None:
    # Two workers whose caches are half full have no cache that is full; two times of day make no third.
    no_amount = re.compile(r"_(ratio|timestamp_seconds|info|celsius|hertz|up)$")
    gauges = {each for each in declared(package) if each.kind == "gauge" and no_amount.search(each.name)}
    assert gauges
    assert {each.name for each in gauges if each.merge == "sum"} == set()


@pytest.mark.parametrize(
    ("family", "values", "shown"),
    [
        (cache_state.FILL, [0.5, 0.9, math.nan], 0.9),
        (cache_state.EFFICIENCY, [0.7, 0.2, math.nan], 0.2),
        (inputs.NEWEST, [1.7e9, 1.8e9], 1.8e9),
    ],
)
def test_the_worst_of_the_workers_is_shown_of_their_caches_and_the_newest_of_their_inputs(
    family: Family, values: list[float], shown: float
) -> None:
    assert gauge(family, [Moment(value, 0.0) for value in values]) == shown
