from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch.people.model import Override, People, Person, Role, Rotation
from featurewatch.people.on_call import next_hand_over, on_call, recipients, shifts

VIENNA = ZoneInfo("Europe/Vienna")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _role(*overrides: Override, people: tuple[str, ...] = ("one", "two", "three")) -> Role:
    begins, ends = _at("2026-03-02T09:00"), _at("2026-06-01T09:00")
    return Role("on-call", rotation=Rotation(people, begins, ends, 7, VIENNA, overrides))


def _override(person: str, begins: str, ends: str) -> Override:
    return Override(person, _at(begins), _at(ends))


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-03-02T09:00+01:00", "one"),
        ("2026-03-09T08:59+01:00", "one"),
        ("2026-03-09T09:00+01:00", "two"),
        ("2026-03-23T08:59+01:00", "three"),
        ("2026-03-23T09:00+01:00", "one"),
        # The clocks went forward on the 29th; it is handed over at nine o'clock all the same.
        ("2026-03-30T06:59+00:00", "one"),
        ("2026-03-30T07:00+00:00", "two"),
    ],
)
def test_a_role_is_handed_over_at_the_same_local_time_all_year(at: str, who: str) -> None:
    assert on_call(_role(), _at(at)) == (who,)


@pytest.mark.parametrize("at", ["2026-03-02T08:59+01:00", "2026-06-01T09:00+02:00"])
def test_where_nobody_is_planned_all_are_told_instead_of_nobody(at: str) -> None:
    assert on_call(_role(), _at(at)) == ("one", "two", "three")


def test_an_override_counts_for_exactly_its_time_and_the_later_one_wins() -> None:
    role = _role(
        _override("two", "2026-03-03T12:00", "2026-03-05T12:00"),
        _override("nobody-else", "2026-03-04T00:00", "2026-03-04T06:00"),
    )
    told = {text: on_call(role, _at(f"2026-03-{text}+01:00"))[0] for text in ("03T11:59", "03T12:00", "04T05:59")}
    assert told == {"03T11:59": "one", "03T12:00": "two", "04T05:59": "nobody-else"}
    assert on_call(role, _at("2026-03-04T06:00+01:00")) == ("two",)
    assert on_call(role, _at("2026-03-05T12:00+01:00")) == ("one",)


def test_the_next_hand_over_is_the_next_change_of_person() -> None:
    role = _role(_override("two", "2026-03-08T09:00", "2026-03-09T09:00"))
    assert next_hand_over(role, _at("2026-03-02T10:00+01:00")) == _at("2026-03-08T09:00+01:00")
    # The override's person goes on into a shift of their own.
    assert next_hand_over(role, _at("2026-03-08T10:00+01:00")) == _at("2026-03-16T09:00+01:00")
    assert next_hand_over(role, _at("2027-01-01T00:00+01:00")) is None
    assert next_hand_over(Role("team", ("one",)), _at("2026-03-02T10:00+01:00")) is None


def test_one_person_with_several_roles_is_told_once() -> None:
    everybody = People((Person("one", "one@example.org"),), (_role(people=("one",)), Role("team", ("one", "two"))))
    assert recipients(everybody, ("on-call", "team"), _at("2026-03-03T00:00+01:00")) == ("one", "two")


@st.composite
def _overrides(draw: st.DrawFn) -> tuple[Override, ...]:
    def some() -> Iterator[Override]:
        for number in range(draw(st.integers(0, 4))):
            begins = _at("2026-02-20T00:00") + timedelta(hours=draw(st.integers(0, 2800)))
            yield Override(f"substitute-{number}", begins, begins + timedelta(hours=draw(st.integers(1, 400))))

    return tuple(some())


@given(_overrides())
def test_shifts_follow_each_other_without_gap_or_overlap_whatever_is_overridden(
    overrides: tuple[Override, ...],
) -> None:
    rotation = _role(*overrides).rotation
    assert rotation is not None
    found = list(shifts(rotation))
    assert found[0].begins == rotation.begins
    assert found[-1].ends == rotation.ends
    assert all(before.ends == after.begins for before, after in pairwise(found))
    assert all(before.person != after.person for before, after in pairwise(found))
