"""A web service in several worker processes, whose `/metrics` always shows all of them.

`gunicorn -c examples/web_service/gunicorn.conf.py`
"""

from __future__ import annotations

import asyncio
import os
import random

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

import featurewatch


def create_app() -> Starlette:
    """One worker's application; `WEB_SERVICE_SHARED` is the folder that its workers share."""
    registry = featurewatch.MultiprocessRegistry(os.environ["WEB_SERVICE_SHARED"])
    cache: dict[str, float] = {}
    draw = random.Random()  # noqa: S311 - made-up features

    async def features(request: Request) -> JSONResponse:
        symbol = request.path_params["symbol"]
        if symbol in cache:
            featurewatch.served_from("cache")
        else:
            await asyncio.sleep(draw.uniform(0.005, 0.02))
            cache[symbol] = draw.random()
        return JSONResponse({"symbol": symbol, "momentum": cache[symbol], "worker": os.getpid()})

    return Starlette(
        routes=[
            Route("/features/{symbol}", features),
            Mount("/metrics", featurewatch.metrics_app(registry)),
        ],
        middleware=[Middleware(featurewatch.ExtractionMiddleware, service="web-service", registry=registry)],
    )
