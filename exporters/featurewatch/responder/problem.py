"""Errors of the API, in one shape (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from featurewatch.responder.database import DatabaseUnavailable

RETRY_SECONDS = 5


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

    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        # Not what was sent: it may hold what must not come back, such as a token in the wrong place.
        faults = (f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        return problem(422, "; ".join(faults))
