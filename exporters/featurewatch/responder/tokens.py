"""Who may do what: tokens with a role, kept as digests."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from sqlalchemy import Connection, insert, or_, select, update

from featurewatch.responder.tables import tokens

PREFIX: Final = "fw_"
"""Lets scanners find a token that went astray."""


class Role(IntEnum):
    """What the bearer may do; each contains those before it."""

    VIEWER = 1
    """Read."""
    OPERATOR = 2
    """Acknowledge, silence, mark, send alerts."""
    ADMIN = 3
    """Make and revoke tokens, approve what needs approval."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token."""

    name: str
    role: str
    made_by: str
    created_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None


def issue(
    connection: Connection, bearer: Bearer, now: datetime, ends_at: datetime | None = None, made_by: str = ""
) -> str:
    """A new token, which is shown once and never kept. IntegrityError when the name is taken."""
    # 256 random bits: a slow hash, which guards passwords that can be guessed, would only slow every request.
    token = PREFIX + secrets.token_urlsafe(32)
    values = {"name": bearer.name, "role": str(bearer.role), "created_at": now, "ends_at": ends_at}
    values["made_by"] = made_by
    connection.execute(insert(tokens).values(digest=_digest(token), **values))
    return token


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """Whether there was such a token in force."""
    lasting = (tokens.c.name == name) & tokens.c.revoked_at.is_(None)
    return connection.execute(update(tokens).where(lasting).values(revoked_at=now)).rowcount > 0


def listed(connection: Connection) -> list[Token]:
    """All that were ever made, by name."""
    columns = (tokens.c[name] for name in Token.__dataclass_fields__)
    return [Token(*row) for row in connection.execute(select(*columns).order_by(tokens.c.name))]


def bearer_of(connection: Connection, token: str, now: datetime) -> Bearer | None:
    """Whose token this is; None when it is nobody's, ended or revoked."""
    c = tokens.c
    lasting = c.revoked_at.is_(None) & or_(c.ends_at.is_(None), c.ends_at > now)
    row = connection.execute(select(c.name, c.role).where(c.digest == _digest(token), lasting)).one_or_none()
    return None if row is None else Bearer(row.name, Role[row.role.upper()])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
