"""Who has a role now: what objectives.yaml plans, and what people changed since, which the database keeps.

Alertmanager addresses its messages by the plan in objectives.yaml alone; a change here is for those who ask the
responder. `Override.entry` is what to write into the rotation so that messages follow, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, insert, select, update

from featurewatch.people import on_call as planned
from featurewatch.people.model import People, Role
from featurewatch.responder.tables import on_call_overrides

Because = Literal["always", "rotation", "override", "nobody-planned"]


class UnknownRole(Exception):
    """There is no such role, person or override; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody has a role for a while, whatever the rotation says."""

    id: int
    role: str
    person: str
    begins_at: datetime
    ends_at: datetime
    comment: str
    made_at: datetime
    made_by: str

    def entry(self, role: Role) -> str | None:
        """What to write under `overrides` of the rotation; None for a role without one."""
        if role.rotation is None:
            return None
        begins, ends = (
            moment.astimezone(role.rotation.time_zone).strftime("%Y-%m-%dT%H:%M")
            for moment in (self.begins_at, self.ends_at)
        )
        return f"{{ person: {self.person}, begins: {begins}, ends: {ends} }}"


@dataclass(frozen=True, slots=True)
class Duty:
    """Who has a role at a time, and until when that stays so; None: no change is planned."""

    role: str
    people: tuple[str, ...]
    because: Because
    until: datetime | None


_COLUMNS: Final = tuple(on_call_overrides.c[name] for name in Override.__dataclass_fields__)


def duty(role: Role, overrides: Iterable[Override], at: datetime) -> Duty:
    """Of overrides that overlap the one made last counts."""
    ordered = sorted((one for one in overrides if one.role == role.name), key=lambda one: (one.made_at, one.id))
    lasting = [one for one in ordered if one.begins_at <= at < one.ends_at]
    later = [one.begins_at for one in ordered if one.begins_at > at]
    if lasting:
        return Duty(role.name, (lasting[-1].person,), "override", min([*later, *(one.ends_at for one in lasting)]))
    plan_changes = planned.next_hand_over(role, at)
    moments = [*later, *([plan_changes] if plan_changes is not None else [])]
    return Duty(role.name, planned.on_call(role, at), _because(role, at), min(moments, default=None))


def _because(role: Role, at: datetime) -> Because:
    if role.rotation is None:
        return "always"
    local = at.astimezone(role.rotation.time_zone).replace(tzinfo=None)
    covered = any(shift.begins <= local < shift.ends for shift in planned.shifts(role.rotation))
    return "rotation" if covered else "nobody-planned"


def find(people: People, name: str) -> Role:
    """Raises UnknownRole."""
    found = next((role for role in people.roles if role.name == name), None)
    if found is None:
        there = ", ".join(role.name for role in people.roles) or "none"
        raise UnknownRole(f"there is no role {name!r} in objectives.yaml; there is: {there}")
    return found


def overrides(connection: Connection, since: datetime, role: str | None = None) -> Sequence[Override]:
    """Those in force that end after `since`, by their beginning."""
    c = on_call_overrides.c
    asked = select(*_COLUMNS).where(c.ends_at > since, c.withdrawn_at.is_(None))
    if role is not None:
        asked = asked.where(c.role == role)
    return [Override(*row) for row in connection.execute(asked.order_by(c.begins_at, c.id))]


def put_override(connection: Connection, people: People, wanted: Override) -> Override:
    """Keep it, whatever its `id`, and give it one. Raises UnknownRole."""
    find(people, wanted.role)
    if wanted.person not in {person.name for person in people.people}:
        there = ", ".join(person.name for person in people.people) or "nobody"
        raise UnknownRole(f"there is nobody called {wanted.person!r} in objectives.yaml; there is: {there}")
    values = {name: getattr(wanted, name) for name in Override.__dataclass_fields__ if name != "id"}
    number = connection.execute(insert(on_call_overrides).values(**values)).inserted_primary_key
    return Override(int(number[0]) if number else 0, **values)


def withdraw(connection: Connection, number: int, actor: str, now: datetime) -> None:
    """From now on it does not count. Raises UnknownRole when there is none in force."""
    c = on_call_overrides.c
    lasting = (c.id == number) & c.withdrawn_at.is_(None) & (c.ends_at > now)
    changed = connection.execute(update(on_call_overrides).where(lasting).values(withdrawn_at=now, withdrawn_by=actor))
    if not changed.rowcount:
        raise UnknownRole(f"there is no override {number} in force")
