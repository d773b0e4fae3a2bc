"""Who has a rotation at a time. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from featurewatch.people.model import People, Role, Rotation


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's stretch of a rotation, in its local time."""

    person: str
    begins: datetime
    ends: datetime


def on_call(role: Role, at: datetime) -> tuple[str, ...]:
    """The people who have this role at `at`, which knows its time zone. Nobody is not an answer: where the rotation
    plans nobody, all its people have it."""
    if role.rotation is None:
        return role.people
    rotation = role.rotation
    local = at.astimezone(rotation.time_zone).replace(tzinfo=None)
    found = [shift.person for shift in shifts(rotation) if shift.begins <= local < shift.ends]
    return tuple(found) or tuple(dict.fromkeys(rotation.people))


def next_hand_over(role: Role, at: datetime) -> datetime | None:
    """When somebody else has the role; None where the plan holds no later change."""
    if role.rotation is None:
        return None
    rotation = role.rotation
    local = at.astimezone(rotation.time_zone).replace(tzinfo=None)
    moments = {moment for shift in shifts(rotation) for moment in (shift.begins, shift.ends)}
    later = min((moment for moment in moments if moment > local), default=None)
    return None if later is None else later.replace(tzinfo=rotation.time_zone)


def recipients(people: People, roles: tuple[str, ...], at: datetime) -> tuple[str, ...]:
    """Everybody who has one of these roles at `at`, each once."""
    return tuple(dict.fromkeys(name for role in roles for name in on_call(people.role(role), at)))


def shifts(rotation: Rotation) -> Iterator[Shift]:
    """All shifts in their order, overrides worked in; neighbours of one person are one shift."""
    merged: list[Shift] = []
    for shift in _overridden(rotation):
        if merged and merged[-1].person == shift.person and merged[-1].ends == shift.begins:
            shift = Shift(shift.person, merged.pop().begins, shift.ends)
        merged.append(shift)
    yield from merged


def _planned(rotation: Rotation) -> Iterator[Shift]:
    begins, turn = rotation.begins, 0
    while begins < rotation.ends:
        ends = min(begins + timedelta(days=rotation.days), rotation.ends)
        yield Shift(rotation.people[turn % len(rotation.people)], begins, ends)
        begins, turn = ends, turn + 1


def _overridden(rotation: Rotation) -> Iterator[Shift]:
    """The plan cut at every change, each piece with whom the last override that covers it names."""
    overrides = [over for over in rotation.overrides if over.begins < rotation.ends and over.ends > rotation.begins]
    cuts = {min(max(cut, rotation.begins), rotation.ends) for over in overrides for cut in (over.begins, over.ends)}
    for shift in _planned(rotation):
        within = {cut for cut in cuts if shift.begins < cut < shift.ends}
        for begins, ends in pairwise(sorted({shift.begins, shift.ends, *within})):
            taken = [over.person for over in overrides if over.begins <= begins and ends <= over.ends]
            yield Shift(taken[-1] if taken else shift.person, begins, ends)
