"""People and roles as plain values. Local times are naive; a rotation says in which time zone they are meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    """In kebab-case."""
    email: str


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody takes the place of whoever would have it. Of two that overlap the later one in the file counts."""

    person: str
    begins: datetime
    ends: datetime
    """Local times of the rotation."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A role that goes round among people, handed over at the same local time, also where clocks change."""

    people: tuple[str, ...]
    begins: datetime
    """Local time of the first person's first shift."""
    ends: datetime
    """Local time after which nobody is planned. Then, as before it began, all its people are told."""
    days: int
    """Length of a shift."""
    time_zone: ZoneInfo
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """Who is meant by a name such as on-call-engineer: always these people, or whoever has the rotation."""

    name: str
    people: tuple[str, ...] = ()
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who can be told."""

    people: tuple[Person, ...] = ()
    roles: tuple[Role, ...] = ()

    def person(self, name: str) -> Person:
        return next(person for person in self.people if person.name == name)

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)
