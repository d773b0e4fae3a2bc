"""Incidents: alerts that are one story."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import Connection, select

from featurewatch.responder import listing
from featurewatch.responder.access import Access
from featurewatch.responder.acknowledgement import (
    Acknowledgement,
    AlreadyAcknowledged,
    NotFiring,
    acknowledge,
    current,
    give_back,
)
from featurewatch.responder.api.alerts import AcknowledgeBody, AlertBody, Number, bodies
from featurewatch.responder.api.page import Asked, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.fired import NOBODY
from featurewatch.responder.tables import firings, incidents
from featurewatch.responder.tokens import Bearer, Role


class IncidentBody(BaseModel):
    """One story."""

    id: int
    state: str
    name: str
    """Of the correlation; empty for an alert that stands alone."""
    title: str
    service: str
    extractor: str
    severity: str
    escalation_level: int
    """The highest level of its policy that was reached; 1 is the alert itself."""
    started_at: datetime
    ended_at: datetime | None
    merged_into: int | None
    """The incident that it became part of."""
    alerts: list[int]
    alertnames: list[str]
    categories: list[str]
    acknowledged: bool
    """Somebody has every alert in hand that fires."""
    owners: list[str]


class WholeIncidentBody(IncidentBody):
    """The same, with all of its alerts."""

    members: list[AlertBody]


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
    viewer, operator = Depends(access.at_least(Role.VIEWER)), Depends(access.at_least(Role.OPERATOR))

    @paths.get("", dependencies=[viewer])
    def list_incidents(asked: Annotated[Asked, Depends()]) -> PageBody[IncidentBody]:
        """Incidents, the newest first. Those that became part of another one are left out."""
        with database.reading() as connection:
            page = listing.of_incidents(connection, asked.filter(), asked.limit, asked.after())
            items = [IncidentBody(**told) for told, _ in _told(connection, page.rows, clock())]
        return PageBody(items=items, next=page.next.text() if page.next else None)

    @paths.get("/{number}", dependencies=[viewer])
    def get_incident(number: Number) -> WholeIncidentBody:
        """One of them with its alerts."""
        with database.reading() as connection:
            return _whole(connection, number, clock())

    @paths.put("/{number}/acknowledgement")
    def put_incident_acknowledgement(
        number: Number, said: AcknowledgeBody, caller: Annotated[Bearer, operator]
    ) -> WholeIncidentBody:
        """Take every alert of it in hand that fires and that nobody else has."""
        now = clock()
        until = now + timedelta(seconds=said.seconds) if said.seconds is not None else None
        given = Acknowledgement(0, said.owner or caller.name, said.comment, now, until)
        try:
            with database.writing() as connection:
                acknowledge_all(connection, _firing(connection, number), given)
                return _whole(connection, number, now)
        except NotFiring as error:
            raise HTTPException(404, str(error)) from None
        except AlreadyAcknowledged as error:
            raise HTTPException(409, str(error)) from None

    @paths.delete("/{number}/acknowledgement", status_code=204)
    def delete_incident_acknowledgement(number: Number, caller: Annotated[Bearer, operator]) -> None:
        """Give its alerts back: their policies go on."""
        now = clock()
        with database.writing() as connection:
            held = current(connection, _firing(connection, number), now)
            if not held:
                raise HTTPException(404, f"no alert of incident {number} is acknowledged")
            for firing in held:
                give_back(connection, firing, caller.name, now)

    return paths


def acknowledge_all(connection: Connection, firing: Iterable[int], given: Acknowledgement) -> list[int]:
    """Those that are in the owner's hands now. Raises NotFiring when there is none to take, AlreadyAcknowledged when
    others have all of them."""
    taken, refused = [], None
    for number in firing:
        try:
            acknowledge(connection, Acknowledgement(number, given.owner, given.comment, given.given_at, given.until))
            taken.append(number)
        except AlreadyAcknowledged as error:
            refused = error
    if refused is not None and not taken:
        raise refused
    if not taken:
        raise NotFiring("nothing of it fires")
    return taken


def _firing(connection: Connection, number: int) -> list[int]:
    """The alerts of an incident that fire. Raises HTTPException 404."""
    if connection.execute(select(incidents.c.id).where(incidents.c.id == number)).first() is None:
        raise HTTPException(404, f"there is no incident {number}")
    c = firings.c
    of = (c.incident_id == number, c.ended_at.is_(None), c.escalation_level.is_(None), c.severity != NOBODY)
    return list(connection.execute(select(c.id).where(*of).order_by(c.id)).scalars())


def _whole(connection: Connection, number: int, now: datetime) -> WholeIncidentBody:
    rows = connection.execute(select(incidents).where(incidents.c.id == number)).mappings().all()
    if not rows:
        raise HTTPException(404, f"there is no incident {number}")
    ((told, members),) = _told(connection, rows, now)
    return WholeIncidentBody(**told, members=members)


def _told(connection: Connection, rows: Any, now: datetime) -> list[tuple[dict[str, Any], list[AlertBody]]]:
    c = firings.c
    numbers = [row["id"] for row in rows]
    asked = select(firings).where(c.incident_id.in_(numbers), c.escalation_level.is_(None), c.severity != NOBODY)
    found = connection.execute(asked.order_by(c.started_at, c.id)).mappings().all()
    inside: dict[int, list[AlertBody]] = {}
    for body in bodies(connection, found, now):
        inside.setdefault(body.incident or 0, []).append(body)
    return [(_fields(row, inside.get(row["id"], [])), inside.get(row["id"], [])) for row in rows]


def _fields(row: Any, members: list[AlertBody]) -> dict[str, Any]:
    held = [member.acknowledgement for member in members if member.state == "firing"]
    own = ("id", "name", "title", "service", "extractor", "severity", "escalation_level", "started_at", "ended_at")
    return {
        **{name: row[name] for name in own},
        "merged_into": row["merged_into"],
        "state": "firing" if row["ended_at"] is None else "resolved",
        "alerts": [member.id for member in members],
        "alertnames": sorted({member.alertname for member in members}),
        "categories": sorted({member.category for member in members if member.category}),
        "acknowledged": bool(held) and all(held),
        "owners": sorted({one.owner for one in held if one is not None}),
    }
