"""Acknowledgements: somebody says that they have an alert in hand, until it ends, they give it back, or time is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, insert, or_, select, update

from featurewatch.responder.tables import acknowledgements, firings, transitions


class NotFiring(Exception):
    """There is nothing to acknowledge: no such alert, or it has ended."""


class AlreadyAcknowledged(Exception):
    """Somebody else has it in hand; the message names them."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who has an alert in hand, since when, until when (None: until it ends)."""

    firing: int
    owner: str
    comment: str
    given_at: datetime
    until: datetime | None


def acknowledge(connection: Connection, given: Acknowledgement) -> Acknowledgement:
    """The acknowledgement that holds afterwards: the same owner's again changes comment and end.

    Raises NotFiring, or AlreadyAcknowledged when another owner has it.
    """
    _require_firing(connection, given.firing)
    held = current(connection, [given.firing], given.given_at).get(given.firing)
    if held is not None and held.owner != given.owner:
        raise AlreadyAcknowledged(f"{held.owner} has had it in hand since {held.given_at.isoformat()}")
    if held is not None:
        _end(connection, given.firing, given.given_at, given.owner)
    values = {
        "firing_id": given.firing,
        "owner": given.owner,
        "comment": given.comment,
        "given_at": given.given_at,
        "until": given.until,
    }
    connection.execute(insert(acknowledgements).values(**values))
    detail = {"comment": given.comment, "until": given.until.isoformat() if given.until else None}
    _record(connection, given.firing, "acknowledged", given.given_at, given.owner, detail)
    return given


def give_back(connection: Connection, firing: int, actor: str, now: datetime) -> None:
    """End the acknowledgement, so that the policy goes on. Raises NotFiring when there is none."""
    if firing not in current(connection, [firing], now):
        raise NotFiring(f"alert {firing} is not acknowledged")
    _end(connection, firing, now, actor)
    _record(connection, firing, "unacknowledged", now, actor, {})


def current(connection: Connection, asked: Sequence[int], now: datetime) -> dict[int, Acknowledgement]:
    """Who has which of these firings in hand at this moment."""
    c = acknowledgements.c
    lasting = and_(c.ended_at.is_(None), or_(c.until.is_(None), c.until > now))
    columns = select(c.firing_id, c.owner, c.comment, c.given_at, c.until)
    rows = connection.execute(columns.where(lasting, c.firing_id.in_(asked)))
    return {row.firing_id: Acknowledgement(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody says of an alert whether anything was wrong when it fired."""

    firing: int
    false: bool
    comment: str
    actor: str
    at: datetime


def mark(connection: Connection, said: Mark) -> None:
    """Keep it, and write it into the history when it is news. Raises NotFiring when there is no such alert."""
    row = connection.execute(select(firings.c.false_positive).where(firings.c.id == said.firing)).one_or_none()
    if row is None:
        raise NotFiring(f"there is no alert {said.firing}")
    if bool(row.false_positive) == said.false:
        return
    connection.execute(update(firings).where(firings.c.id == said.firing).values(false_positive=int(said.false)))
    kind = "marked-false" if said.false else "marked-true"
    _record(connection, said.firing, kind, said.at, said.actor, {"comment": said.comment})


def _require_firing(connection: Connection, firing: int) -> None:
    row = connection.execute(select(firings.c.ended_at).where(firings.c.id == firing)).one_or_none()
    if row is None:
        raise NotFiring(f"there is no alert {firing}")
    if row.ended_at is not None:
        raise NotFiring(f"alert {firing} ended at {row.ended_at.isoformat()}")


def _end(connection: Connection, firing: int, now: datetime, actor: str) -> None:
    open_ones = (acknowledgements.c.firing_id == firing) & acknowledgements.c.ended_at.is_(None)
    connection.execute(update(acknowledgements).where(open_ones).values(ended_at=now, ended_by=actor))


def _record(
    connection: Connection, firing: int, kind: str, now: datetime, actor: str, detail: dict[str, str | None]
) -> None:
    values = {"at": now, "recorded_at": now, "kind": kind, "firing_id": firing, "actor": actor, "detail": detail}
    connection.execute(insert(transitions).values(**values))
