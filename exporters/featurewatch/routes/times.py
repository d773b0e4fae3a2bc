"""Time intervals of Alertmanager: the declared calendar, and who has a rotation when.

A route that is not active tells nobody, and tells it when the next time begins, should it still be so: an alert that
fires over a hand-over reaches the next one, and one that fires over the end of maintenance is told then. The end of an
alert, too, reaches only who is on duty when it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from featurewatch.objectives.handling import Handling, Stretch
from featurewatch.objectives.model import Severity
from featurewatch.people.calendar import Interval, Once, before_and_after, intervals
from featurewatch.people.model import People, Role, Rotation
from featurewatch.people.on_call import shifts


@dataclass(frozen=True, slots=True)
class Duty:
    """Whoever of these roles' rotations has this person, is told by mail."""

    person: str
    intervals: tuple[str, ...]
    """Names of the time intervals in which the person is on duty."""


def interval_name(role: str, person: str) -> str:
    """`on-call-engineer: engineer-one`."""
    return f"{role}: {person}"


def time_intervals(handling: Handling, roles: Iterable[str]) -> list[dict[str, object]]:
    """The section of the configuration: the calendar, and the rotations of these roles."""
    found = [_named(stretch.name, _calendar(stretch)) for stretch in handling.calendar]
    for name in sorted(set(roles)):
        role = handling.people.role(name)
        if role.rotation is not None:
            found += [_named(interval_name(name, person), on_duty(role.rotation, person)) for person in _of(role)]
    return found


def limits(handling: Handling, severity: Severity) -> dict[str, object]:
    """What a route of this severity says of time."""
    only = [stretch.name for stretch in handling.calendar if severity in stretch.only]
    silent = [stretch.name for stretch in handling.calendar if severity in stretch.silent]
    return {
        **({"active_time_intervals": only} if only else {}),
        **({"mute_time_intervals": silent} if silent else {}),
    }


def always(people: People, roles: Iterable[str]) -> tuple[str, ...]:
    """Who has one of these roles at all times."""
    fixed = (people.role(name) for name in roles)
    return tuple(dict.fromkeys(person for role in fixed if role.rotation is None for person in role.people))


def duties(people: People, roles: Iterable[str]) -> tuple[Duty, ...]:
    """Who has one of these roles by turns; who is told in any case is not among them."""
    roles = tuple(dict.fromkeys(roles))
    fixed = always(people, roles)
    found: dict[str, list[str]] = {}
    for role in map(people.role, roles):
        for person in _of(role):
            if person not in fixed:
                found.setdefault(person, []).append(interval_name(role.name, person))
    return tuple(Duty(person, tuple(names)) for person, names in found.items())


def _of(role: Role) -> Iterable[str]:
    return dict.fromkeys(shift.person for shift in shifts(role.rotation)) if role.rotation else ()


def on_duty(rotation: Rotation, person: str) -> list[Interval]:
    """When this person has the rotation: the shifts, and the time for which nobody is planned."""
    stretches = [(shift.begins, shift.ends) for shift in shifts(rotation) if shift.person == person]
    if person in rotation.people:
        before, after = before_and_after(rotation.begins, rotation.ends)
        stretches = [before, *stretches, after]
    return [entry for begins, ends in stretches for entry in intervals(Once(begins, ends, rotation.time_zone))]


def _calendar(stretch: Stretch) -> Iterator[Interval]:
    for part in stretch.times:
        yield from intervals(part)


def _named(name: str, entries: Iterable[Interval]) -> dict[str, object]:
    return {"name": name, "time_intervals": list(entries)}
