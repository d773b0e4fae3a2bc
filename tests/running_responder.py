"""A responder on a free port of this machine, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI


@contextmanager
def running(app: FastAPI, token: str) -> Iterator[httpx.Client]:
    """A client that calls it with the token."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the responder did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"authorization": f"Bearer {token}"}
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
