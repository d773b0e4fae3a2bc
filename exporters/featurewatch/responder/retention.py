"""Forgets what ended long ago, a little at a time, so that nobody waits for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from featurewatch.responder.database import Database
from featurewatch.responder.repair.run import LOOKED_AT
from featurewatch.responder.tables import firings, incidents, on_call_overrides, repair_runs

AT_ONCE: Final = 500
"""Alerts deleted in one transaction, with all that happened to them."""


def forget(database: Database, before: datetime) -> int:
    """Delete alerts that ended before, their history, and incidents that hold none any more; returns how many alerts.

    What fires is never forgotten, nor is the audit, which is only ever archived. Raises DatabaseUnavailable.
    """
    forgotten = 0
    while found := _some(database, before):
        forgotten += found
    with database.writing() as connection:
        c = incidents.c
        holds = select(firings.c.id).where(firings.c.incident_id == c.id).exists()
        connection.execute(delete(incidents).where(c.ended_at < before, ~holds))
        connection.execute(delete(on_call_overrides).where(on_call_overrides.c.ends_at < before))
    return forgotten


def _some(database: Database, before: datetime) -> int:
    with database.writing() as connection:
        oldest = select(firings.c.id).where(firings.c.ended_at < before).limit(AT_ONCE)
        numbers = connection.execute(oldest).scalars().all()
        if numbers:
            connection.execute(delete(firings).where(firings.c.id.in_(numbers)))
        return len(numbers)


def forget_runs(database: Database, before: datetime) -> int:
    """Delete runs of actions that ended before; returns how many. Raises DatabaseUnavailable.

    Those that the guard rails look at stay, however old: the last ones of each action. So does what was taken back
    while the run that did so stays.
    """
    c = repair_runs.c
    with database.reading() as connection:
        actions = connection.execute(select(c.action).distinct()).scalars().all()
        looked_at = {
            action: select(c.id).where(c.action == action).order_by(c.id.desc()).offset(LOOKED_AT - 1).limit(1)
            for action in actions
        }
        oldest = {action: connection.execute(asked).scalar_one_or_none() for action, asked in looked_at.items()}
    forgotten = 0
    for action, first in oldest.items():
        while first is not None and (found := _some_runs(database, action, first, before)):
            forgotten += found
    return forgotten


def _some_runs(database: Database, action: str, first: int, before: datetime) -> int:
    c, back = repair_runs.c, repair_runs.alias()
    taken_back = select(back.c.id).where(back.c.rolls_back == c.id).exists()
    ended = (c.action == action) & (c.id < first) & (c.ended_at < before)
    old = select(c.id).where(ended, ~taken_back).order_by(c.id).limit(AT_ONCE)
    with database.writing() as connection:
        numbers = connection.execute(old).scalars().all()
        if numbers:
            connection.execute(delete(repair_runs).where(c.id.in_(numbers)))
        return len(numbers)
