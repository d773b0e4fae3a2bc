"""Tokens of the API: made, listed and revoked by admins."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError

from featurewatch.responder import tokens
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import TEXT, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.tokens import Bearer, Role

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$")]


class WantedBody(BaseModel):
    """Who shall have a token, for what, until when."""

    name: Name
    role: Literal["viewer", "operator", "admin"] = "viewer"
    seconds: Annotated[float | None, Field(gt=0, le=10 * 365 * 86_400, description="until it ends by itself")] = None


class TokenBody(BaseModel):
    """One token, without what is secret about it."""

    name: str
    role: str
    made_by: str
    created_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    in_force: bool


class NewTokenBody(TokenBody):
    """The same with the token itself, which is shown this once."""

    token: str


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])
    admin = Depends(access.at_least(Role.ADMIN))

    @paths.get("", dependencies=[admin])
    def list_tokens() -> PageBody[TokenBody]:
        """All that were ever made, by name. Those from files are not among them."""
        now = clock()
        with database.reading() as connection:
            items = [_body(one, now) for one in tokens.listed(connection)]
        return PageBody(items=items, next=None)

    @paths.post("", status_code=201)
    def make_token(wanted: WantedBody, caller: Annotated[Bearer, admin]) -> NewTokenBody:
        """A new one. The answer is the only place where it ever stands."""
        now = clock()
        ends_at = now + timedelta(seconds=wanted.seconds) if wanted.seconds is not None else None
        bearer = Bearer(wanted.name, Role[wanted.role.upper()])
        try:
            with database.writing() as connection:
                token = tokens.issue(connection, bearer, now, ends_at, made_by=caller.name)
        except IntegrityError:
            raise HTTPException(409, f"there is a token {wanted.name!r} already; choose another name") from None
        kept = tokens.Token(wanted.name, wanted.role, caller.name, now, ends_at, None)
        return NewTokenBody(**_body(kept, now).model_dump(), token=token)

    @paths.delete("/{name}", status_code=204)
    def revoke_token(
        name: Annotated[str, Path(min_length=1, max_length=100, pattern=TEXT)], caller: Annotated[Bearer, admin]
    ) -> None:
        """Let it open nothing any more, from the next request on."""
        if name == caller.name:
            raise HTTPException(409, "this would revoke the token that asks for it; use another admin's")
        with database.writing() as connection:
            if not tokens.revoke(connection, name, clock()):
                raise HTTPException(404, f"there is no token {name!r} in force")

    return paths


def _body(one: tokens.Token, now: datetime) -> TokenBody:
    return TokenBody(
        name=one.name,
        role=one.role,
        made_by=one.made_by,
        created_at=one.created_at,
        ends_at=one.ends_at,
        revoked_at=one.revoked_at,
        in_force=one.revoked_at is None and (one.ends_at is None or one.ends_at > now),
    )
