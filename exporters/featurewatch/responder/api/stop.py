"""The switch that stops every action. Operators may stop; to let go on again takes an admin."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from featurewatch.responder.access import Access
from featurewatch.responder.api import repairing
from featurewatch.responder.api.repairing import CommentBody
from featurewatch.responder.repair import stops
from featurewatch.responder.repair.wiring import Repair
from featurewatch.responder.tokens import Bearer, Role


class StopBody(BaseModel):
    """Whether every action is stopped, by whom, since when and why."""

    stopped: bool
    made_by: str | None = None
    made_at: datetime | None = None
    comment: str = ""


def router(access: Access, repair: Repair | None) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/stop", tags=["actions"])
    viewer, operator = Depends(access.at_least(Role.VIEWER)), Depends(access.at_least(Role.OPERATOR))
    admin = Depends(access.at_least(Role.ADMIN))
    here = Depends(repairing.found(repair))

    @paths.get("", dependencies=[viewer])
    def get_stop(found: Annotated[Repair, here]) -> StopBody:
        """Whether actions may run."""
        with found.ledger.database.reading() as connection:
            return _body(stops.current(connection))

    @paths.put("")
    def stop(said: CommentBody, caller: Annotated[Bearer, operator], found: Annotated[Repair, here]) -> StopBody:
        """Call nothing any more. What was called is still watched; nothing is rolled back."""
        with found.ledger.page() as page:
            stops.stop(page, caller.name, said.comment)
            return _body(stops.current(page.connection))

    @paths.delete("", status_code=204)
    def lift(caller: Annotated[Bearer, admin], found: Annotated[Repair, here]) -> None:
        """Let actions run again."""
        with found.ledger.page() as page:
            if not stops.lift(page, caller.name, ""):
                raise HTTPException(404, "nothing is stopped")

    return paths


def _body(stop: stops.Stop | None) -> StopBody:
    if stop is None:
        return StopBody(stopped=False)
    return StopBody(stopped=True, made_by=stop.made_by, made_at=stop.made_at, comment=stop.comment)
