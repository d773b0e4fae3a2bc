"""What may be repaired, what was, and what waits for somebody's agreement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from featurewatch.objectives.repair import Action
from featurewatch.responder.access import Access
from featurewatch.responder.api import repairing
from featurewatch.responder.api.page import TEXT, PageBody
from featurewatch.responder.api.repairing import CommentBody
from featurewatch.responder.listing import MOST, Cursor, CursorFault
from featurewatch.responder.repair import approvals
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair.guards import failures
from featurewatch.responder.repair.run import Run
from featurewatch.responder.repair.wiring import Repair
from featurewatch.responder.tables import repair_standings
from featurewatch.responder.tokens import Bearer, Role


class TriggerBody(BaseModel):
    alert: str
    severity: str
    extractor: str | None


class ActionBody(BaseModel):
    """One declared action, and how it stands."""

    name: str
    kind: str
    mode: Literal["dry-run", "real"]
    target: str
    on: list[TriggerBody]
    approval: str | None
    """The role that must agree to each run."""
    held_back_by: str | None
    """The guard that holds it back although an alert wishes for it; null: none does."""
    why: str
    failures: int
    """In a row."""
    switched_off: bool
    last_run: int | None
    last_state: str | None


class CallBody(BaseModel):
    method: str
    url: str
    body: str


class RunBody(BaseModel):
    """One wish of an action."""

    id: int
    action: str
    target: str
    kind: str
    mode: str
    state: str
    why: str
    severity: str
    alerts: list[int]
    """Some of those that wished for it."""
    found: dict[str, Any]
    wished: dict[str, Any]
    calls: list[CallBody]
    approver: str | None
    decided_by: str | None
    rolls_back: int | None
    made_at: datetime
    called_at: datetime | None
    held_at: datetime | None
    ended_at: datetime | None


class DecisionBody(CommentBody):
    """Whether somebody agrees to a run, and why."""

    agree: bool


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Name = Annotated[str, Path(min_length=1, max_length=60, pattern=TEXT)]


def router(access: Access, repair: Repair | None) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/actions", tags=["actions"])
    viewer = Depends(access.at_least(Role.VIEWER))
    operator, admin = Depends(access.at_least(Role.OPERATOR)), Depends(access.at_least(Role.ADMIN))
    here = Depends(repairing.found(repair))

    @paths.get("", dependencies=[viewer])
    def list_actions(found: Annotated[Repair, here]) -> PageBody[ActionBody]:
        """All that objectives.yaml declares."""
        c = repair_standings.c
        with found.ledger.database.reading() as connection:
            rows = connection.execute(select(c.action, c.reason, c.why, c.switched_on_at))
            standings = {row.action: row for row in rows}
            items = [
                _action(action, standings.get(action.name), runs.recent(connection, action.name))
                for action in found.actions()
            ]
        return PageBody(items=items, next=None)

    @paths.get("/runs", dependencies=[viewer])
    def list_runs(
        found: Annotated[Repair, here],
        action: Annotated[str | None, Query(max_length=60, pattern=TEXT)] = None,
        state: Annotated[str | None, Query(max_length=20, pattern=TEXT, description="such as waiting")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
    ) -> PageBody[RunBody]:
        """Runs, the newest first."""
        try:
            after = Cursor.of(cursor) if cursor is not None else None
        except CursorFault as fault:
            raise HTTPException(400, str(fault)) from None
        with found.ledger.database.reading() as connection:
            page, more = runs.listed(connection, limit, after, action=action, state=state)
        return PageBody(items=[_run(one) for one in page], next=more.text() if more else None)

    @paths.get("/runs/{number}", dependencies=[viewer])
    def get_run(number: Number, found: Annotated[Repair, here]) -> RunBody:
        """One run."""
        try:
            with found.ledger.database.reading() as connection:
                return _run(runs.get(connection, number))
        except NoResultFound:
            raise HTTPException(404, f"there is no run {number}") from None

    @paths.post("/runs/{number}/decision")
    def decide(
        number: Number, said: DecisionBody, caller: Annotated[Bearer, operator], found: Annotated[Repair, here]
    ) -> RunBody:
        """Agree to a run that waits, or refuse it. It may need an admin; `approver` of the run says so."""
        try:
            with found.ledger.page() as page:
                return _run(approvals.decide(page, number, caller, agree=said.agree, comment=said.comment))
        except approvals.NothingToDecide as error:
            raise HTTPException(409, str(error)) from None
        except approvals.NotAllowed as error:
            raise HTTPException(403, str(error)) from None

    @paths.post("/{name}/switch-on", status_code=204)
    def switch_on(
        name: Name, said: CommentBody, caller: Annotated[Bearer, admin], found: Annotated[Repair, here]
    ) -> None:
        """Let an action run again that failed too often."""
        if name not in {action.name for action in found.actions()}:
            raise HTTPException(404, f"there is no action {name!r}")
        with found.ledger.page() as page:
            approvals.switch_on(page, name, caller.name, said.comment)

    return paths


def _action(action: Action, standing: Any, recent: Sequence[Run]) -> ActionBody:
    number = failures(recent, standing.switched_on_at if standing is not None else None)
    last = recent[0] if recent else None
    return ActionBody(
        name=action.name,
        kind=action.kind,
        mode=action.mode,
        target=action.target.name,
        on=[TriggerBody(alert=one.alert, severity=str(one.severity), extractor=one.extractor) for one in action.on],
        approval=action.guards.approval,
        held_back_by=standing.reason if standing is not None else None,
        why=standing.why if standing is not None else "",
        failures=number,
        switched_off=number >= action.guards.failures,
        last_run=last.id if last else None,
        last_state=last.state if last else None,
    )


def _run(one: Run) -> RunBody:
    fields = {name: getattr(one, name) for name in RunBody.model_fields if name not in ("alerts", "calls")}
    return RunBody(**fields, alerts=list(one.firings), calls=[CallBody(**call) for call in one.calls])
