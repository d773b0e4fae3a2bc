"""Requests of a web service as extractions: middleware for any ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from time import perf_counter
from typing import Any

from featurewatch import names
from featurewatch.measure.errors import is_cancellation
from featurewatch.measure.extraction import Extraction
from featurewatch.measure.family import Family
from featurewatch.measure.labels import LONGEST_NAME, chosen_name, sendable
from featurewatch.measure.marks import Mark, mark, outstanding, set_aside, take
from featurewatch.measure.monitor import ExtractionMonitor
from featurewatch.measure.owner import FOLDED, INTERNAL
from featurewatch.measure.registry import Registry
from featurewatch.measure.trouble import Trouble

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

REJECTED = Family(names.REQUESTS_REJECTED, "counter", "Requests answered with 4xx; they are no extractions.")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
IN_SCOPE = "featurewatch"
"""Where a request finds its own extraction: `request.scope["featurewatch"]`."""

NO_RESPONSE = "NoResponse"
MOST_ROUTES = 100


def route_template(scope: Scope) -> str | None:
    """`GET /features/{symbol}` as Starlette and FastAPI matched it, mounts included; None without a match."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return None
    mounted = str(scope.get("root_path", "")).removeprefix(str(scope.get("app_root_path", "")))
    method = scope["method"] if scope["method"] in METHODS else names.OTHER
    return f"{method} {mounted}{path}"


class ExtractionMiddleware:
    """Measures each HTTP request as an extraction, whose extractor is the route: `GET /features/{symbol}`.

        app.add_middleware(featurewatch.ExtractionMiddleware, service="market-features", registry=registry)

    The duration lasts until the last byte of the body is handed to the server, background tasks not included. A 5xx or
    an exception is an error, by class or as `HTTP 503`. A 4xx is the caller's fault and no extraction: it is counted in
    `featurewatch_requests_rejected_total{extractor, status}`, so that fast refusals do not improve the latency. A
    caller who is seen to have gone before the end is `cancelled`. Websockets are left alone.

    The endpoint says where the features came from by `featurewatch.served_from("cache")`, or, from another thread or
    task (a plain `def` endpoint runs in one), by `request.scope["featurewatch"].served_from = "cache"`.

    At the end of the application's lifespan, a `MultiprocessRegistry` shares what is left. Nothing that goes wrong in
    here reaches the application.

    Args:
        app: the application around which this is put.
        service: the label `service`.
        registry: where the series are exported from.
        route: names the extractor of a request after it was routed; None counts as `other`. For frameworks other than
            Starlette and FastAPI; it must not return what callers can choose freely.
        skip: paths that are not measured, with all below them.
        make: makes the monitor of a route, for other edges or options; called once per route.
        most_routes: distinct extractors before the rest counts as `other`.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        registry: Registry,
        route: Callable[[Scope], str | None] = route_template,
        skip: Sequence[str] = ("/metrics",),
        make: Callable[[str], ExtractionMonitor] | None = None,
        most_routes: int = MOST_ROUTES,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._app = app
        self._service = chosen_name(names.SERVICE, service)
        self._registry = registry
        self._route = route
        self._skip = tuple(path.rstrip("/") for path in skip)
        self._make = make or (lambda name: ExtractionMonitor(name, service=service, registry=registry))
        self._most = most_routes
        self._clock = clock
        self._monitors: dict[str, ExtractionMonitor] = {}
        self._trouble = Trouble(registry.counter(INTERNAL, ((names.SERVICE, self._service),)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._skipped(scope["path"]):
            await self._measured(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, self._sharing_at_the_end(send))
        else:
            await self._app(scope, receive, send)

    def _skipped(self, path: str) -> bool:
        return any(path == skipped or path.startswith(f"{skipped}/") for skipped in self._skip)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _Request(scope, receive, send, self._clock, self._count)
        scope[IN_SCOPE] = request.extraction
        outer = set_aside() if outstanding else None
        try:
            await self._app(scope, request.receive, request.send)
        except BaseException as error:
            self._ended(request, outer, error)
            raise
        self._ended(request, outer, None)

    def _ended(self, request: _Request, outer: Mark | None, error: BaseException | None) -> None:
        try:
            said = take(outer) if outstanding else None
            if not request.counted:
                self._count(request, said, error)
        except Exception as inner:  # noqa: BLE001 - never reaches the application
            self._trouble(inner)

    def _count(self, request: _Request, said: Mark | None, error: BaseException | None = None) -> None:
        try:
            request.counted = True
            self._write(request, said, error)
        except Exception as inner:  # noqa: BLE001 - never reaches the application
            self._trouble(inner)

    def _write(self, request: _Request, said: Mark | None, error: BaseException | None) -> None:
        seconds = request.seconds
        complete = seconds is not None
        if seconds is None:
            seconds = self._clock() - request.started
        status = request.status
        name = self._known(self._route(request.scope) or names.OTHER)
        gone = not complete and (request.disconnected or (error is not None and is_cancellation(error)))
        if status is not None and 400 <= status < 500 and (complete or gone):
            labels = ((names.SERVICE, self._service), (names.EXTRACTOR, name), (names.STATUS, str(status)))
            self._registry.counter(REJECTED, labels).add()
            return
        outcomes = self._monitor(name)._outcomes
        if gone:
            outcomes.raised(seconds, GeneratorExit())
        elif error is not None and (not complete or (status or 0) >= 500):
            outcomes.raised(seconds, error)
        elif status is None or not complete:
            outcomes.failed(seconds, NO_RESPONSE)
        elif status >= 500:
            outcomes.failed(seconds, f"HTTP {status}")
        else:
            own = request.extraction.served_from
            outcomes.marked(seconds, own if said is None or own != names.COMPUTE else said)

    def _known(self, name: str) -> str:
        """The name, or `other` when there are too many already."""
        name = sendable(name[:LONGEST_NAME])
        if name in self._monitors or name == names.OTHER or len(self._monitors) < self._most:
            return name
        self._registry.counter(FOLDED, ((names.SERVICE, self._service), (names.EXTRACTOR, names.OTHER))).add()
        return names.OTHER

    def _monitor(self, name: str) -> ExtractionMonitor:
        monitor = self._monitors.get(name)
        if monitor is None:
            monitor = self._monitors[name] = self._make(name)
        return monitor

    def _sharing_at_the_end(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            share = getattr(self._registry, "share", None)
            if share is not None and message["type"].startswith("lifespan.shutdown"):
                share()
            await send(message)

        return sent


class _Request:
    """One request on its way: what was received and sent so far."""

    __slots__ = (
        *("_clock", "_count", "_receive", "_send", "counted", "disconnected"),
        *("extraction", "scope", "seconds", "started", "status"),
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        clock: Callable[[], float],
        count: Callable[[_Request, Mark | None], None],
    ) -> None:
        self.scope, self._receive, self._send, self._clock, self._count = scope, receive, send, clock, count
        self.extraction = Extraction()
        self.extraction.served_from = names.COMPUTE
        self.status: int | None = None
        self.seconds: float | None = None
        self.disconnected = False
        self.counted = False
        self.started = clock()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self.seconds is None:
            self.disconnected = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
        try:
            await self._send(message)
        except OSError:
            # How a server says that nobody is there to send to.
            self.disconnected = self.disconnected or self.seconds is None
            raise
        last = kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body"))
        if last and self.seconds is None and not self.disconnected:
            self.seconds = self._clock() - self.started
            # An error may still say its name by the exception that follows the answer; all else is known now.
            if self.status is not None and self.status < 500:
                self._count(self, mark.get() if outstanding else None)
