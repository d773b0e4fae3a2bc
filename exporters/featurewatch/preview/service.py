"""The preview as one application: the app, what it shows, and where its numbers come from."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from featurewatch import names
from featurewatch.measure.family import Family
from featurewatch.measure.metrics_app import metrics_app
from featurewatch.measure.registry import Registry
from featurewatch.preview.api import Api
from featurewatch.preview.dashboards import Boards
from featurewatch.preview.guard import Guard
from featurewatch.preview.pages import ASK_AGAIN, Pages
from featurewatch.preview.problem import Problem
from featurewatch.preview.runbooks import Runbooks
from featurewatch.preview.settings import Settings
from featurewatch.preview.sharing import Sharing
from featurewatch.preview.upstream import TIMEOUT_SECONDS, Upstream
from featurewatch.tls import trusted

BUNDLE: Final = Path(__file__).parent / "bundle"
ASKED: Final = Family(names.PREVIEW_QUERIES_ASKED, "counter", "Questions of readers for Prometheus or the responder.")
SENT: Final = Family(names.PREVIEW_QUERIES_SENT, "counter", "Questions that were sent on, not answered from the cache.")


def create_app(
    settings: Settings,
    *,
    bundle: Path = BUNDLE,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application. `transport` is what talks to Prometheus; the default is the network, without proxies."""
    registry = Registry()
    client = httpx.AsyncClient(
        transport=transport, trust_env=False, timeout=TIMEOUT_SECONDS, verify=trusted(settings.authority)
    )
    responder = None
    if settings.responder is not None:
        responder = Upstream("The responder", settings.responder, client, settings.responder_token)
    api = Api(
        Boards(settings.dashboards),
        Sharing(registry.counter(ASKED, ()), registry.counter(SENT, ()), clock),
        Upstream("Prometheus", settings.prometheus, client),
        responder,
        settings,
    )
    pages = Pages(bundle / "index.html", Runbooks(settings.runbooks), settings.token)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    routes = [*pages.routes(), *api.routes(), Mount("/metrics", metrics_app(registry))]
    if (bundle / "assets").is_dir():
        routes.append(Mount("/assets", _Assets(directory=bundle / "assets")))
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Guard, token=settings.token, hosts=settings.hosts)],
        exception_handlers={Problem: _problem, HTTPException: _http_problem},
    )


class _Assets(StaticFiles):
    """The app's files. Their names stay from build to build, so browsers must ask whether they are still the same."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(ASK_AGAIN)
        return response


async def _problem(_request: Request, error: Exception) -> Response:
    return error.response() if isinstance(error, Problem) else Response(status_code=500)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title = {404: "Not found", 405: "Only reading"}.get(status, "Error")
    return Problem(status, title, f"{request.url.path} is nothing that the preview has.").response()
