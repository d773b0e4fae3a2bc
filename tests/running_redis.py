"""A real Redis server for one test, on a socket of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from featurewatch.tools.errors import ToolError
from featurewatch.tools.redis import RedisServer, provide_redis

ROOT = Path(__file__).parent.parent


def redis_binary() -> RedisServer:
    """The server, found or fetched. Without one the test is skipped, but fails in CI."""
    try:
        return provide_redis(ROOT / ".featurewatch" / "tools")
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Redis: {error}")


@contextmanager
def running_redis(*options: str) -> Iterator[str]:
    """The path of the socket that the server listens on."""
    server = redis_binary()
    # Below /tmp by itself: a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="fw-redis-", dir="/tmp"))
    socket = folder / "socket"
    command = [str(server.path), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options],
            env={**os.environ, **server.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(socket, process, folder / "log")
        yield str(socket)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def _wait(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    with redis.Redis(unix_socket_path=str(socket)) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"Redis does not answer: {log.read_text()}") from None
                time.sleep(0.02)
