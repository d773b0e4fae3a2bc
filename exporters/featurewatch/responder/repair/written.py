"""The audit as people read it: the newest entries first."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select

from featurewatch.responder.audit import Decision, Entry
from featurewatch.responder.tables import audit


def newest(
    connection: Connection,
    limit: int,
    before: int | None = None,
    *,
    subject: str | None = None,
    kind: str | None = None,
) -> list[Entry]:
    """Entries with smaller numbers than `before`; `subject` is an action, or action/target."""
    c = audit.c
    asked = select(c.number, c.at, c.kind, c.actor, c.subject, c.detail, c.previous, c.mac)
    if before is not None:
        asked = asked.where(c.number < before)
    if subject is not None:
        asked = asked.where(or_(c.subject == subject, c.subject.startswith(f"{subject}/", autoescape=True)))
    if kind is not None:
        asked = asked.where(c.kind == kind)
    rows = connection.execute(asked.order_by(c.number.desc()).limit(limit))
    return [
        Entry(number, Decision(at, kind, actor, subject, detail), previous, mac)
        for number, at, kind, actor, subject, detail, previous, mac in rows
    ]
