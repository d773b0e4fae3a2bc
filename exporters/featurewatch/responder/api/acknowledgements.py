"""Who has what in hand."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy import or_, select

from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Label, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.listing import MOST
from featurewatch.responder.tables import acknowledgements, firings
from featurewatch.responder.tokens import Role


class HeldBody(BaseModel):
    """One alert in somebody's hands."""

    alert: int
    alertname: str
    service: str
    extractor: str
    severity: str
    incident: int | None
    owner: str
    comment: str
    given_at: datetime
    seconds: float
    """Its age."""
    until: datetime | None


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/acknowledgements", tags=["acknowledgements"])

    @paths.get("", dependencies=[Depends(access.at_least(Role.VIEWER))])
    def list_acknowledgements(
        owner: Label = None,
        service: Label = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> PageBody[HeldBody]:
        """Those in force, the newest first: never more than there are alerts that fire."""
        now = clock()
        a, f = acknowledgements.c, firings.c
        asked = (
            select(a.owner, a.comment, a.given_at, a.until)
            .add_columns(f.id.label("alert"), f.alertname, f.service, f.extractor, f.severity)
            .add_columns(f.incident_id.label("incident"))
            .join(firings, a.firing_id == f.id)
            .where(a.ended_at.is_(None), or_(a.until.is_(None), a.until > now), f.ended_at.is_(None))
            .order_by(a.given_at.desc(), a.id.desc())
            .limit(limit)
        )
        if owner is not None:
            asked = asked.where(a.owner == owner)
        if service is not None:
            asked = asked.where(f.service == service)
        with database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        items = [HeldBody(**row, seconds=(now - row["given_at"]).total_seconds()) for row in rows]
        return PageBody(items=items, next=None)

    return paths
