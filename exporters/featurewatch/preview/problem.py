"""What goes wrong, in one shape (RFC 9457) that the app shows in words."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


class Problem(Exception):
    """Something that a reader can understand: what it is, and what to do."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail

    def response(self) -> Response:
        body = {"type": "about:blank", "status": self.status, "title": self.title, "detail": self.detail}
        return JSONResponse(body, self.status, media_type="application/problem+json")
