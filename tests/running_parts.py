"""Prometheus, Alertmanager and the responder as processes that a test may kill and start again."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx

from featurewatch.tools.alertmanager import Launch
from featurewatch.yaml_text import dump

TOKEN = "a-token-of-the-tests"
READY_SECONDS = 60.0


@dataclass
class Part:
    """One process, and how to start it again."""

    argv: Sequence[str]
    cwd: Path
    log: Path
    ready_url: str
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.argv), cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.argv[0]} ended:\n{self.log.read_text()[-2000:]}"
            try:
                if httpx.get(self.ready_url, timeout=5, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{self.argv[0]} is not ready:\n{self.log.read_text()[-2000:]}")


@contextmanager
def running(part: Part) -> Iterator[Part]:
    try:
        part.start()
        part.wait_until_ready()
        yield part
    finally:
        part.kill()


@contextmanager
def alertmanager(launch: Launch, folder: Path, config: Mapping[str, object], port: int, *more: str) -> Iterator[Part]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "alertmanager.yaml"
    file.write_text(dump(config), encoding="utf-8")
    arguments = (
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--data.maintenance-interval=1s",
        *more,
    )
    url = f"http://127.0.0.1:{port}/-/ready"
    with running(Part((*launch.argv, *arguments), launch.cwd or folder, folder / "log", url)) as part:
        yield part


def alertmanager_configuration(hook: str) -> dict[str, object]:
    """Everything at once to one address."""
    return {
        "route": {
            "receiver": "hook",
            "group_by": ["alertname", "service"],
            "group_wait": "500ms",
            "group_interval": "1s",
            "repeat_interval": "4h",
        },
        "receivers": [{"name": "hook", "webhook_configs": [{"send_resolved": True, "url": hook}]}],
    }


@contextmanager
def prometheus(binary: Path, folder: Path, config: Mapping[str, object], port: int) -> Iterator[Part]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prometheus.yaml"
    file.write_text(dump(config), encoding="utf-8")
    argv = (
        str(binary),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=5s",
        "--web.enable-lifecycle",
    )
    with running(Part(argv, folder, folder / "log", f"http://127.0.0.1:{port}/-/ready")) as part:
        yield part


@contextmanager
def responder(folder: Path, port: int, *more: str, database: str | None = None) -> Iterator[Part]:
    folder.mkdir(parents=True, exist_ok=True)
    token = folder / "token"
    token.write_text(TOKEN)
    argv = (
        *(sys.executable, "-m", "featurewatch.responder", "--port", str(port)),
        *("--database", database or f"sqlite:///{folder / 'history.db'}"),
        *("--token", f"alertmanager:operator:{token}"),
        *more,
    )
    with running(Part(argv, folder, folder / "log", f"http://127.0.0.1:{port}/-/ready")) as part:
        yield part


class Hook:
    """Receives what Alertmanager sends, and keeps it."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        received = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(json.loads(body) | {"path": self.path, "at": time.time()})
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
