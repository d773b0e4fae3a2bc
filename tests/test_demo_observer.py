from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from featurewatch.demo.observer import Prometheus

ALERT = {
    "labels": {"alertname": "TooSlow", "severity": "high"},
    "state": "firing",
    "activeAt": "2026-01-02T03:04:05.123456789Z",
}


@contextmanager
def _answering(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything alike; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def _data(data: object) -> bytes:
    return json.dumps({"status": "success", "data": data}).encode()


def test_alerts_have_the_second_at_which_they_began() -> None:
    with _answering(_data({"alerts": [ALERT]})) as (url, _), Prometheus(url) as prometheus:
        (alert,) = prometheus.alerts()
        assert prometheus.alerts("Another") == []
    assert alert.active_at == pytest.approx(1767323045.123456)
    assert (alert.state, alert.labels["alertname"]) == ("firing", "TooSlow")


def test_a_query_gives_labels_and_values() -> None:
    result = {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1.0, "0.95"]}]}
    with _answering(_data(result)) as (url, asked), Prometheus(url) as prometheus:
        assert prometheus.query("up == 1") == [({"a": "b"}, 0.95)]
    assert parse_qs(urlsplit(asked[0]).query) == {"query": ["up == 1"]}


def test_scrapes_are_those_of_the_services_first_target() -> None:
    result = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1.5, "1"], [3.5, "1"]]}]}
    with _answering(_data(result)) as (url, asked), Prometheus(url) as prometheus:
        assert prometheus.scrapes("market-features", 60) == [1.5, 3.5]
    assert parse_qs(urlsplit(asked[0]).query) == {"query": ['up{job="extractors",service="market-features"}[60s]']}


def test_no_target_has_no_scrapes() -> None:
    with _answering(_data({"result": []})) as (url, _), Prometheus(url) as prometheus:
        assert prometheus.scrapes("x", 60) == []


@pytest.mark.parametrize(("body", "status"), [(b"<html>", 200), (b"[]", 200), (b'{"status": "x"}', 200), (b"", 500)])
def test_whatever_is_not_prometheus_is_an_http_error(body: bytes, status: int) -> None:
    with _answering(body, status) as (url, _), Prometheus(url) as prometheus, pytest.raises(httpx.HTTPError):
        prometheus.alerts()


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with _answering(_data({"alerts": []})) as (url, _), Prometheus(url) as prometheus:
        assert prometheus.alerts() == []
