"""Requests as extractions: what is timed, what counts as what, and what is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket
from tests.exposed import exposed, value

import featurewatch
from featurewatch import ExtractionMiddleware, MultiprocessRegistry, Registry, metrics_app, names

COUNT, SUM = (names.EXTRACTION_DURATION + part for part in ("_count", "_sum"))
Messages = list[MutableMapping[str, Any]]


def _counts(registry: Registry) -> dict[tuple[str, str, str], float]:
    found = {}
    for (name, pairs), number in exposed(registry).items():
        if name == COUNT and number:
            labels = dict(pairs)
            found[labels[names.EXTRACTOR], labels[names.SERVED_FROM], labels[names.OUTCOME]] = number
    return found


def _rejected(registry: Registry) -> dict[tuple[str, str], float]:
    return {
        (dict(pairs)[names.EXTRACTOR], dict(pairs)[names.STATUS]): number
        for (name, pairs), number in exposed(registry).items()
        if name == names.REQUESTS_REJECTED
    }


def _errors(registry: Registry) -> dict[str, float]:
    return {
        dict(pairs)[names.ERROR_TYPE]: number
        for (name, pairs), number in exposed(registry).items()
        if name == names.EXTRACTION_ERRORS and number
    }


async def _hello(request: Any) -> Response:
    return PlainTextResponse("hello")


class Answer:
    """What an application sent for one request, and what it raised."""

    def __init__(self, app: Any, path: str, method: str = "GET") -> None:
        self.error: BaseException | None = None
        self._done = asyncio.Event()
        self._received: Messages = [{"type": "http.request", "body": b"", "more_body": False}]
        self.sent: Messages = []
        try:
            asyncio.run(app(_scope(path, method), self._receive, self._send))
        except Exception as error:  # noqa: BLE001 - for the test to look at
            self.error = error
        self.status = next((message["status"] for message in self.sent if "status" in message), 0)
        self.text = b"".join(message.get("body", b"") for message in self.sent).decode()

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._received:
            return self._received.pop()
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._done.set()


class Client:
    def __init__(self, app: Any) -> None:
        self.app = app

    def get(self, path: str, method: str = "GET") -> Answer:
        return Answer(self.app, path, method)


def _app(registry: Registry, *routes: Any, **options: Any) -> Client:
    measured = Middleware(ExtractionMiddleware, service="s", registry=registry, **options)
    return Client(Starlette(routes=routes, middleware=[measured]))


def test_the_extractor_is_the_route_and_never_what_the_caller_wrote() -> None:
    registry = Registry()
    inner = Starlette(routes=[Route("/features/{symbol}", _hello)])
    client = _app(registry, Route("/a/{x}", _hello, methods=["GET", "POST"]), Mount("/inner", inner))
    for path in ("/a/1", "/a/2", "/inner/features/BTC"):
        assert client.get(path).status == 200
    client.get("/a/3", "POST")
    assert _counts(registry) == {
        ("GET /a/{x}", "compute", "success"): 2,
        ("POST /a/{x}", "compute", "success"): 1,
        ("GET /inner/features/{symbol}", "compute", "success"): 1,
    }


def test_what_the_caller_got_wrong_is_no_extraction_but_counted() -> None:
    registry = Registry()

    async def refuse(request: Any) -> Response:
        raise HTTPException(429)

    client = _app(registry, Route("/a/{x}", _hello), Route("/b", refuse))
    for path in ("/b", "/nowhere", "/else"):
        client.get(path)
    client.get("/nowhere", "BREW")
    assert _counts(registry) == {}
    assert _rejected(registry) == {("GET /b", "429"): 1, ("other", "404"): 3}


def test_failures_are_errors_by_class_or_by_status() -> None:
    registry = Registry()

    async def breaks(request: Any) -> Response:
        raise KeyError("x")

    async def overloaded(request: Any) -> Response:
        return PlainTextResponse("later", 503)

    async def says_so(request: Any) -> Response:
        featurewatch.failed("StaleInput")
        return PlainTextResponse("old")

    client = _app(registry, Route("/a", breaks), Route("/b", overloaded), Route("/c", says_so))
    assert [client.get(path).status for path in ("/a", "/b", "/c")] == [500, 503, 200]
    assert _errors(registry) == {"KeyError": 1, "HTTP 503": 1, "StaleInput": 1}
    assert sum(_counts(registry).values()) == 3


def test_an_exception_that_was_answered_with_500_further_inside_keeps_its_name() -> None:
    registry = Registry()

    async def breaks(request: Any) -> Response:
        raise KeyError("x")

    app = ExtractionMiddleware(Starlette(routes=[Route("/a", breaks)]), service="s", registry=registry)
    assert Client(app).get("/a").status == 500
    assert _errors(registry) == {"KeyError": 1}


def test_the_body_says_where_the_features_came_from_also_from_another_thread() -> None:
    registry = Registry()
    app = FastAPI()

    @app.get("/task")
    async def task() -> str:
        featurewatch.served_from("cache")
        return "x"

    @app.get("/thread")
    def thread(request: Request) -> str:
        request.scope["featurewatch"].served_from = "fallback"
        return "x"

    @app.get("/plain")
    async def plain() -> str:
        return "x"

    app.add_middleware(ExtractionMiddleware, service="s", registry=registry)
    client = Client(app)
    for path in ("/task", "/thread", "/plain", "/task"):
        assert client.get(path).status == 200
    assert _counts(registry) == {
        ("GET /task", "cache", "success"): 2,
        ("GET /thread", "fallback", "success"): 1,
        ("GET /plain", "compute", "success"): 1,
    }


def test_a_streamed_body_counts_to_its_last_byte_and_what_runs_after_it_does_not() -> None:
    registry = Registry()
    now = 0.0

    async def body() -> AsyncIterator[bytes]:
        nonlocal now
        for _ in range(3):
            now += 1.0
            yield b"x"

    async def afterwards() -> None:
        nonlocal now
        assert _counts(registry) == {("GET /s", "compute", "success"): 1}, "counted before background work"
        now += 100.0
        raise OSError("too late to matter")

    async def stream(request: Any) -> Response:
        return StreamingResponse(body(), background=BackgroundTask(afterwards))

    client = _app(registry, Route("/s", stream), clock=lambda: now)
    assert client.get("/s").text == "xxx"
    assert _counts(registry) == {("GET /s", "compute", "success"): 1}
    assert value(registry, SUM, served_from="compute") == 3.0


def test_a_stream_that_breaks_is_an_error_although_it_began_with_200() -> None:
    registry = Registry()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    async def stream(request: Any) -> Response:
        return StreamingResponse(body())

    assert _app(registry, Route("/s", stream)).get("/s").error is not None
    assert sum(_counts(registry).values()) == 1
    assert value(registry, COUNT, outcome="error") == 1


def _scope(path: str = "/a", method: str = "GET") -> dict[str, Any]:
    more: dict[str, Any] = {"headers": [], "query_string": b"", "asgi": {"version": "3.0"}, "root_path": ""}
    return {"type": "http", "method": method, "path": path, **more}


def _run(app: Any, received: Messages, scope: dict[str, Any] | None = None) -> Messages:
    sent: Messages = []

    async def receive() -> MutableMapping[str, Any]:
        if received:
            return received.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope or _scope(), receive, send))
    return sent


Bare = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def _bare(app: Bare, received: Messages, registry: Registry) -> Messages:
    return _run(ExtractionMiddleware(app, service="s", registry=registry, route=lambda scope: "r"), received)


def test_a_caller_that_goes_away_cancels_the_extraction() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    registry = Registry()
    _bare(app, [{"type": "http.disconnect"}], registry)
    assert _counts(registry) == {("r", "none", "cancelled"): 1}


def test_a_cancelled_task_is_cancelled_and_a_silent_application_is_an_error() -> None:
    async def cancelled(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        pass

    registry = Registry()
    with pytest.raises(asyncio.CancelledError):
        _bare(cancelled, [], registry)
    _bare(silent, [], Registry())
    assert _counts(registry) == {("r", "none", "cancelled"): 1}
    registry = Registry()
    _bare(silent, [], registry)
    assert _errors(registry) == {"NoResponse": 1}


def test_waiting_for_the_disconnect_after_the_answer_is_a_success() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})
        await receive()

    registry = Registry()
    _bare(app, [{"type": "http.disconnect"}], registry)
    assert _counts(registry) == {("r", "compute", "success"): 1}


def test_a_server_that_cannot_send_means_that_the_caller_has_gone() -> None:
    registry = Registry()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        raise ConnectionResetError

    measured = ExtractionMiddleware(app, service="s", registry=registry, route=lambda scope: "r")

    async def receive() -> Any:
        raise AssertionError

    with pytest.raises(ConnectionResetError):
        asyncio.run(measured(_scope(), receive, send))
    assert _counts(registry) == {("r", "none", "cancelled"): 1}


def test_websockets_and_the_metrics_page_are_left_alone() -> None:
    registry = Registry()

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    client = _app(registry, WebSocketRoute("/ws", echo), Mount("/metrics", metrics_app(registry)))
    received: Messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}]
    sent = _run(client.app, received, {**_scope("/ws"), "type": "websocket"})
    assert [message.get("text") for message in sent if message["type"] == "websocket.send"] == ["x"]
    assert "featurewatch_internal_errors_total" in client.get("/metrics/").text
    assert _counts(registry) == {}


def test_too_many_routes_count_as_other() -> None:
    registry = Registry()
    routes = [Route(f"/r{number}", _hello) for number in range(5)]
    client = _app(registry, *routes, most_routes=2)
    for number in range(5):
        client.get(f"/r{number}")
    assert _counts(registry)[names.OTHER, "compute", "success"] == 3
    assert value(registry, names.LABEL_VALUES_FOLDED, extractor=names.OTHER, service="s") >= 3


def test_an_error_in_the_measuring_never_reaches_the_application(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()

    def broken(scope: Any) -> str:
        raise RuntimeError("mine")

    client = _app(registry, Route("/a", _hello), route=broken)
    assert client.get("/a").text == client.get("/a").text == "hello"
    assert value(registry, names.INTERNAL_ERRORS) == 2
    assert caplog.text.count("featurewatch failed inside") == 1


def test_at_the_end_of_the_lifespan_everything_is_shared(tmp_path: Path) -> None:
    registry = MultiprocessRegistry(tmp_path, interval=60)
    client = _app(registry, Route("/a", _hello))
    client.get("/a")
    sent = _run(client.app, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], {"type": "lifespan"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    (shared,) = tmp_path.glob("*.series")
    assert b"GET /a" in shared.read_bytes()
    other = MultiprocessRegistry(tmp_path, interval=60)
    assert _counts(other) == {("GET /a", "compute", "success"): 1}
