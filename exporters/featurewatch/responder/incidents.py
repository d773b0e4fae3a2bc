"""Incidents: what fires together is one story. Told in any order, the same incidents stand at the end.

An alert of a correlation (it carries the label `incident`) opens an incident; the alerts that IncidentMember names at
the same time belong to it, and what stood for them alone until then becomes part of it. Any other alert is an incident
of one; its severities and repeats while it lasts are the same. An incident lasts as long as one of its alerts does.

Levels of escalation open none: they raise the level of their original's incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.tables import firings, incidents, transitions

CHUNK: Final = 500
"""Values of one IN; SQLite and PostgreSQL limit how many a statement may carry."""

SLACK: Final = timedelta(seconds=60)
"""How far apart two may begin or end that belong together: evaluations, waiting of groups, clocks."""

NOBODY: Final = "none"
"""The severity of what nobody needs to hear: it is no trouble of its own."""


@dataclass(frozen=True, slots=True)
class Firing:
    """What has to be known of one to find its incident."""

    id: int
    alertname: str
    service: str
    extractor: str
    severity: str
    escalation_level: int | None
    labels: dict[str, str]
    annotations: dict[str, str]
    started_at: datetime
    ended_at: datetime | None
    incident_id: int | None

    @property
    def is_trouble(self) -> bool:
        """Neither a level of escalation nor a helper of the rules."""
        return self.escalation_level is None and self.severity != NOBODY

    @property
    def correlation(self) -> str:
        """The name of the correlation that it tells of; empty: it is an alert like any other."""
        return self.labels.get(names.INCIDENT, "")

    @property
    def key(self) -> str:
        """The same for all that are one incident if their times touch."""
        if self.correlation:
            told = {names.INCIDENT: self.correlation, names.SERVICE: self.service, names.EXTRACTOR: self.extractor}
            return f"{self.correlation[:100]}/{fingerprint(told)}"
        told = {name: value for name, value in self.labels.items() if name != names.SEVERITY}
        return f"{self.alertname[:100]}/{fingerprint(told)}"


_COLUMNS: Final = tuple(firings.c[name] for name in Firing.__dataclass_fields__)


def touch(one: Firing | Any, other: Firing | Any, slack: timedelta = SLACK) -> bool:
    """Whether two stretches of time overlap, or nearly."""
    before = one.ended_at is None or other.started_at <= one.ended_at + slack
    return before and (other.ended_at is None or one.started_at <= other.ended_at + slack)


def follow(connection: Connection, touched: Sequence[int], now: datetime) -> None:
    """Bring incidents up to what these firings have become; within the transaction that took them."""
    found = list(_by_id(connection, touched))
    if not found:
        return
    opened = _open(connection, [one for one in found if one.is_trouble and one.incident_id is None])
    # What has its place already, and only ended, ties nothing together that was apart.
    fresh = [one for one in found if one.incident_id is None]
    moved, levelled = set[int](), set[int]()
    if fresh:
        services = sorted({one.service for one in fresh})
        since = min(one.started_at for one in fresh) - SLACK
        moved = _correlate(connection, services, since, now)
        levelled = _escalate(connection, services, since, now)
    _refresh(connection, {one.incident_id for one in found if one.incident_id is not None} | opened | moved | levelled)


def _by_id(connection: Connection, numbers: Sequence[int]) -> Iterator[Firing]:
    for begin in range(0, len(numbers), CHUNK):
        asked = select(*_COLUMNS).where(firings.c.id.in_(numbers[begin : begin + CHUNK]))
        yield from (Firing(*row) for row in connection.execute(asked))


def _lasting(since: datetime) -> ColumnElement[bool]:
    return or_(firings.c.ended_at.is_(None), firings.c.ended_at >= since)


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
    _point(connection, [(one.id, span.id) for one, span in waiting if span.id is not None])
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


def _point(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    if pairs:
        statement = update(firings).where(firings.c.id == bindparam("number")).values(incident_id=bindparam("incident"))
        connection.execute(statement, [{"number": number, "incident": incident} for number, incident in pairs])


# --- correlating ----------------------------------------------------------------------------------------------------
def _correlate(connection: Connection, services: Sequence[str], since: datetime, now: datetime) -> set[int]:
    """Alerts that IncidentMember names go into the incident of that correlation; returns incidents that changed."""
    here = and_(firings.c.service.in_(services), _lasting(since))
    members = connection.execute(select(*_COLUMNS).where(here, firings.c.alertname == "IncidentMember"))
    named = [one for one in (Firing(*row) for row in members) if names.MEMBER in one.labels]
    if not named:
        return set()
    leaders = _correlated(connection, services, since)
    wanted = sorted({one.labels[names.MEMBER] for one in named})
    rows = connection.execute(select(*_COLUMNS).where(here, firings.c.alertname.in_(wanted)))
    candidates = [one for one in (Firing(*row) for row in rows) if one.is_trouble and not one.correlation]
    moves: dict[int, tuple[Firing, int]] = {}
    for member in named:
        leader = next((lead for lead in leaders if _leads(lead, member)), None)
        for one in candidates:
            if leader is not None and one.incident_id != leader.incident_id and _named_by(member, one):
                assert leader.incident_id is not None  # `_correlated` asks for none without
                moves.setdefault(one.id, (one, leader.incident_id))
    stays = {lead.incident_id for lead in leaders}
    return _move(connection, [move for move in moves.values() if move[0].incident_id not in stays], now)


def _correlated(connection: Connection, services: Sequence[str], since: datetime) -> list[Firing]:
    """The alerts of correlations that lasted since then."""
    asked = select(*_COLUMNS).join(incidents, firings.c.incident_id == incidents.c.id)
    asked = asked.where(firings.c.service.in_(services), incidents.c.name != "", _lasting(since))
    return [one for one in (Firing(*row) for row in connection.execute(asked)) if one.correlation]


def _leads(leader: Firing, member: Firing) -> bool:
    same = (leader.service, leader.extractor, leader.correlation)
    return same == (member.service, member.labels.get("extractor", ""), member.correlation) and touch(leader, member)


def _named_by(member: Firing, one: Firing) -> bool:
    """What belongs to a whole service belongs to the incidents of each of its extractors."""
    name = member.labels[names.MEMBER] == one.alertname and member.service == one.service
    return name and one.extractor in (member.extractor, "") and touch(member, one)


def _move(connection: Connection, moves: Sequence[tuple[Firing, int]], now: datetime) -> set[int]:
    if not moves:
        return set()
    _point(connection, [(one.id, incident) for one, incident in moves])
    happened = [
        {
            "at": max(one.started_at, min(now, one.ended_at or now)),
            "recorded_at": now,
            "kind": "joined",
            "firing_id": one.id,
            "actor": "responder",
            "detail": {"incident": incident},
        }
        for one, incident in moves
    ]
    connection.execute(insert(transitions), happened)
    left = {one.incident_id: incident for one, incident in moves if one.incident_id is not None}
    for old, new in left.items():
        rest = select(firings.c.id).where(firings.c.incident_id == old, firings.c.escalation_level.is_(None)).limit(1)
        if connection.execute(rest).first() is None:
            connection.execute(update(firings).where(firings.c.incident_id == old).values(incident_id=new))
            connection.execute(update(incidents).where(incidents.c.id == old).values(merged_into=new))
    return set(left) | {incident for _, incident in moves}


# --- escalating -----------------------------------------------------------------------------------------------------
def _escalate(connection: Connection, services: Sequence[str], since: datetime, now: datetime) -> set[int]:
    """Levels that have not found their original yet, and now do."""
    c = firings.c
    asked = select(*_COLUMNS).where(c.service.in_(services), c.escalation_level.is_not(None), c.incident_id.is_(None))
    levels = [Firing(*row) for row in connection.execute(asked.where(_lasting(since)))]
    if not levels:
        return set()
    originals = sorted({one.labels.get(names.ORIGINAL_ALERT, "") for one in levels})
    named = select(*_COLUMNS).where(c.service.in_(services), c.alertname.in_(originals), _lasting(since))
    rows = connection.execute(named)
    candidates = sorted((Firing(*row) for row in rows), key=lambda one: one.started_at, reverse=True)
    found = [(level, one) for level in levels if (one := _original(level, candidates)) is not None]
    told = _told_levels(connection, [one.id for _, one in found])
    happened = []
    for level, one in sorted(found, key=lambda pair: pair[0].started_at):
        if (one.id, level.escalation_level) not in told:
            told.add((one.id, level.escalation_level))
            happened.append(_escalated(level, one, now))
    if happened:
        connection.execute(insert(transitions), happened)
    _point(connection, [(level.id, one.incident_id) for level, one in found if one.incident_id is not None])
    return {one.incident_id for _, one in found if one.incident_id is not None}


def _original(level: Firing, candidates: Iterable[Firing]) -> Firing | None:
    """The newest firing that the level can be about."""
    about = (level.labels.get(names.ORIGINAL_ALERT), level.extractor, level.service, level.severity)
    same = [one for one in candidates if (one.alertname, one.extractor, one.service, one.severity) == about]
    return next((one for one in same if one.is_trouble and touch(level, one)), None)


def _told_levels(connection: Connection, numbers: Sequence[int]) -> set[tuple[int, int | None]]:
    c = transitions.c
    rows = connection.execute(select(c.firing_id, c.detail).where(c.firing_id.in_(numbers), c.kind == "escalated"))
    return {(number, detail.get("level")) for number, detail in rows}


def _escalated(level: Firing, one: Firing, now: datetime) -> dict[str, Any]:
    detail = {"level": level.escalation_level, "policy": level.labels.get(names.POLICY, "")}
    detail["recipients"] = level.annotations.get("recipients", "")
    common = {"recorded_at": now, "kind": "escalated", "actor": "rules"}
    return {"at": level.started_at, "firing_id": one.id, "detail": detail, **common}


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
