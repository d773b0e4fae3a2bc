from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import prometheus_client
import pytest
from fastapi import FastAPI
from tests.exposed import monitored, parse_openmetrics, samples_of

from featurewatch import Registry, metrics_app, names, start_metrics_server

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def registry_with_samples() -> Registry:
    registry, monitor = monitored()
    monitor.record(0.1)
    return registry


def over_asgi(app: Any, method: str = "GET", path: str = "/metrics", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app", follow_redirects=True) as client:
            return await client.request(method, path, headers={"accept-encoding": "", **headers})

    return asyncio.run(ask())


def over_http(registry: Registry, method: str = "GET", path: str = "/metrics", **headers: str) -> httpx.Response:
    with start_metrics_server(registry) as server:
        address = f"http://127.0.0.1:{server.port}{path}"
        return httpx.request(method, address, headers={"accept-encoding": "", **headers})


def ask(carrier: str, method: str = "GET", **headers: str) -> httpx.Response:
    registry = registry_with_samples()
    if carrier == "http":
        return over_http(registry, method, **headers)
    app = FastAPI()
    app.mount("/metrics", metrics_app(registry))
    return over_asgi(app, method, **headers)


@pytest.fixture(params=["asgi", "http"])
def carrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_plain_request_gets_the_text_format(carrier: str) -> None:
    answer = ask(carrier)
    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT)
    assert names.EXTRACTION_DURATION + "_bucket" in answer.text
    assert "# EOF" not in answer.text
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_openmetrics_is_given_when_asked_for_and_ends_as_it_must(carrier: str) -> None:
    answer = ask(carrier, accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert answer.headers["content-type"] == OPENMETRICS
    assert answer.text.endswith("# EOF\n")
    assert list(parse_openmetrics(answer.text))


def test_a_long_answer_is_compressed_when_asked_for(carrier: str) -> None:
    answer = ask(carrier, **{"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) / 5
    assert answer.text == ask(carrier).text


def test_a_head_request_gets_the_headers_only(carrier: str) -> None:
    answer = ask(carrier, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(ask(carrier).content)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(carrier: str, method: str) -> None:
    answer = ask(carrier, method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.fixture
def theirs() -> prometheus_client.CollectorRegistry:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("own_things", "The user's own.", registry=registry).inc(5)
    return registry


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text"])
def test_the_users_own_prometheus_client_metrics_stand_on_the_same_page(
    theirs: prometheus_client.CollectorRegistry, accept: str
) -> None:
    answer = over_asgi(metrics_app(registry_with_samples(), also=theirs), accept=accept)
    assert "own_things_total 5.0" in answer.text
    if "openmetrics" in accept:
        assert answer.text.count("# EOF") == 1
        families = {family.name for family in parse_openmetrics(answer.text)}
    else:
        families = {name for name, _ in samples_of(answer.text)}
    assert {name for name in families if name.startswith("own_things")}
    assert {name for name in families if name.startswith(names.EXTRACTION_DURATION)}


def test_a_collector_of_theirs_that_fails_makes_the_scrape_fail_visibly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing:
        def collect(self) -> Iterator[object]:
            raise RuntimeError("their collector")
            yield

    answer = over_asgi(metrics_app(registry_with_samples(), also=Failing()))
    assert answer.status_code == 500
    assert "RuntimeError" in answer.text
    assert "their collector" not in answer.text
    assert "their collector" in caplog.text
    with start_metrics_server(registry_with_samples(), also=Failing()) as server:
        assert httpx.get(server.url).status_code == 500


def test_a_scrape_shows_what_happened_since_the_last_one() -> None:
    registry, monitor = monitored()
    app = metrics_app(registry)
    key = names.EXTRACTION_DURATION + "_count"

    def total() -> float:
        return sum(n for (name, _), n in samples_of(over_asgi(app).text).items() if name == key)

    assert total() == 0
    monitor.record(0.1)
    assert total() == 1


def test_an_app_served_on_its_own_answers_the_lifespan_and_refuses_websockets() -> None:
    app = metrics_app(Registry())
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(app({"type": "websocket"}, receive, send))  # type: ignore[arg-type]


def test_a_closed_server_frees_its_port_and_closes_twice_without_complaint() -> None:
    server = start_metrics_server(registry_with_samples())
    server.close()
    server.close()
    with socket.create_server(("127.0.0.1", server.port)):
        pass


def test_a_taken_port_is_an_error_of_the_caller() -> None:
    with start_metrics_server(Registry()) as server, pytest.raises(OSError, match="in use"):
        start_metrics_server(Registry(), port=server.port)


def test_a_client_that_sends_nothing_keeps_nobody_waiting() -> None:
    with (
        start_metrics_server(registry_with_samples()) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert httpx.get(server.url, timeout=5).status_code == 200


def test_the_server_speaks_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with start_metrics_server(registry_with_samples(), address="::1") as server:
        assert httpx.get(server.url).status_code == 200
