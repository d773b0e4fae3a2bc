"""What is looked at: the app's page, the runbooks, and the entrance where a token is wanted."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from featurewatch.preview.entrance import COOKIE, ENTRANCE, LONGEST_BODY, entrance_page, proof
from featurewatch.preview.problem import Problem
from featurewatch.preview.runbooks import Runbooks

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
STYLE: Final = Path(__file__).parent / "page.css"
KEPT_SECONDS: Final = 30 * 24 * 3600
ASK_AGAIN: Final = {"cache-control": "no-cache"}
"""Kept by browsers, who ask each time whether it is still the same."""


class Pages:
    """Everything that is not under `/api`."""

    def __init__(self, index: Path, runbooks: Runbooks, token: str | None) -> None:
        self._index = index
        self._runbooks = runbooks
        self._token = token

    def routes(self) -> list[Route]:
        return [
            Route("/", self.app),
            Route("/d/{uid}", self.app),
            Route("/d/{uid}/{slug}", self.app),
            Route("/runbooks", self.all_runbooks),
            Route("/runbooks/{name}", self.runbook),
            Route(ENTRANCE, self.enter, methods=["POST"]),
            Route("/-/ready", self.ready),
            Route("/-/page.css", self.style),
        ]

    async def app(self, _request: Request) -> Response:
        if not self._index.is_file():
            raise Problem(503, "The app is not built", f"{self._index} is missing; `make preview` writes it.")
        return FileResponse(self._index, headers=ASK_AGAIN)

    async def all_runbooks(self, _request: Request) -> Response:
        return _page(self._runbooks.index())

    async def runbook(self, request: Request) -> Response:
        name = request.path_params["name"]
        page = self._runbooks.page(name)
        return _page(self._runbooks.missing(name), 404) if page is None else _page(page)

    async def enter(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY:
                raise Problem(413, "Too long", f"At most {LONGEST_BODY} bytes are read.")
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return entrance_page("This is not the token.")
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, proof(self._token), KEPT_SECONDS, httponly=True, samesite="strict", secure=secure)
        return answer

    async def ready(self, _request: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def style(self, _request: Request) -> Response:
        return FileResponse(STYLE, headers=ASK_AGAIN)


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers={"content-security-policy": PAGE_POLICY, **ASK_AGAIN})
