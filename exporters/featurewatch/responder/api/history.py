"""Everything that happened."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy import RowMapping

from featurewatch.responder import listing
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import TEXT, Asked, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.tokens import Role


class TransitionBody(BaseModel):
    """One thing that happened to an alert."""

    id: int
    at: datetime
    recorded_at: datetime
    kind: str
    alert: int
    alertname: str
    service: str
    extractor: str
    severity: str
    category: str
    objective: str
    incident: int | None
    actor: str
    detail: dict[str, Any]
    labels: dict[str, str]


Kind = Annotated[
    str | None, Query(max_length=30, pattern=TEXT, description="such as fired, resolved, acknowledged, escalated")
]
Incident = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


def body(row: RowMapping) -> TransitionBody:
    """What the API tells of a row of `listing.history`."""
    return TransitionBody(**row, alert=row["firing_id"], incident=row["incident_id"])


def router(database: Database, access: Access, _clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/history", tags=["history"])

    @paths.get("", dependencies=[Depends(access.at_least(Role.VIEWER))])
    def history(
        asked: Annotated[Asked, Depends()], kind: Kind = None, incident: Incident = None, alert: Incident = None
    ) -> PageBody[TransitionBody]:
        """What happened, the newest first."""
        wanted = asked.filter(levels=True, kind=kind, incident=incident, firing=alert)
        with database.reading() as connection:
            page = listing.history(connection, wanted, asked.limit, asked.after())
        items = [body(row) for row in page.rows]
        return PageBody(items=items, next=page.next.text() if page.next else None)

    return paths
