"""What one request may cost: bytes of its body and of its headers."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from featurewatch.responder.problem import problem

BODY_BYTES: Final = 8 * 1024 * 1024
"""A message of Alertmanager with some thousand alerts."""

HEADER_BYTES: Final = 16 * 1024


class Limits:
    """Middleware that answers 413 or 431 before anything is read into memory."""

    def __init__(self, app: ASGIApp, body: int = BODY_BYTES, header: int = HEADER_BYTES) -> None:
        self._app = app
        self._body = body
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > self._header:
            await problem(431, f"The headers are longer than {self._header} bytes.")(scope, receive, send)
            return
        announced = next((value for name, value in headers if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > self._body:
            await problem(413, self._why())(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body:
                raise HTTPException(413, self._why())
            return message

        await self._app(scope, counted, send)

    def _why(self) -> str:
        return f"The body is longer than {self._body} bytes."
