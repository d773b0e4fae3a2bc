"""The metrics endpoint as an ASGI application, for any framework that mounts one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from featurewatch.measure.registry import Registry
from featurewatch.measure.scrape import OtherRegistry, Scrapes, failure

log = logging.getLogger("featurewatch")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def metrics_app(registry: Registry, *, also: OtherRegistry | None = None) -> ASGIApp:
    """An ASGI app that answers GET and HEAD with the registry: `app.mount("/metrics", metrics_app(registry))`.

    Text, or OpenMetrics when the Accept header prefers it; gzip when asked for. `also` adds a prometheus_client
    registry (`also=prometheus_client.REGISTRY`), so that a service keeps its own metrics on the same page; ImportError
    when that package is missing. Rendering happens on the event loop: about 5 microseconds per series.
    """
    scrapes = Scrapes(registry, also)

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"metrics are served over HTTP, not {scope['type']}")
        headers = scope["headers"]
        try:
            answer = scrapes.answer(scope["method"], _header(headers, b"accept"), _header(headers, b"accept-encoding"))
        except Exception as error:  # a collector of the other registry, most likely
            log.exception("featurewatch could not answer a scrape")
            answer = failure(error)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    return app


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key.lower() == name)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Served on its own (`uvicorn module:app`), an app is asked whether it has started and stopped."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
