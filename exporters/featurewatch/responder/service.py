"""The responder's application: intake, API, metrics, and what runs beside the requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from prometheus_client.exposition import choose_encoder
from starlette.responses import PlainTextResponse, Response

from featurewatch.responder import problem
from featurewatch.responder.access import BURST_SECONDS, Access
from featurewatch.responder.api import actions, audit, notifications, stop
from featurewatch.responder.api.routers import routers
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.deadman import DeadManSwitch
from featurewatch.responder.figures import Figures
from featurewatch.responder.housekeeping import forgetting, reckoning
from featurewatch.responder.limits import Limits
from featurewatch.responder.metrics import Metrics
from featurewatch.responder.rates import Rates
from featurewatch.responder.repair.wiring import repair
from featurewatch.responder.rounds import Round, following, reconciling, running, watching
from featurewatch.responder.settings import Settings


def now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings, *, database: Database | None = None, clock: Callable[[], datetime] = now) -> FastAPI:
    """The application on its database, which it brings up to date when it starts."""
    database = database or open_database(settings.database)
    metrics = Metrics(database, clock)
    rates = Rates(settings.requests_per_second, BURST_SECONDS * settings.requests_per_second)
    access = Access(database, dict(settings.tokens), clock, rates)

    switch = DeadManSwitch(settings.silence_seconds)
    figures = Figures(database, clock)
    metrics.registry.register(figures)
    rounds = [
        *_rounds(settings, database, switch, clock),
        reckoning(figures),
        forgetting(database, timedelta(days=settings.retention_days), timedelta(days=settings.runs_days), clock),
    ]

    repairing = repair(settings, database, clock)
    if repairing is not None:
        metrics.registry.register(repairing.figures)
        rounds += repairing.rounds

    opened = ExitStack()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(database.migrate)
        async with running(rounds):
            yield
        opened.close()
        database.close()

    app = FastAPI(
        title="featurewatch responder",
        version=version("featurewatch"),
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problem.RESPONSES,
    )
    app.add_middleware(Limits)
    problem.install(app)
    app.include_router(notifications.router(database, access, metrics, switch, clock))
    for paths in routers(settings, database, access, clock, opened):
        app.include_router(paths)
    for module in (actions, audit, stop):
        app.include_router(module.router(access, repairing))

    @app.get("/metrics", include_in_schema=False)
    def exported(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), media_type=content_type)

    @app.get("/-/ready", include_in_schema=False)
    def ready() -> Response:
        with database.reading():
            return PlainTextResponse("ready\n")

    @app.get("/-/healthy", include_in_schema=False)
    def healthy() -> Response:
        return PlainTextResponse("healthy\n")

    return app


def _rounds(
    settings: Settings, database: Database, switch: DeadManSwitch, clock: Callable[[], datetime]
) -> Iterator[Round]:
    """What runs beside the requests."""
    if settings.alertmanager is not None and settings.prometheus is not None:
        yield reconciling(
            database, settings.alertmanager, settings.prometheus, clock, settings.pace, settings.trusted()
        )
    if settings.events is not None:
        yield following(database, settings.events, clock)
    if settings.alarms:
        yield watching(switch, settings.alarms)
