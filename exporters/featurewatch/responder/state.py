"""What the escalation rules must know: which alerts are in somebody's hands, and since when each has fired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from featurewatch.responder.tables import acknowledgements, firings

Identity = tuple[str, str, str, str]
"""alertname, service, extractor, severity: what a rule can know of an alert."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One alert, as a rule sees it."""

    started_at: datetime
    """The earliest start of those firings that last. A restart of Prometheus begins a new one; the clock goes on."""
    acknowledged: bool
    """Somebody has every one of them in hand."""


def standings(connection: Connection, now: datetime) -> dict[Identity, Standing]:
    """Every alert that fires; levels of escalation are not alerts of their own."""
    c, a = firings.c, acknowledgements.c
    lasting = and_(a.firing_id == c.id, a.ended_at.is_(None), or_(a.until.is_(None), a.until > now))
    held = select(a.id).where(lasting).exists()
    columns = select(c.alertname, c.service, c.extractor, c.severity, c.started_at, held)
    rows = connection.execute(columns.where(c.ended_at.is_(None), c.escalation_level.is_(None)))
    return _joined(((row[0], row[1], row[2], row[3]), Standing(row[4], bool(row[5]))) for row in rows)


def _joined(found: Iterable[tuple[Identity, Standing]]) -> dict[Identity, Standing]:
    joined: dict[Identity, Standing] = {}
    for identity, one in found:
        other = joined.get(identity, one)
        joined[identity] = Standing(min(one.started_at, other.started_at), one.acknowledged and other.acknowledged)
    return joined
