"""What people decide about runs and actions: agree, refuse, switch on again."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.exc import NoResultFound

from featurewatch.responder.repair import run
from featurewatch.responder.repair.ledger import Page
from featurewatch.responder.repair.run import Run
from featurewatch.responder.tables import repair_standings
from featurewatch.responder.tokens import Bearer, Role


class NothingToDecide(Exception):
    """There is no such run, or it does not wait for anybody; the message says which."""


class NotAllowed(Exception):
    """The run wants somebody with another role; the message names it."""


def decide(page: Page, number: int, caller: Bearer, *, agree: bool, comment: str) -> Run:
    """Let a run that waits go on, or end it. Raises NothingToDecide and NotAllowed; then nothing was changed."""
    try:
        waiting = run.get(page.connection, number)
    except NoResultFound:
        raise NothingToDecide(f"there is no run {number}") from None
    if waiting.state != "waiting" or waiting.approver is None:
        raise NothingToDecide(f"run {number} waits for nobody: it is {waiting.state}")
    if caller.role < Role[waiting.approver.upper()]:
        raise NotAllowed(f"run {number} needs the role {waiting.approver}; {caller.name} is {caller.role}")
    word = "agreed" if agree else "refused"
    why = f"{caller.name} {word}{f': {comment}' if comment else ''}"
    ended = None if agree else page.now
    moved = run.move(
        page.connection,
        waiting,
        "intended" if agree else "denied",
        why,
        decided_by=caller.name,
        ended_at=ended,
    )
    if moved is None:
        raise NothingToDecide(f"run {number} waits for nobody any more")
    detail = {"run": number, "wished": dict(waiting.wished), "comment": comment}
    page.note("approved" if agree else "denied", waiting.subject, detail, caller.name)
    return moved


def switch_on(page: Page, action: str, actor: str, comment: str) -> None:
    """Failures until now do not count any more."""
    c = repair_standings.c
    values = {"switched_on_at": page.now}
    known = page.connection.execute(select(c.action).where(c.action == action)).one_or_none()
    if known is None:
        page.connection.execute(insert(repair_standings).values(action=action, why="", **values))
    else:
        page.connection.execute(update(repair_standings).where(c.action == action).values(**values))
    page.note("switched-on", action, {"comment": comment}, actor)
