"""Forgets what ended long ago, a little at a time, so that nobody waits for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from featurewatch.responder.database import Database
from featurewatch.responder.tables import firings, incidents, on_call_overrides

AT_ONCE: Final = 500
"""Alerts deleted in one transaction, with all that happened to them."""


def forget(database: Database, before: datetime) -> int:
    """Delete alerts that ended before, their history, and incidents that hold none any more; returns how many alerts.

    What fires is never forgotten, nor is the audit. Raises DatabaseUnavailable.
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
