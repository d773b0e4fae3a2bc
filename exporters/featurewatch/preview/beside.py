"""A preview for the length of a `with`, on a free port of this machine, in a thread beside what uses it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from featurewatch.preview.service import create_app
from featurewatch.preview.settings import Settings

START_SECONDS = 20.0


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Yields its address. `address` and `port` of the settings do not count."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Connections outlive the pause between two refreshes, as those of `serving` do.
        app = create_app(settings)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_keep_alive=75)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        end = time.monotonic() + START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        if not server.started:
            raise RuntimeError("the preview did not start")
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
