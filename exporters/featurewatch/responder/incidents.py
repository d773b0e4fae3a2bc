"""Incidents: what fires together is one story. Told in any order, the same incidents stand at the end.

An alert of a correlation (it carries the label `incident`) opens an incident; the alerts that IncidentMember names at
the same time belong to it, and what stood for them alone until then becomes part of it. Any other alert is an incident
of one; its severities and repeats while it lasts are the same. An incident lasts as long as one of its alerts does.

Levels of escalation open none: they raise the level of their original's incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from featurewatch.objectives.model import Severity
from featurewatch.responder.correlated import correlate
from featurewatch.responder.fired import CHUNK, SLACK, Firing, by_id, point, touch
from featurewatch.responder.levels import escalate
from featurewatch.responder.tables import firings, incidents


def follow(connection: Connection, touched: Sequence[int], now: datetime) -> None:
    """Bring incidents up to what these firings have become; within the transaction that took them."""
    found = list(by_id(connection, touched))
    if not found:
        return
    opened = _open(connection, [one for one in found if one.is_trouble and one.incident_id is None])
    # What has its place already, and only ended, ties nothing together that was apart.
    fresh = [one for one in found if one.incident_id is None]
    moved, levelled = set[int](), set[int]()
    if fresh:
        services = sorted({one.service for one in fresh})
        since = min(one.started_at for one in fresh) - SLACK
        moved = correlate(connection, services, since, now)
        levelled = escalate(connection, services, since, now)
    _refresh(connection, {one.incident_id for one in found if one.incident_id is not None} | opened | moved | levelled)


# --- opening --------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Span:
    id: int | None
    started_at: datetime
    ended_at: datetime | None


def _open(connection: Connection, fresh: Sequence[Firing]) -> set[int]:
    """Each into the incident of its key that it touches, or into a new one."""
    known = _spans(connection, sorted({one.key for one in fresh}))
    rows: list[dict[str, Any]] = []
    waiting: list[tuple[Firing, _Span]] = []
    pending: list[_Span] = []
    for one in sorted(fresh, key=lambda one: one.started_at):
        spans = known.setdefault(one.key, [])
        span = next((span for span in spans if touch(span, one)), None)
        if span is None:
            span = _Span(None, one.started_at, one.ended_at)
            spans.append(span)
            pending.append(span)
            rows.append(_row(one))
        elif span.ended_at is not None:
            span.ended_at = None if one.ended_at is None else max(span.ended_at, one.ended_at)
        waiting.append((one, span))
    if rows:
        made = connection.execute(insert(incidents).returning(incidents.c.id, sort_by_parameter_order=True), rows)
        for span, number in zip(pending, made.scalars(), strict=True):
            span.id = number
    point(connection, [(one.id, span.id) for one, span in waiting if span.id is not None])
    return {span.id for _, span in waiting if span.id is not None}


def _spans(connection: Connection, keys: Sequence[str]) -> dict[str, list[_Span]]:
    c = incidents.c
    found: dict[str, list[_Span]] = {}
    for begin in range(0, len(keys), CHUNK):
        asked = select(c.key, c.id, c.started_at, c.ended_at).where(c.key.in_(keys[begin : begin + CHUNK]))
        for key, number, started_at, ended_at in connection.execute(asked.where(c.merged_into.is_(None))):
            found.setdefault(key, []).append(_Span(number, started_at, ended_at))
    return found


def _row(one: Firing) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.correlation[:200],
        "title": one.annotations.get("summary") or one.alertname,
        "service": one.service,
        "extractor": one.extractor,
        "severity": one.severity,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    }


# --- what follows from its alerts -----------------------------------------------------------------------------------
def _refresh(connection: Connection, numbers: set[int]) -> None:
    """Times, severity and level of these incidents, from their alerts."""
    c = firings.c
    columns = select(c.incident_id, c.severity, c.started_at, c.ended_at, c.escalation_level)
    of: dict[int, list[Any]] = {}
    ordered = sorted(numbers)
    for begin in range(0, len(ordered), CHUNK):
        for row in connection.execute(columns.where(c.incident_id.in_(ordered[begin : begin + CHUNK]))):
            of.setdefault(row.incident_id, []).append(row)
    changed = [{"number": number, **changes} for number, rows in of.items() if (changes := _summed(rows))]
    if changed:
        names_of = [name for name in changed[0] if name != "number"]
        statement = update(incidents).where(incidents.c.id == bindparam("number"))
        connection.execute(statement.values({name: bindparam(f"{name}_") for name in names_of}), _suffixed(changed))


def _suffixed(changed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A parameter must not be called as a column is."""
    return [{name if name == "number" else f"{name}_": value for name, value in one.items()} for one in changed]


def _summed(rows: Sequence[Any]) -> dict[str, Any]:
    own = [row for row in rows if row.escalation_level is None]
    if not own:
        return {}
    lasts = any(row.ended_at is None for row in own)
    return {
        "started_at": min(row.started_at for row in own),
        "ended_at": None if lasts else max(row.ended_at for row in own),
        "severity": max((row.severity for row in own), key=rank),
        "escalation_level": max(row.escalation_level or 1 for row in rows),
    }


def rank(severity: str) -> int:
    """Its place among the severities; 0 for what is none of them."""
    return Severity.__members__.get(severity.upper(), 0)
