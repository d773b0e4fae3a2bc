"""What may be written about people, roles, rotations and the calendar, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from featurewatch.faults import Fault
from featurewatch.objectives import handling, model
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text
from featurewatch.objectives.words import Address, KebabName, Seconds, SeverityName, Strict
from featurewatch.people import model as people_model
from featurewatch.people.calendar import MIDNIGHT, Once, Weekly

DAY = 86400.0
PLANNED_YEARS = 1
"""How far a rotation is planned where it does not say until when."""

MOST_SHIFTS = 400
"""Each becomes a few entries of a time interval; beyond that nobody reads them."""


def _moment(value: object) -> datetime:
    """A local time to the minute, such as 2026-11-02T09:00."""
    try:
        if not isinstance(value, str):
            raise ValueError
        return datetime.strptime(value, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the time zone stands beside it
    except ValueError:
        raise ValueError("write a local time such as 2026-11-02T09:00") from None


def _clock(value: object) -> time:
    """An hour and a minute, such as 09:00; 24:00 is midnight."""
    try:
        if not isinstance(value, str) or len(value) != 5:
            raise ValueError
        return MIDNIGHT if value == "24:00" else time.fromisoformat(value)
    except ValueError:
        raise ValueError('write a time such as "09:00", in quotes') from None


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("write a time zone such as Europe/Vienna or UTC")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class PersonSpec(Strict):
    name: KebabName
    email: Address


class OverrideSpec(Strict):
    person: KebabName
    begins: Moment
    ends: Moment


class RotationSpec(Strict):
    people: Annotated[list[KebabName], Field(min_length=1, max_length=50)]
    begins: Moment
    ends: Moment | None = None
    every: Seconds
    time_zone: Zone = "UTC"
    overrides: Annotated[list[OverrideSpec], Field(max_length=200)] = []


class RoleSpec(Strict):
    name: KebabName
    people: Annotated[list[KebabName], Field(max_length=50)] = []
    rotation: RotationSpec | None = None


class WeeklySpec(Strict):
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    begins: Clock
    ends: Clock


class OnceSpec(Strict):
    begins: Moment
    ends: Moment


class StretchSpec(Strict):
    name: KebabName
    weekly: Annotated[list[WeeklySpec], Field(max_length=20)] = []
    once: Annotated[list[OnceSpec], Field(max_length=100)] = []
    time_zone: Zone = "UTC"
    silent: list[SeverityName] = []
    only: list[SeverityName] = []


def people(persons: Sequence[PersonSpec], roles: Sequence[RoleSpec]) -> people_model.People:
    return people_model.People(
        tuple(people_model.Person(item.name, item.email) for item in persons),
        tuple(_role(item) for item in roles),
    )


def stretch(item: StretchSpec) -> handling.Stretch:
    zone = ZoneInfo(item.time_zone)
    return handling.Stretch(
        name=item.name,
        times=(
            *(Weekly(tuple(entry.weekdays), entry.begins, entry.ends, zone) for entry in item.weekly),
            *(Once(entry.begins, entry.ends, zone) for entry in item.once),
        ),
        silent=tuple(model.Severity[name.upper()] for name in item.silent),
        only=tuple(model.Severity[name.upper()] for name in item.only),
    )


def faults(
    source: Source,
    persons: list[tuple[int, PersonSpec]],
    roles: list[tuple[int, RoleSpec]],
    calendar: list[tuple[int, StretchSpec]],
    called: list[tuple[KeyPath, tuple[str, ...]]],
) -> Iterator[Fault]:
    """`called` has the places at which roles are named."""
    for key, items in (("people", persons), ("roles", roles), ("calendar", calendar)):
        yield from _twice(source, key, [(index, item.name) for index, item in items])
    known = {person.name for _, person in persons}
    for index, role in roles:
        yield from _role_faults(source, ("roles", index), role, known)
    for index, item in calendar:
        path: KeyPath = ("calendar", index)
        if not item.weekly and not item.once:
            yield source.fault(path, f"calendar[{index}]: names no time", "add `weekly` or `once`")
        if bool(item.silent) == bool(item.only):
            yield source.fault(path, f"calendar[{index}]: needs `silent` or `only`", "name one of the two")
        for number, entry in enumerate(item.once):
            if entry.ends <= entry.begins:
                where = (*path, "once", number)
                yield source.fault(where, f"calendar[{index}].once[{number}]: ends before it begins", "swap them")
    names = {role.name for _, role in roles}
    for where, wanted in called:
        for name in wanted:
            if name not in names:
                yield source.fault(where, f"{name}: no such role", f"add it to roles, or name one of {_listed(names)}")


def _twice(source: Source, key: str, named: list[tuple[int, str]]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, name in named:
        if name in seen:
            yield source.fault((key, index, "name"), f"{key}[{index}].name: {name!r} again", "choose another name")
        seen.add(name)


def _role_faults(source: Source, path: KeyPath, role: RoleSpec, known: set[str]) -> Iterator[Fault]:
    if bool(role.people) == (role.rotation is not None):
        yield source.fault(path, f"{role.name}: needs `people` or `rotation`", "name one of the two")
    rotation = role.rotation
    named = [*role.people, *(rotation.people if rotation else ())]
    for name in [*named, *(over.person for over in (rotation.overrides if rotation else ()))]:
        if name not in known:
            yield source.fault(path, f"{role.name}: {name} is nobody we know", "add the person to people")
    if rotation is None:
        return
    if rotation.every % DAY:
        what = f"{role.name}: a shift of {duration_text(rotation.every)}"
        yield source.fault(path, what, "a shift lasts whole days, such as 1w")
        return
    ends = _planned_until(rotation)
    if ends <= rotation.begins:
        yield source.fault(path, f"{role.name}: ends before it begins", "plan at least one shift")
    elif (ends - rotation.begins).days / (rotation.every / DAY) > MOST_SHIFTS:
        yield source.fault(path, f"{role.name}: more than {MOST_SHIFTS} shifts", "let it end earlier")
    for over in rotation.overrides:
        if over.ends <= over.begins:
            yield source.fault(path, f"{role.name}: the override by {over.person} ends before it begins", "swap them")


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none yet"


def _planned_until(rotation: RotationSpec) -> datetime:
    return rotation.ends or rotation.begins + timedelta(days=364 * PLANNED_YEARS)


def _role(item: RoleSpec) -> people_model.Role:
    rotation = item.rotation
    if rotation is None:
        return people_model.Role(item.name, tuple(item.people))
    return people_model.Role(
        item.name,
        rotation=people_model.Rotation(
            people=tuple(rotation.people),
            begins=rotation.begins,
            ends=_planned_until(rotation),
            days=int(rotation.every / DAY),
            time_zone=ZoneInfo(rotation.time_zone),
            overrides=tuple(people_model.Override(over.person, over.begins, over.ends) for over in rotation.overrides),
        ),
    )
