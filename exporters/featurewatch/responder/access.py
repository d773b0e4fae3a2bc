"""Lets callers in by their token, as far as its role goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from featurewatch.responder.database import Database
from featurewatch.responder.tokens import Bearer, Role, bearer_of

SCHEME: Final = HTTPBearer(auto_error=False, description="A token made with `featurewatch token`, or one from a file.")


class Access:
    """Knows the tokens from files, and those in the database."""

    def __init__(self, database: Database, fixed: dict[str, Bearer], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._fixed = fixed
        self._clock = clock

    def bearer(self, token: str) -> Bearer | None:
        """Whose token it is. Raises DatabaseUnavailable."""
        # Every one is compared, so that the time taken says nothing about which is nearly right.
        found = [bearer for known, bearer in self._fixed.items() if compare_digest(known.encode(), token.encode())]
        if found:
            return found[0]
        with self._database.reading() as connection:
            return bearer_of(connection, token, self._clock())

    def at_least(self, role: Role) -> Callable[..., Bearer]:
        """A dependency that yields the caller, or refuses: 401 without a token that we know, 403 below `role`."""

        def caller(
            given: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)],
        ) -> Bearer:
            bearer = self.bearer(given.credentials) if given is not None else None
            if bearer is None:
                needed = {"www-authenticate": "Bearer"}
                raise HTTPException(401, "Send `Authorization: Bearer TOKEN` with a token that is in force.", needed)
            if bearer.role < role:
                raise HTTPException(403, f"This needs the role {role}; {bearer.name} is {bearer.role}.")
            return bearer

        return caller
