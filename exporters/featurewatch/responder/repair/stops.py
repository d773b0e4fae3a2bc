"""The switch that stops every action at once: what has not been called is not called any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from featurewatch.responder.repair import run
from featurewatch.responder.repair.ledger import Page
from featurewatch.responder.tables import repair_stops


@dataclass(frozen=True, slots=True)
class Stop:
    """Who stopped all actions, when and why."""

    made_at: datetime
    made_by: str
    comment: str


def current(connection: Connection) -> Stop | None:
    """The stop in force; None: actions may run."""
    c = repair_stops.c
    asked = select(c.made_at, c.made_by, c.comment).where(c.lifted_at.is_(None)).order_by(c.id).limit(1)
    row = connection.execute(asked).one_or_none()
    return None if row is None else Stop(*row)


def words(connection: Connection) -> str:
    """The same for a person; empty: none is in force."""
    stop = current(connection)
    return "" if stop is None else f"{stop.made_by} stopped all actions: {stop.comment or 'no word why'}"


def stop(page: Page, actor: str, comment: str) -> bool:
    """Stop everything; runs that wait or were not called end here. False: it was so already."""
    if current(page.connection) is not None:
        return False
    values = {"made_at": page.now, "made_by": actor, "comment": comment}
    page.connection.execute(insert(repair_stops).values(**values))
    page.note("stopped", "all", {"comment": comment}, actor)
    why = words(page.connection)
    for one in run.open_runs(page.connection):
        if one.state in run.UNCALLED:
            run.move(page.connection, one, "stopped", why, ended_at=page.now)
            page.note("run-stopped", one.subject, {"run": one.id, "why": why}, actor)
    return True


def lift(page: Page, actor: str, comment: str) -> bool:
    """Let actions run again. False: they might already."""
    lasting = repair_stops.c.lifted_at.is_(None)
    values = {"lifted_at": page.now, "lifted_by": actor}
    if not page.connection.execute(update(repair_stops).where(lasting).values(**values)).rowcount:
        return False
    page.note("resumed", "all", {"comment": comment}, actor)
    return True
