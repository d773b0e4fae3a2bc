"""The metrics endpoint of a process that has no web server of its own."""

from __future__ import annotations

import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from featurewatch.measure.registry import Registry
from featurewatch.measure.scrape import OtherRegistry, Scrapes, failure

log = logging.getLogger("featurewatch")

SLOWEST_CLIENT_SECONDS = 10.0


class MetricsServer:
    """Serves a registry from a daemon thread until `close()`. Also a context manager."""

    def __init__(self, scrapes: Scrapes, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = type("Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})
        self._server: ThreadingHTTPServer = server((address, port), _handler(scrapes))
        self.address = address
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="featurewatch-metrics", kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Stop serving and free the port. Safe to call twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_metrics_server(
    registry: Registry, port: int = 0, address: str = "127.0.0.1", *, also: OtherRegistry | None = None
) -> MetricsServer:
    """Serve the registry over HTTP at every path, from a thread.

    Port 0 takes a free one, found in `.port`. The default address is reachable from this machine only; give `0.0.0.0`
    or `::` for the network. OSError when the port is taken. A forked child does not serve.
    """
    return MetricsServer(Scrapes(registry, also), address, port)


def _handler(scrapes: Scrapes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "featurewatch"
        sys_version = ""
        timeout = SLOWEST_CLIENT_SECONDS

        def _answer(self) -> None:
            try:
                accept = ",".join(self.headers.get_all("Accept", ()))
                encoding = ",".join(self.headers.get_all("Accept-Encoding", ()))
                answer = scrapes.answer(self.command, accept, encoding)
            except Exception as error:  # a collector of the other registry, most likely
                log.exception("featurewatch could not answer a scrape")
                answer = failure(error)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if self.command not in ("GET", "HEAD"):
                # Its body was not read, so the connection cannot carry another request.
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay silent: scrapes are no news."""

    return Handler
