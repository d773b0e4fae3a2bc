"""Alerts that fire and wish for actions, and what else the guards must know, as the database has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from featurewatch.objectives.model import Severity
from featurewatch.objectives.repair import Action
from featurewatch.responder import acknowledgement
from featurewatch.responder.fired import CHUNK
from featurewatch.responder.repair import run, stops
from featurewatch.responder.repair.guards import Facts
from featurewatch.responder.tables import firings, repair_standings


@dataclass(frozen=True, slots=True)
class Wishing:
    """One alert that fires."""

    id: int
    alertname: str
    extractor: str
    severity: Severity
    owner: str
    """Who has it in hand; empty: nobody."""


def firing(connection: Connection, now: datetime) -> list[Wishing]:
    """All that fire. Levels of escalation and the rules' helpers wish for nothing."""
    c = firings.c
    asked = select(c.id, c.alertname, c.extractor, c.severity).where(c.ended_at.is_(None), c.escalation_level.is_(None))
    rows = connection.execute(asked.order_by(c.id)).all()
    held: dict[int, str] = {}
    numbers = [row.id for row in rows]
    for begin in range(0, len(numbers), CHUNK):
        owners = acknowledgement.current(connection, numbers[begin : begin + CHUNK], now)
        held |= {number: given.owner for number, given in owners.items()}
    known = {str(severity): severity for severity in Severity}
    return [
        Wishing(row.id, row.alertname, row.extractor, known[row.severity], held.get(row.id, ""))
        for row in rows
        if row.severity in known
    ]


def for_action(action: Action, fires: Iterable[Wishing]) -> list[Wishing]:
    """Those that wish for it."""
    return [
        one
        for one in fires
        if any(
            one.alertname == trigger.alert
            and one.severity >= trigger.severity
            and trigger.extractor in (None, one.extractor)
            for trigger in action.on
        )
    ]


def worst(fires: Sequence[Wishing]) -> str:
    """The severity of the worst of them."""
    return str(max(one.severity for one in fires))


def facts(connection: Connection, action: Action, fires: Sequence[Wishing], now: datetime) -> Facts:
    """What the guards look at; `fires` are those that wish for the action."""
    owners = [one.owner for one in fires]
    # What waits for somebody's agreement holds up itself, and no other action on its target.
    busy = [
        one.action
        for one in run.open_runs(connection)
        if one.target == action.target.name and (one.state != "waiting" or one.action == action.name)
    ]
    since = select(repair_standings.c.switched_on_at).where(repair_standings.c.action == action.name)
    return Facts(
        now=now,
        in_hand=", ".join(sorted(set(owners))) if owners and all(owners) else "",
        stopped=stops.words(connection),
        busy=busy[0] if busy else "",
        runs=run.recent(connection, action.name),
        switched_on_at=connection.execute(since).scalar_one_or_none(),
    )
