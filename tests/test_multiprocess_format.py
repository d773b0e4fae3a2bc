"""What one process writes, another reads: whole, or the reading before it, whatever happens in the middle."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch.measure.family import Family, Totals
from featurewatch.measure.multiprocess_ended import readings
from featurewatch.measure.multiprocess_file import ProcessFile, opened
from featurewatch.measure.multiprocess_format import (
    MAGIC,
    Damaged,
    Description,
    Moment,
    Shared,
    decoded,
    encoded,
    record,
    records,
    slot,
)

HISTOGRAM = Family("a_seconds", "histogram", 'Help with "quotes" and\nlines.')
COUNTER = Family("b_total", "counter", "B.")
COUNTS = st.integers(0, 2**63)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LABELS = st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple)


@st.composite
def histograms(draw: st.DrawFn) -> tuple[Description, Totals]:
    edges = tuple(draw(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=20, unique=True).map(sorted)))
    counts = draw(st.lists(st.integers(0, 2**40), min_size=len(edges) + 1, max_size=len(edges) + 1))
    native = draw(st.none() | st.dictionaries(st.integers(-640, 640), COUNTS, max_size=40))
    totals = Totals(tuple(itertools.accumulate(counts)), draw(st.floats(0, 1e12)), native)
    return Description(HISTOGRAM, draw(LABELS), edges), totals


@given(histograms())
def test_a_histogram_comes_back_as_it_was(drawn: tuple[Description, Totals]) -> None:
    of, totals = drawn
    assert decoded(of, encoded(totals)) == totals
    data, _, _ = record(of, totals)
    assert list(records(MAGIC + data + bytes(64))) == [(of, totals)]


@given(LABELS, st.floats(allow_nan=False), st.floats(0, 1e10))
def test_a_value_comes_back_as_it_was(labels: tuple[tuple[str, str], ...], value: float, at: float) -> None:
    of = Description(COUNTER, labels)
    data, _, _ = record(of, Moment(value, at))
    assert list(records(MAGIC + data)) == [(of, Moment(value, at))]


@given(histograms(), st.data())
def test_a_write_that_stops_at_any_byte_leaves_the_reading_before_it(
    drawn: tuple[Description, Totals], data: st.DataObject
) -> None:
    of, first = drawn
    whole, start, room = record(of, first)
    content = bytearray(MAGIC + whole)
    second = first._replace(sum=first.sum + 1)
    third = first._replace(sum=first.sum + 2)
    place = len(MAGIC) + start
    known: Totals = first
    for number, reading in ((1, second), (2, third)):
        wanted = slot(number, encoded(reading))
        at = place + (number & 1) * room
        written = data.draw(st.integers(0, len(wanted)))
        torn = content.copy()
        torn[at : at + written] = wanted[:written]
        (found,) = (found for _, found in records(bytes(torn)))
        assert found in (known, reading)
        if written == len(wanted):
            assert found == reading
        content[at : at + len(wanted)] = wanted
        known = reading


@given(st.binary(max_size=300), st.booleans())
def test_bytes_from_elsewhere_are_damaged_or_empty_but_never_believed(data: bytes, begun: bool) -> None:
    with contextlib.suppress(Damaged):
        assert list(records((MAGIC if begun else b"") + data)) == []


@given(histograms(), st.data())
def test_a_file_with_some_bytes_changed_never_shows_a_reading_that_was_not_written(
    drawn: tuple[Description, Totals], data: st.DataObject
) -> None:
    of, totals = drawn
    content = bytearray(MAGIC + record(of, totals)[0])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        found = list(records(bytes(content)))
    except Damaged:
        return
    assert found in ([], [(of, totals)], [(of, None)])


def test_a_series_that_outgrows_its_place_moves_on_and_counts_once(tmp_path: Path) -> None:
    file = ProcessFile(tmp_path)
    of = Description(HISTOGRAM, (("x", "y"),), (0.1, 1.0))
    other = Description(COUNTER, ())
    place = file.write(of, Totals((1, 1, 1), 0.1, {0: 1}), None)
    file.write(other, Moment(3, 0), None)
    last: Shared = Totals((0,), 0.0)
    for count in range(2, 1200):
        last = Totals((count,) * 3, count / 10, dict.fromkeys(range(count), 1))
        place = file.write(of, last, place)
    for number in range(500):
        file.write(Description(COUNTER, (("n", str(number)),)), Moment(number, 0), None)
    with opened(file.path) as found:
        assert not found.ended
        held = {(of.family.name, of.labels): reading for of, reading in readings(found)}
    assert held[of.family.name, of.labels] == last
    assert held["b_total", ()] == Moment(3, 0)
    assert len(held) == 502
    file.abandon()
    with opened(file.path) as found:
        assert found.ended
    assert file.path.stat().st_size < 2**20


def test_an_older_total_of_a_histogram_never_replaces_a_newer_one(tmp_path: Path) -> None:
    file = ProcessFile(tmp_path)
    of = Description(HISTOGRAM, (), (0.1,))
    place = file.write(of, Totals((5, 6), 1.0), None)
    file.write(of, Totals((5, 5), 0.9), place)
    with opened(file.path) as found:
        assert readings(found) == [(of, Totals((5, 6), 1.0))]
    file.abandon()


def test_a_file_that_is_full_says_so_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from featurewatch.measure import multiprocess_file

    monkeypatch.setattr(multiprocess_file, "LARGEST", 80_000)
    file = ProcessFile(tmp_path)

    def fill() -> None:
        for number in range(2000):
            file.write(Description(COUNTER, (("n", str(number)),)), Moment(1, 0), None)

    with pytest.raises(OSError, match="need more than"):
        fill()
    with opened(file.path) as found:
        assert len(readings(found)) > 100
    file.abandon()
