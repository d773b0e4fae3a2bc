"""Who is on call, and who takes over."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, Field

from featurewatch.people.model import People, Role
from featurewatch.responder import on_call
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import TEXT, Moment, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.declared import Declared
from featurewatch.responder.on_call import Override, UnknownRole
from featurewatch.responder.tokens import Bearer
from featurewatch.responder.tokens import Role as MayDo

LONGEST = timedelta(days=92)
"""Of one override; what lasts longer belongs into objectives.yaml."""


class PersonBody(BaseModel):
    name: str
    email: str


class DutyBody(BaseModel):
    """Who has a role at a time."""

    role: str
    people: list[PersonBody]
    because: on_call.Because
    """`always` these, by the `rotation`, by an `override`, or all of them because `nobody-planned`."""
    until: datetime | None
    """When that changes; null: no change is planned."""


class OverrideBody(BaseModel):
    """Somebody has a role for a while, whatever the rotation says."""

    id: int
    role: str
    person: str
    begins_at: datetime
    ends_at: datetime
    comment: str
    made_at: datetime
    made_by: str
    entry: str | None
    """What to write under `overrides` of the rotation in objectives.yaml, so that Alertmanager's messages follow."""


class WantedOverrideBody(BaseModel):
    person: Annotated[str, Field(min_length=1, max_length=200)]
    begins_at: Moment | None = None
    ends_at: Moment | None = None
    comment: Annotated[str, Field(max_length=2_000, pattern=TEXT)] = ""


class HandOverBody(BaseModel):
    """Who takes over now."""

    to: Annotated[str, Field(min_length=1, max_length=200)]
    until: Annotated[Moment | None, Field(description="default: the rotation's next hand-over")] = None
    comment: Annotated[str, Field(max_length=2_000, pattern=TEXT)] = ""


RoleName = Annotated[str, Path(max_length=200, pattern=TEXT)]


def router(database: Database, access: Access, clock: Callable[[], datetime], declared: Declared) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/on-call", tags=["on-call"])
    viewer, operator = Depends(access.at_least(MayDo.VIEWER)), Depends(access.at_least(MayDo.OPERATOR))

    @paths.get("", dependencies=[viewer])
    def list_on_call(at: Annotated[Moment | None, Query()] = None) -> PageBody[DutyBody]:
        """Who has each role now, or at another time."""
        people, moment = declared.people(), at or clock()
        with database.reading() as connection:
            changed = on_call.overrides(connection, moment)
        return PageBody(items=[_duty(people, role, changed, moment) for role in people.roles], next=None)

    @paths.get("/{role}", dependencies=[viewer])
    def get_on_call(role: RoleName, at: Annotated[Moment | None, Query()] = None) -> DutyBody:
        """Who has this role."""
        people, moment = declared.people(), at or clock()
        found = _found(people, role)
        with database.reading() as connection:
            return _duty(people, found, on_call.overrides(connection, moment, role), moment)

    @paths.get("/{role}/overrides", dependencies=[viewer])
    def list_overrides(role: RoleName) -> PageBody[OverrideBody]:
        """Those of this role that have not ended, by their beginning."""
        found = _found(declared.people(), role)
        with database.reading() as connection:
            items = [_override(one, found) for one in on_call.overrides(connection, clock(), role)]
        return PageBody(items=items, next=None)

    @paths.post("/{role}/overrides", status_code=201)
    def make_override(role: RoleName, said: WantedOverrideBody, caller: Annotated[Bearer, operator]) -> OverrideBody:
        """Let somebody have the role between two moments; from now, and until the next hand-over, by default."""
        return put(role, said, caller)

    @paths.post("/{role}/hand-over", status_code=201)
    def hand_over(role: RoleName, said: HandOverBody, caller: Annotated[Bearer, operator]) -> OverrideBody:
        """Give the role to somebody else now."""
        return put(role, WantedOverrideBody(person=said.to, ends_at=said.until, comment=said.comment), caller)

    @paths.delete("/{role}/overrides/{number}", status_code=204)
    def withdraw_override(
        role: RoleName, number: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: Annotated[Bearer, operator]
    ) -> None:
        """Take one back: the rotation counts again."""
        _found(declared.people(), role)
        now = clock()
        with database.writing() as connection:
            if number not in {one.id for one in on_call.overrides(connection, now, role)}:
                raise HTTPException(404, f"{role} has no override {number} in force")
            on_call.withdraw(connection, number, caller.name, now)

    def put(name: str, said: WantedOverrideBody, caller: Bearer) -> OverrideBody:
        people, now = declared.people(), clock()
        role = _found(people, name)
        begins = said.begins_at or now
        with database.writing() as connection:
            ends = said.ends_at or on_call.duty(role, on_call.overrides(connection, begins, name), begins).until
            ends = ends or begins + timedelta(days=1)
            if not timedelta(0) < ends - begins <= LONGEST or ends <= now:
                raise HTTPException(422, f"an override ends after it begins and after now, within {LONGEST.days} days")
            wanted = Override(0, name, said.person, begins, ends, said.comment, now, caller.name)
            try:
                return _override(on_call.put_override(connection, people, wanted), role)
            except UnknownRole as error:
                raise HTTPException(422, str(error)) from None

    return paths


def _found(people: People, name: str) -> Role:
    try:
        return on_call.find(people, name)
    except UnknownRole as error:
        raise HTTPException(404, str(error)) from None


def _duty(people: People, role: Role, changed: Sequence[Override], at: datetime) -> DutyBody:
    found = on_call.duty(role, changed, at)
    emails = {person.name: person.email for person in people.people}
    told = [PersonBody(name=name, email=emails.get(name, "")) for name in found.people]
    return DutyBody(role=role.name, people=told, because=found.because, until=found.until)


def _override(one: Override, role: Role) -> OverrideBody:
    fields = {name: getattr(one, name) for name in Override.__dataclass_fields__}
    return OverrideBody(**fields, entry=one.entry(role))
