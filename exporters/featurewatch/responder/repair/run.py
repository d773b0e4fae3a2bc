"""A run: one wish of an action, written down before the target hears of it, and followed to its end.

    waiting ──▶ intended ──▶ calling ──▶ called ──▶ holding ──▶ recovered | in-vain | worse
    (for a      (no call     (the target may have      (as wished; does the
     role)       was made)    heard of it)              objective recover?)

`calling` is committed before the call: whoever finds it so after a crash reads the target back and never calls again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select, update

from featurewatch.responder.listing import Cursor
from featurewatch.responder.repair.target import Value
from featurewatch.responder.tables import repair_runs

State = Literal[
    "waiting",
    "intended",
    "calling",
    "called",
    "holding",
    "recovered",
    "done",
    "failed",
    "in-vain",
    "worse",
    "told",
    "denied",
    "lapsed",
    "stopped",
]

OPEN: Final[tuple[State, ...]] = ("waiting", "intended", "calling", "called", "holding")
UNCALLED: Final[tuple[State, ...]] = ("waiting", "intended")
FAILURES: Final[tuple[State, ...]] = ("failed", "in-vain", "worse")
"""Ends that count against the action. `done` is that of a roll-back; `told` that of a dry-run."""


LOOKED_AT: Final = 100
"""Runs of an action, the last ones, at which its guard rails look."""


@dataclass(frozen=True, slots=True)
class Run:
    """One row."""

    id: int
    action: str
    target: str
    kind: str
    mode: str
    key: str
    state: State
    why: str
    severity: str
    firings: Sequence[int]
    found: Mapping[str, Value]
    wished: Mapping[str, Value]
    calls: Sequence[Mapping[str, str]]
    approver: str | None
    decided_by: str | None
    rolls_back: int | None
    made_at: datetime
    called_at: datetime | None
    held_at: datetime | None
    ended_at: datetime | None
    holder: str | None
    held_until: datetime | None

    @property
    def subject(self) -> str:
        """What the audit calls it."""
        return f"{self.action}/{self.target}"


COLUMNS: Final = tuple(repair_runs.c[name] for name in Run.__dataclass_fields__)


def write(connection: Connection, values: Mapping[str, Any]) -> Run:
    """A new one. Its id is given by the database."""
    made = connection.execute(insert(repair_runs).values(**values).returning(repair_runs.c.id)).scalar_one()
    return get(connection, made)


def get(connection: Connection, number: int) -> Run:
    """Raises NoResultFound."""
    return Run(*connection.execute(select(*COLUMNS).where(repair_runs.c.id == number)).one())


def open_runs(connection: Connection) -> list[Run]:
    """All that have not ended, the oldest first."""
    asked = select(*COLUMNS).where(repair_runs.c.ended_at.is_(None)).order_by(repair_runs.c.id)
    return [Run(*row) for row in connection.execute(asked)]


def recent(connection: Connection, action: str, most: int = LOOKED_AT) -> list[Run]:
    """The last ones of an action, the newest first."""
    asked = select(*COLUMNS).where(repair_runs.c.action == action).order_by(repair_runs.c.id.desc()).limit(most)
    return [Run(*row) for row in connection.execute(asked)]


def move(connection: Connection, run: Run, to: State, why: str, **values: Any) -> Run | None:
    """Let it go on to another state, unless somebody was quicker: then None, and nothing was changed.

    Within a transaction that no other writer runs beside, so of several that try, one succeeds.
    """
    c = repair_runs.c
    here = (c.id == run.id) & (c.state == run.state)
    changed = connection.execute(update(repair_runs).where(here).values(state=to, why=why, **values))
    return get(connection, run.id) if changed.rowcount else None


def lease(connection: Connection, run: Run, holder: str, now: datetime, lasting: timedelta) -> Run | None:
    """Take it to follow, unless another responder does: then None."""
    row = connection.execute(select(*COLUMNS).where(repair_runs.c.id == run.id)).one_or_none()
    current = Run(*row) if row is not None else None
    if current is None or current.ended_at is not None:
        return None
    if current.holder not in (None, holder) and current.held_until is not None and current.held_until > now:
        return None
    values = {"holder": holder, "held_until": now + lasting}
    connection.execute(update(repair_runs).where(repair_runs.c.id == run.id).values(**values))
    return get(connection, run.id)


def listed(
    connection: Connection, limit: int, after: Cursor | None = None, **wanted: str | None
) -> tuple[list[Run], Cursor | None]:
    """Runs with these values of columns, the newest first, and where the next page begins."""
    c = repair_runs.c
    asked = select(*COLUMNS).where(*(c[name] == value for name, value in wanted.items() if value is not None))
    if after is not None:
        asked = asked.where(c.id < after.number)
    rows = [Run(*row) for row in connection.execute(asked.order_by(c.id.desc()).limit(limit + 1))]
    return rows[:limit], Cursor(rows[limit - 1].made_at, rows[limit - 1].id) if len(rows) > limit else None
