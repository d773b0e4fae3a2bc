"""What was asked for of the history: filters, order, and pages that stay right while new entries arrive."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, or_, select

from featurewatch.responder.fired import NOBODY
from featurewatch.responder.moment import EPOCH, microseconds
from featurewatch.responder.tables import firings, incidents, transitions

State = Literal["firing", "resolved", "any"]

MOST: Final = 1_000
"""Entries of one page."""


class CursorFault(ValueError):
    """A cursor that we did not make."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: after this entry, going back in time."""

    at: datetime
    number: int

    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{microseconds(self.at)}.{self.number}".encode()).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Cursor:
        try:
            padded = text + "=" * (-len(text) % 4)
            moment, number = base64.urlsafe_b64decode(padded.encode()).decode().split(".")
            return cls(EPOCH + timedelta(microseconds=int(moment)), int(number))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise CursorFault("cursor is not one that `next` of a page gave") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list; None: whatever it is."""

    state: State = "any"
    alertname: str | None = None
    service: str | None = None
    extractor: str | None = None
    severity: str | None = None
    since: datetime | None = None
    """Only what still lasted then, or began later."""
    until: datetime | None = None
    """Only what began before."""
    kind: str | None = None
    """Of a transition."""
    incident: int | None = None
    firing: int | None = None
    levels: bool = False
    """With the levels of escalation and the rules' helpers, which are not alerts of their own."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[RowMapping]
    next: Cursor | None


def alerts(connection: Connection, wanted: Filter, limit: int, after: Cursor | None = None) -> Page:
    """Firings, the newest first."""
    c = firings.c
    statement = select(firings).where(*_conditions(wanted)).order_by(c.started_at.desc(), c.id.desc())
    return _page(connection, statement, (c.started_at, c.id), limit, after)


def history(connection: Connection, wanted: Filter, limit: int, after: Cursor | None = None) -> Page:
    """Transitions with the names of their alert, the newest first. `since` and `until` bound when they happened."""
    c, f = transitions.c, firings.c
    conditions = [*_equal(wanted), *_of_state(wanted)]
    pairs = ((c.kind, wanted.kind), (c.firing_id, wanted.firing), (f.incident_id, wanted.incident))
    conditions += [column == value for column, value in pairs if value is not None]
    if wanted.since is not None:
        conditions.append(c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(c.at < wanted.until)
    ordered = _transitions().where(*conditions).order_by(c.at.desc(), c.id.desc())
    return _page(connection, ordered, (c.at, c.id), limit, after)


def after(connection: Connection, number: int, limit: int) -> Sequence[RowMapping]:
    """Transitions that were recorded after this one, the oldest first, as `history` has them."""
    c = transitions.c
    return connection.execute(_transitions().where(c.id > number).order_by(c.id).limit(limit)).mappings().all()


def _transitions() -> Select[Any]:
    c, f = transitions.c, firings.c
    columns = (c.id, c.at, c.recorded_at, c.kind, c.firing_id, c.actor, c.detail)
    of_alert = (f.alertname, f.service, f.extractor, f.severity, f.category, f.objective, f.labels, f.incident_id)
    return select(*columns, *of_alert).join(firings)


def of_incidents(connection: Connection, wanted: Filter, limit: int, after: Cursor | None = None) -> Page:
    """Incidents that are no part of another one, the newest first; `alertname`: those that hold such an alert."""
    c = incidents.c
    conditions: list[ColumnElement[bool]] = [c.merged_into.is_(None)]
    conditions += [c[name] == getattr(wanted, name) for name in _OF_INCIDENTS if getattr(wanted, name) is not None]
    if wanted.alertname is not None:
        inside = (firings.c.incident_id == c.id) & (firings.c.alertname == wanted.alertname)
        conditions.append(select(firings.c.id).where(inside).exists())
    if wanted.state != "any":
        conditions.append(c.ended_at.is_(None) if wanted.state == "firing" else c.ended_at.is_not(None))
    if wanted.since is not None:
        conditions.append(or_(c.ended_at.is_(None), c.ended_at >= wanted.since))
    if wanted.until is not None:
        conditions.append(c.started_at < wanted.until)
    statement = select(incidents).where(*conditions).order_by(c.started_at.desc(), c.id.desc())
    return _page(connection, statement, (c.started_at, c.id), limit, after)


_OF_INCIDENTS: Final = ("service", "extractor", "severity")


def _page(
    connection: Connection,
    statement: Select[Any],
    order: tuple[ColumnElement[datetime], ColumnElement[int]],
    limit: int,
    after: Cursor | None,
) -> Page:
    moment, number = order
    if after is not None:
        older = or_(moment < after.at, and_(moment == after.at, number < after.number))
        statement = statement.where(older)
    rows = connection.execute(statement.limit(limit + 1)).mappings().all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], Cursor(last[moment], last[number]))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    c = firings.c
    conditions = [*_equal(wanted), *_of_state(wanted)]
    if not wanted.levels:
        conditions += [c.escalation_level.is_(None), c.severity != NOBODY]
    if wanted.incident is not None:
        conditions.append(c.incident_id == wanted.incident)
    if wanted.since is not None:
        conditions.append(or_(c.ended_at.is_(None), c.ended_at >= wanted.since))
    if wanted.until is not None:
        conditions.append(c.started_at < wanted.until)
    return conditions


def _equal(wanted: Filter) -> list[ColumnElement[bool]]:
    pairs = {name: getattr(wanted, name) for name in ("alertname", "service", "extractor", "severity")}
    return [firings.c[name] == value for name, value in pairs.items() if value is not None]


def _of_state(wanted: Filter) -> list[ColumnElement[bool]]:
    if wanted.state == "any":
        return []
    ended = firings.c.ended_at
    return [ended.is_(None) if wanted.state == "firing" else ended.is_not(None)]
