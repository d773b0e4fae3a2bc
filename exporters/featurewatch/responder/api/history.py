"""Everything that happened."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from featurewatch.responder import listing
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Asked, PageBody
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
    actor: str
    detail: dict[str, Any]


def router(database: Database, access: Access, _clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/history", tags=["history"])

    @paths.get("", dependencies=[Depends(access.at_least(Role.VIEWER))])
    def history(asked: Annotated[Asked, Depends()]) -> PageBody[TransitionBody]:
        """What happened, the newest first."""
        with database.reading() as connection:
            page = listing.history(connection, asked.filter(levels=True), asked.limit, asked.after())
        items = [TransitionBody(**row, alert=row["firing_id"]) for row in page.rows]
        return PageBody(items=items, next=page.next.text() if page.next else None)

    return paths
