# ruff: noqa: N999, ARG001 - gunicorn's own name for the file, and its own arguments
"""How gunicorn runs the service: two uvicorn workers that share a folder in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import featurewatch

wsgi_app = "web_service.app:create_app()"
chdir = str(Path(__file__).parent.parent)
worker_class = "uvicorn_worker.UvicornWorker"
bind = os.environ.get("WEB_SERVICE_BIND", "127.0.0.1:8008")
workers = int(os.environ.get("WEB_SERVICE_WORKERS", "2"))

# One folder per start of the service; the workers inherit it.
shared = os.environ.setdefault("WEB_SERVICE_SHARED", tempfile.mkdtemp(prefix="web-service-"))


def child_exit(server: Any, worker: Any) -> None:
    """A worker has ended, in whatever way: add up what it left."""
    featurewatch.gather_ended(shared)
