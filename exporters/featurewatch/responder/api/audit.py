"""Every decision about repair, and whether nobody has changed what was written down."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from featurewatch.responder.access import Access
from featurewatch.responder.api import repairing
from featurewatch.responder.api.page import TEXT, PageBody
from featurewatch.responder.listing import MOST
from featurewatch.responder.repair import written
from featurewatch.responder.repair.wiring import Repair
from featurewatch.responder.tokens import Role


class EntryBody(BaseModel):
    """One decision."""

    number: int
    at: datetime
    kind: str
    actor: str
    subject: str
    detail: dict[str, Any]
    mac: str


class FlawBody(BaseModel):
    number: int
    what: str


class VerdictBody(BaseModel):
    """Whether the chain holds."""

    holds: bool
    entries: int
    at: datetime
    flaws: list[FlawBody]


def router(access: Access, repair: Repair | None) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/audit", tags=["audit"])
    viewer = Depends(access.at_least(Role.VIEWER))
    here = Depends(repairing.found(repair))

    @paths.get("", dependencies=[viewer])
    def list_entries(
        found: Annotated[Repair, here],
        subject: Annotated[
            str | None, Query(max_length=200, pattern=TEXT, description="action or action/target")
        ] = None,
        kind: Annotated[str | None, Query(max_length=30, pattern=TEXT)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,9}$", description="`next` of the page before")] = None,
    ) -> PageBody[EntryBody]:
        """Entries, the newest first."""
        before = int(cursor) if cursor is not None else None
        with found.ledger.database.reading() as connection:
            page = written.newest(connection, limit + 1, before, subject=subject, kind=kind)
        items = [
            EntryBody(
                number=one.number,
                at=one.decision.at,
                kind=one.decision.kind,
                actor=one.decision.actor,
                subject=one.decision.subject,
                detail=dict(one.decision.detail),
                mac=one.mac,
            )
            for one in page[:limit]
        ]
        return PageBody(items=items, next=str(items[-1].number) if len(page) > limit else None)

    @paths.get("/verification", dependencies=[viewer])
    def verification(found: Annotated[Repair, here]) -> VerdictBody:
        """Look at every entry now. With the responder's own key: whoever doubts that, verifies with another copy."""
        verdict = found.verifier.look()
        flaws = [FlawBody(number=flaw.number, what=flaw.what) for flaw in verdict.flaws]
        return VerdictBody(holds=verdict.holds, entries=verdict.entries, at=verdict.at, flaws=flaws)

    return paths
