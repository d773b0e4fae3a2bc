"""What holds each action back, written down once, when it changes: a guard that lasts is one entry of the audit."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from featurewatch.objectives.repair import Action
from featurewatch.responder.database import Database
from featurewatch.responder.repair.ledger import Ledger, Page
from featurewatch.responder.repair.wish import Hindrance
from featurewatch.responder.tables import repair_standings

VARIED: Final = ("unreadable", "changing")
"""Reasons whose words differ from one look to the next, and tell nothing new."""


def hold_back(ledger: Ledger, action: Action, hindrance: Hindrance, detail: dict[str, Any]) -> None:
    """Note that the action was not taken, and why, unless that is known. Raises DatabaseUnavailable."""
    with ledger.database.reading() as connection:
        if _known(connection, action.name, hindrance):
            return
    with ledger.page() as page:
        if not _known(page.connection, action.name, hindrance):
            _put(page, action.name, hindrance)
            words = {"reason": hindrance.reason, "why": hindrance.why, **detail}
            page.note("held-back", f"{action.name}/{action.target.name}", words)


def let_go(database: Database, action: str) -> None:
    """Nothing holds it back: it runs, or nothing wishes for it."""
    c = repair_standings.c
    held = (c.action == action) & c.reason.is_not(None)
    with database.reading() as connection:
        if connection.execute(select(c.action).where(held)).one_or_none() is None:
            return
    with database.writing() as connection:
        connection.execute(update(repair_standings).where(held).values(reason=None, why="", since=None))


def _known(connection: Connection, action: str, hindrance: Hindrance) -> bool:
    c = repair_standings.c
    row = connection.execute(select(c.reason, c.why).where(c.action == action)).one_or_none()
    if row is None or row.reason != hindrance.reason:
        return False
    return hindrance.reason in VARIED or row.why == hindrance.why


def _put(page: Page, action: str, hindrance: Hindrance) -> None:
    c = repair_standings.c
    values = {"reason": hindrance.reason, "why": hindrance.why, "since": page.now}
    changed = page.connection.execute(update(repair_standings).where(c.action == action).values(**values))
    if not changed.rowcount:
        page.connection.execute(insert(repair_standings).values(action=action, **values))
