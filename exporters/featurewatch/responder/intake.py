"""Takes what was told about alerts into the database: all of it, once, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from featurewatch import names
from featurewatch.responder import incidents
from featurewatch.responder.database import Database
from featurewatch.responder.firing import Change, Interval, Source, Told, merge
from featurewatch.responder.tables import acknowledgements, firings, transitions

CHUNK: Final = 500
"""Fingerprints asked for in one statement; SQLite and PostgreSQL limit how many values one may carry."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one message changed."""

    fired: int = 0
    resolved: int = 0
    known: int = 0
    """Alerts of which nothing new was told."""


def take(database: Database, told: Sequence[Told], now: datetime, source: Source = "webhook") -> Taken:
    """Commit what was told. Told again, or in another order, it leaves the same behind.

    Raises DatabaseUnavailable; then nothing was taken, and the sender must come again.
    """
    with database.writing() as connection:
        return put(connection, told, now, source)


def put(connection: Connection, told: Sequence[Told], now: datetime, source: Source) -> Taken:
    """The same within a transaction of the caller's."""
    rows = _known(connection, sorted({one.fingerprint for one in told}))
    known: dict[str, list[Interval]] = {}
    for (fingerprint, started_at), (_, ended_at) in rows.items():
        known.setdefault(fingerprint, []).append(Interval(started_at, ended_at))
    changes = merge(known, told)
    fresh = [change for change in changes.values() if change.new]
    if fresh:
        connection.execute(insert(firings), [_row(change, now, source) for change in fresh])
        rows = _known(connection, sorted({one.fingerprint for one in told}))
    _update(connection, [(rows[key][0], change) for key, change in changes.items() if not change.new], now)
    happened = list(_happened(changes, rows, known))
    if happened:
        recorded = {"recorded_at": now, "actor": "alertmanager", "detail": {"source": source}}
        connection.execute(insert(transitions), [one | recorded for one in happened])
    ended = [(one["firing_id"], one["at"]) for one in happened if one["kind"] == "resolved"]
    _end_acknowledgements(connection, ended)
    incidents.follow(connection, [rows[key][0] for key in changes], now)
    return Taken(len(fresh), len(ended), sum(1 for key, change in changes.items() if not change.new) - len(ended))


_Key = tuple[str, datetime]


def _known(connection: Connection, fingerprints: Sequence[str]) -> dict[_Key, tuple[int, datetime | None]]:
    """Every firing of these alerts: (fingerprint, start) to (id, end)."""
    columns = select(firings.c.fingerprint, firings.c.started_at, firings.c.id, firings.c.ended_at)
    found: dict[_Key, tuple[int, datetime | None]] = {}
    for begin in range(0, len(fingerprints), CHUNK):
        asked = columns.where(firings.c.fingerprint.in_(fingerprints[begin : begin + CHUNK]))
        for fingerprint, started_at, number, ended_at in connection.execute(asked):
            found[fingerprint, started_at] = (number, ended_at)
    return found


def _row(change: Change, now: datetime, source: Source) -> dict[str, Any]:
    labels = change.told.labels
    level = labels.get(names.ESCALATION_LEVEL, "")
    return {
        "fingerprint": change.told.fingerprint,
        "started_at": change.interval.started_at,
        "ended_at": change.interval.ended_at,
        "alertname": labels.get("alertname", "")[:200],
        "service": labels.get(names.SERVICE, "")[:200],
        "extractor": labels.get(names.EXTRACTOR, "")[:200],
        "severity": labels.get(names.SEVERITY, "")[:20],
        "category": labels.get(names.CATEGORY, "")[:100],
        "objective": labels.get(names.OBJECTIVE, "")[:200],
        "escalation_level": int(level) if level.isascii() and level.isdigit() else None,
        "labels": dict(labels),
        "annotations": dict(change.told.annotations),
        "source": source,
        "first_heard_at": now,
        "last_heard_at": now,
    }


def _update(connection: Connection, changed: Sequence[tuple[int, Change]], now: datetime) -> None:
    """The end of those that ended, and the newest values of those that go on."""
    if not changed:
        return
    statement = update(firings).where(firings.c.id == bindparam("number"))
    statement = statement.values(ended_at=bindparam("end"), last_heard_at=now, heard=firings.c.heard + 1)
    connection.execute(statement, [{"number": n, "end": change.interval.ended_at} for n, change in changed])
    newer = [{"number": n, "notes": dict(change.told.annotations)} for n, change in changed if change.told.annotations]
    if newer:
        notes = update(firings).where(firings.c.id == bindparam("number")).values(annotations=bindparam("notes"))
        connection.execute(notes, newer)


def _happened(
    changes: dict[_Key, Change], rows: dict[_Key, tuple[int, datetime | None]], known: dict[str, list[Interval]]
) -> Iterator[dict[str, Any]]:
    ended_before = {(fingerprint, i.started_at): i.ended_at for fingerprint, found in known.items() for i in found}
    for key, change in changes.items():
        number = rows[key][0]
        if change.new:
            yield {"kind": "fired", "at": change.interval.started_at, "firing_id": number}
        if change.interval.ended_at is not None and ended_before.get(key) is None:
            yield {"kind": "resolved", "at": change.interval.ended_at, "firing_id": number}


def _end_acknowledgements(connection: Connection, ended: Sequence[tuple[int, datetime]]) -> None:
    """An acknowledgement ends with its alert."""
    if ended:
        open_ones = (acknowledgements.c.firing_id == bindparam("number")) & acknowledgements.c.ended_at.is_(None)
        statement = update(acknowledgements).where(open_ones).values(ended_at=bindparam("end"), ended_by="resolved")
        connection.execute(statement, [{"number": number, "end": end} for number, end in ended])
