"""Levels of escalation: each finds the alert that it is about, joins its incident, and is told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from featurewatch import names
from featurewatch.responder.fired import COLUMNS, Firing, lasting, point, touch
from featurewatch.responder.tables import firings, transitions


def escalate(connection: Connection, services: Sequence[str], since: datetime, now: datetime) -> set[int]:
    """Levels that have not found their original yet, and now do."""
    c = firings.c
    asked = select(*COLUMNS).where(c.service.in_(services), c.escalation_level.is_not(None), c.incident_id.is_(None))
    levels = [Firing(*row) for row in connection.execute(asked.where(lasting(since)))]
    if not levels:
        return set()
    originals = sorted({one.labels.get(names.ORIGINAL_ALERT, "") for one in levels})
    named = select(*COLUMNS).where(c.service.in_(services), c.alertname.in_(originals), lasting(since))
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
    point(connection, [(level.id, one.incident_id) for level, one in found if one.incident_id is not None])
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
