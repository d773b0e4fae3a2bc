"""Alerts that fire or fired, and who has them in hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, Field
from sqlalchemy import Connection, RowMapping, select

from featurewatch.responder import listing
from featurewatch.responder.access import Access
from featurewatch.responder.acknowledgement import (
    Acknowledgement,
    AlreadyAcknowledged,
    Mark,
    NotFiring,
    acknowledge,
    current,
    give_back,
    mark,
)
from featurewatch.responder.api.page import TEXT, Asked, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.tables import firings
from featurewatch.responder.tokens import Bearer, Role


class AcknowledgementBody(BaseModel):
    """Who has the alert in hand."""

    owner: str
    comment: str
    given_at: datetime
    until: datetime | None


class AlertBody(BaseModel):
    """One firing of an alert."""

    id: int
    fingerprint: str
    state: str
    alertname: str
    service: str
    extractor: str
    severity: str
    category: str
    objective: str
    started_at: datetime
    ended_at: datetime | None
    labels: dict[str, str]
    annotations: dict[str, str]
    incident: int | None
    false_positive: bool
    acknowledgement: AcknowledgementBody | None


class AcknowledgeBody(BaseModel):
    """What whoever acknowledges says."""

    comment: Annotated[str, Field(max_length=2_000, pattern=TEXT)] = ""
    seconds: Annotated[float | None, Field(gt=0, le=7 * 86_400, description="until the policy goes on")] = None
    owner: Annotated[str | None, Field(min_length=1, max_length=200, pattern=TEXT, description="for somebody else")] = (
        None
    )


class MarkBody(BaseModel):
    """Why nothing was wrong."""

    comment: Annotated[str, Field(max_length=2_000, pattern=TEXT)] = ""


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])
    viewer, operator = Depends(access.at_least(Role.VIEWER)), Depends(access.at_least(Role.OPERATOR))

    @paths.get("", dependencies=[viewer])
    def alerts(asked: Annotated[Asked, Depends()]) -> PageBody[AlertBody]:
        """Firings of alerts, the newest first; levels of escalation are none of their own."""
        with database.reading() as connection:
            page = listing.alerts(connection, asked.filter(), asked.limit, asked.after())
            items = bodies(connection, page.rows, clock())
        return PageBody(items=items, next=page.next.text() if page.next else None)

    @paths.get("/{number}", dependencies=[viewer])
    def alert(number: Number) -> AlertBody:
        with database.reading() as connection:
            return _one(connection, number, clock())

    @paths.put("/{number}/acknowledgement")
    def put_acknowledgement(
        number: Number, said: AcknowledgeBody, caller: Annotated[Bearer, operator]
    ) -> AcknowledgementBody:
        """Take the alert in hand, or change the comment and the end of one's own acknowledgement."""
        now = clock()
        until = now + timedelta(seconds=said.seconds) if said.seconds is not None else None
        given = Acknowledgement(number, said.owner or caller.name, said.comment, now, until)
        try:
            with database.writing() as connection:
                return _acknowledgement(acknowledge(connection, given))
        except NotFiring as error:
            raise HTTPException(404, str(error)) from None
        except AlreadyAcknowledged as error:
            raise HTTPException(409, str(error)) from None

    @paths.delete("/{number}/acknowledgement", status_code=204)
    def delete_acknowledgement(number: Number, caller: Annotated[Bearer, operator]) -> None:
        """Give the alert back: its policy goes on."""
        try:
            with database.writing() as connection:
                give_back(connection, number, caller.name, clock())
        except NotFiring as error:
            raise HTTPException(404, str(error)) from None

    @paths.put("/{number}/false-positive")
    def put_false_positive(number: Number, said: MarkBody, caller: Annotated[Bearer, operator]) -> AlertBody:
        """Say that nothing was wrong when it fired: reports count it."""
        return _marked(database, Mark(number, True, said.comment, caller.name, clock()))

    @paths.delete("/{number}/false-positive")
    def delete_false_positive(number: Number, caller: Annotated[Bearer, operator]) -> AlertBody:
        """Take that back."""
        return _marked(database, Mark(number, False, "", caller.name, clock()))

    return paths


def _marked(database: Database, said: Mark) -> AlertBody:
    try:
        with database.writing() as connection:
            mark(connection, said)
            return _one(connection, said.firing, said.at)
    except NotFiring as error:
        raise HTTPException(404, str(error)) from None


def _one(connection: Connection, number: int, now: datetime) -> AlertBody:
    rows = connection.execute(select(firings).where(firings.c.id == number)).mappings().all()
    if not rows:
        raise HTTPException(404, f"there is no alert {number}")
    return bodies(connection, rows, now)[0]


def bodies(connection: Connection, rows: Any, now: datetime) -> list[AlertBody]:
    """What the API tells of these rows of `firings`."""
    held = current(connection, [row["id"] for row in rows], now)
    return [_body(row, held.get(row["id"])) for row in rows]


def _body(row: RowMapping, held: Acknowledgement | None) -> AlertBody:
    return AlertBody(
        **{name: row[name] for name in AlertBody.model_fields if name in row and name != "false_positive"},
        state="firing" if row["ended_at"] is None else "resolved",
        incident=row["incident_id"],
        false_positive=bool(row["false_positive"]),
        acknowledgement=None if held is None else _acknowledgement(held),
    )


def _acknowledgement(held: Acknowledgement) -> AcknowledgementBody:
    return AcknowledgementBody(owner=held.owner, comment=held.comment, given_at=held.given_at, until=held.until)
