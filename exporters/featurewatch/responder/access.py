"""Lets callers in by their token, as far as its role goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from featurewatch.responder.database import Database
from featurewatch.responder.rates import Rates
from featurewatch.responder.tokens import Bearer, Role, bearer_of

SCHEME: Final = HTTPBearer(auto_error=False, description="A token made with `featurewatch token`, or one from a file.")


BURST_SECONDS: Final = 10
"""As many requests as are allowed in so many seconds may come at once."""

TRIES_PER_SECOND: Final = 1.0
TRIES_AT_ONCE: Final = 20
"""With tokens that nobody has, from one address."""


class Access:
    """Knows the tokens from files, and those in the database; slows down whoever asks too often."""

    def __init__(
        self,
        database: Database,
        fixed: dict[str, Bearer],
        clock: Callable[[], datetime],
        rates: Rates,
        tries: Rates | None = None,
    ) -> None:
        self._database = database
        self._fixed = fixed
        self._clock = clock
        self._rates = rates
        self._tries = tries or Rates(TRIES_PER_SECOND, TRIES_AT_ONCE)

    def bearer(self, token: str) -> Bearer | None:
        """Whose token it is. Raises DatabaseUnavailable."""
        # Every one is compared, so that the time taken says nothing about which is nearly right.
        found = [bearer for known, bearer in self._fixed.items() if compare_digest(known.encode(), token.encode())]
        if found:
            return found[0]
        with self._database.reading() as connection:
            return bearer_of(connection, token, self._clock())

    def known(self, token: str | None, address: str) -> Bearer:
        """Whose token it is. Raises HTTPException: 401, or 429 for an address that tried too many."""
        bearer = self.bearer(token) if token is not None else None
        if bearer is not None:
            return bearer
        if token is not None:
            _pass(self._tries.wait(address), "Too many unknown tokens came from this address.")
        needed = {"www-authenticate": "Bearer"}
        raise HTTPException(401, "Send `Authorization: Bearer TOKEN` with a token that is in force.", needed)

    def limited(self, bearer: Bearer) -> None:
        """Count one request. Raises HTTPException 429."""
        _pass(self._rates.wait(bearer.name), f"{bearer.name} asks too often.")

    def at_least(self, role: Role, *, limited: bool = True) -> Callable[..., Bearer]:
        """A dependency that yields the caller, or refuses: 401 without a token that we know, 403 below `role`, 429
        for whoever asks too often, unless that is not to be `limited`."""

        def caller(
            request: Request,
            given: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)],
        ) -> Bearer:
            address = request.client.host if request.client is not None else ""
            bearer = self.known(given.credentials if given is not None else None, address)
            if limited:
                self.limited(bearer)
            require(bearer, role)
            return bearer

        return caller


def require(bearer: Bearer, role: Role) -> None:
    """Raises HTTPException 403."""
    if bearer.role < role:
        raise HTTPException(403, f"This needs the role {role}; {bearer.name} is {bearer.role}.")


def _pass(seconds: int, why: str) -> None:
    if seconds:
        raise HTTPException(429, f"{why} Come again in {seconds} s.", {"retry-after": str(seconds)})
