"""The members of a correlation: alerts that IncidentMember names move into the incident that the correlation opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from featurewatch import names
from featurewatch.responder.fired import COLUMNS, Firing, lasting, point, touch
from featurewatch.responder.tables import firings, incidents, transitions


def correlate(connection: Connection, services: Sequence[str], since: datetime, now: datetime) -> set[int]:
    """Alerts that IncidentMember names go into the incident of that correlation; returns incidents that changed."""
    here = and_(firings.c.service.in_(services), lasting(since))
    members = connection.execute(select(*COLUMNS).where(here, firings.c.alertname == "IncidentMember"))
    named = [one for one in (Firing(*row) for row in members) if names.MEMBER in one.labels]
    if not named:
        return set()
    leaders = _correlated(connection, services, since)
    wanted = sorted({one.labels[names.MEMBER] for one in named})
    rows = connection.execute(select(*COLUMNS).where(here, firings.c.alertname.in_(wanted)))
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
    asked = select(*COLUMNS).join(incidents, firings.c.incident_id == incidents.c.id)
    asked = asked.where(firings.c.service.in_(services), incidents.c.name != "", lasting(since))
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
    point(connection, [(one.id, incident) for one, incident in moves])
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
