"""An HTTP server that answers as a test scripts it, and keeps what it was asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    at: float


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = "{}"
    after: float = 0.0
    """Seconds until it begins."""
    cut: bool = False
    """Whether the connection ends in the middle of it."""
    drip: float = 0.0
    """Seconds between two bytes of the body."""


class Scripted:
    """`script` is called with each request; the n-th gets what it returns."""

    def __init__(self, script: Callable[[Asked], Answer], port: int = 0) -> None:
        self.asked: list[Asked] = []
        asked, over = self.asked, threading.Event()
        self._over = over

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                one = Asked(self.command, self.path, headers, body, time.monotonic())
                asked.append(one)
                answer = script(one)
                over.wait(answer.after)
                try:
                    self.send_response(answer.status)
                    self.send_header("content-length", str(len(answer.body) + (10 if answer.cut else 0)))
                    self.end_headers()
                    for byte in answer.body.encode() if answer.drip else ():
                        self.wfile.write(bytes([byte]))
                        if over.wait(answer.drip):
                            return
                    if not answer.drip:
                        self.wfile.write(answer.body.encode())
                except OSError:
                    pass  # whoever asked has gone
                if answer.cut:
                    self.close_connection = True

            do_GET = do_PUT = do_POST = do_DELETE = _any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def deaf_port() -> tuple[socket.socket, int]:
    """A port that takes connections and never reads; close the socket at the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, int(listening.getsockname()[1])
