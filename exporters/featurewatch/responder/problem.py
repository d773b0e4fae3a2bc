"""Errors of the API, in one shape (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from featurewatch.responder.database import DatabaseUnavailable
from featurewatch.responder.declared import NothingDeclared
from featurewatch.responder.upstream import UpstreamSilent

RETRY_SECONDS = 5

_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "status", "title", "detail"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string", "description": "the thing, and the remedy"},
    },
}

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    of: {"description": description, "content": {"application/problem+json": {"schema": _SCHEMA}}}
    for of, description in (
        ("4XX", "The request cannot be met."),
        ("5XX", "The database, Alertmanager or Prometheus does not answer."),
    )
}
"""What every operation may answer instead, for its description."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """`detail` names the thing and the remedy; the title is the status's own."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let every error of the application have this shape."""

    @app.exception_handler(DatabaseUnavailable)
    def unavailable(_request: Request, _error: Exception) -> Response:
        detail = "The database cannot be used at the moment; nothing was changed. Try again."
        return problem(503, detail, {"retry-after": str(RETRY_SECONDS)})

    @app.exception_handler(UpstreamSilent)
    def silent(_request: Request, error: Exception) -> Response:
        return problem(502, f"{error}. Is it running? `featurewatch status` says.")

    @app.exception_handler(NothingDeclared)
    def undeclared(_request: Request, error: Exception) -> Response:
        return problem(503, str(error))

    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        # Not what was sent: it may hold what must not come back, such as a token in the wrong place.
        faults = (f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        return problem(422, "; ".join(faults))
