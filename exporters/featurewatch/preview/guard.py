"""Who may ask, and what a browser may do with the answers."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from featurewatch.preview.entrance import COOKIE, ENTRANCE, entrance_page, proof
from featurewatch.preview.problem import Problem

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self' data:; img-src 'self' data:; "
    # Grafana's libraries write their styles at run time, as emotion does.
    "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
OPEN: Final = frozenset({"/-/ready", "/-/page.css", "/metrics", "/metrics/", ENTRANCE})
"""What needs no token: it says nothing about what is watched."""


class Guard:
    """Wraps the application. Refuses foreign host names, methods other than reading, and readers without the token."""

    def __init__(self, app: ASGIApp, token: str | None, hosts: Iterable[str]) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset({"localhost", *hosts})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        refused = self._refuses(scope, headers)
        if refused is not None:
            await refused.response()(scope, receive, send_guarded)
        elif not self._admits(scope, headers):
            page = "text/html" in headers.get("accept", "")
            answer = entrance_page() if page else _unknown_reader().response()
            await answer(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refuses(self, scope: Scope, headers: Headers) -> Problem | None:
        host = headers.get("host", "")
        if not self._known(host):
            # A page of somebody else, whose name was made to point here (DNS rebinding), calls us by that name.
            return Problem(421, "Unknown host", f"{host!r} is no name of this preview; add it with --host if it is.")
        if scope["method"] not in ("GET", "HEAD") and not (scope["method"] == "POST" and scope["path"] == ENTRANCE):
            return Problem(405, "Only reading", f"{scope['method']} is not possible here; the preview only reads.")
        return None

    def _known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _admits(self, scope: Scope, headers: Headers) -> bool:
        if self._token is None or scope["path"] in OPEN:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return True
        kept = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(kept.encode(), proof(self._token).encode())


def _unknown_reader() -> Problem:
    return Problem(401, "Token needed", "Send `Authorization: Bearer TOKEN`, or open the preview in a browser.")
