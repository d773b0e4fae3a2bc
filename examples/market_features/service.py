"""The HTTP service: features of a symbol as of a date, measured by featurewatch.

`uvicorn --app-dir examples market_features.service:create_app --factory`
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import math
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

import featurewatch
from featurewatch.names import ServedFrom

from . import extractor, fallback
from .admin import admin_routes
from .cache import FeatureCache
from .data import MarketData, NoSessionError, UnknownSymbolError
from .faults import Faults
from .serving import STAGES, Extractor, FeaturesUnavailableError, Serving
from .settings import Settings

EXTRACTOR: Final = "technical"
SERVICE: Final = "market-features"


class FeaturesAnswer(BaseModel):
    """The features by name; null where the history up to the session is too short."""

    symbol: str
    session: datetime.date
    served_from: ServedFrom
    features: dict[str, float | None]


class SymbolAnswer(BaseModel):
    """A symbol that can be asked for, and the sessions it has."""

    symbol: str
    title: str
    unit: str
    first: datetime.date
    last: datetime.date
    sessions: int


def create_app(
    settings: Settings | None = None,
    *,
    admin: bool | None = None,
    market: MarketData | None = None,
    cache: FeatureCache | None = None,
    faults: Faults | None = None,
    main: Extractor = extractor.extract,
    spare: Extractor = fallback.extract,
) -> FastAPI:
    """The app, with its data read and its extractors tried: once it is there, it is ready.

    Without settings they come from the environment; `admin` overrides theirs.
    """
    settings = Settings.from_environment(os.environ) if settings is None else settings
    if admin is not None:
        settings = dataclasses.replace(settings, admin=admin)
    market = MarketData() if market is None else market
    faults = Faults() if faults is None else faults
    registry = featurewatch.Registry()
    monitor = featurewatch.ExtractionMonitor(
        EXTRACTOR, service=SERVICE, registry=registry, in_progress=True, stages=STAGES
    )
    if cache is None:
        watching = featurewatch.CacheMonitor("features", service=SERVICE, registry=registry)
        cache = FeatureCache(settings.cache_entries, settings.ttl_seconds, monitor=watching)
    executor = ThreadPoolExecutor(settings.workers, thread_name_prefix="extract")
    serving = Serving(
        market,
        cache,
        monitor,
        executor,
        budget_seconds=settings.budget_seconds,
        faults=faults,
        main=main,
        spare=spare,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        # Nobody waits for a computation that has exceeded its budget, not at the end either.
        executor.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(title="Market features", summary="Technical features of daily market data", lifespan=lifespan)
    _add_features(app, market, serving)
    if settings.admin:
        app.include_router(admin_routes(faults, monitor))
    app.mount("/metrics", featurewatch.metrics_app(registry))
    return app


def _add_features(app: FastAPI, market: MarketData, serving: Serving) -> None:
    @app.get("/features/{symbol}", responses={404: {}, 503: {}})
    async def features(symbol: str, asof: datetime.date | None = None) -> FeaturesAnswer:
        """The features as of the last session on or before `asof`; of the latest session without it."""
        try:
            served = await serving.features(symbol, asof)
        except (UnknownSymbolError, NoSessionError) as error:
            raise HTTPException(404, str(error)) from error
        except FeaturesUnavailableError as error:
            raise HTTPException(503, str(error)) from error
        known = {name: None if math.isnan(value) else value for name, value in served.features.items()}
        return FeaturesAnswer(
            symbol=served.symbol, session=served.session, served_from=served.served_from, features=known
        )

    @app.get("/symbols")
    async def symbols() -> list[SymbolAnswer]:
        """The symbols that can be asked for."""
        return [
            SymbolAnswer(
                symbol=symbol,
                title=series.source.title,
                unit=series.source.unit,
                first=series.session(0),
                last=series.session(-1),
                sessions=len(series.sessions),
            )
            for symbol in market.symbols
            for series in (market.series(symbol),)
        ]

    @app.get("/-/ready", response_class=PlainTextResponse)
    async def ready() -> str:
        """Answers from the moment that the data are in memory, since the app does not exist before."""
        return "ready\n"
