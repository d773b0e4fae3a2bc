"""A measured deployment on Ray Serve, for the length of a story; nothing of it is left afterwards."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from featurewatch.demo.ending import end
from featurewatch.demo.errors import StoryError
from featurewatch.native.ports import LOOPBACK, free_port

EXTRACTOR: Final = "technical-ray"
"""What the example's extractions are labelled with."""
APPLICATION: Final = "features"
DEPLOYMENT: Final = "SerialFeatures"

WORK_SECONDS: Final = 0.03
"""One extraction has its replica for itself for so long: a replica can do 33 a second."""

MEMORY_NEEDED: Final = 2 * 1024**3
"""Bytes: Ray's own processes take 1.2 GB, a replica 0.15."""

START_SECONDS: Final = 180.0
END_SECONDS: Final = 60.0
TOLD_SECONDS: Final = 10.0
"""Between two lines about a start that takes its time."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where it is."""

    features: str
    """The URL that answers with features."""
    metrics: str
    """host:port of featurewatch's exporter."""
    dashboard: str
    """The URL of Ray's REST API."""
    token: Path
    """What that API wants of whoever calls it."""
    slow: Path
    """While it exists, extractions are slow, however many replicas there are."""


def check() -> None:
    """Whether this machine can. Raises StoryError."""
    if importlib.util.find_spec("ray") is None:
        raise StoryError("this story plays on Ray Serve; install it with: pip install 'featurewatch[ray]'")
    free = psutil.virtual_memory().available
    if free < MEMORY_NEEDED:
        needed, there = (f"{size / 1024**3:.1f} GB" for size in (MEMORY_NEEDED, free))
        raise StoryError(f"Ray needs {needed} of memory and {there} are free; end what is not needed, or add some")


@contextmanager
def serving(root: Path, folder: Path, say: Callable[[str], None]) -> Iterator[Serving]:
    """One replica of the example, from the checkout at `root`; its own files are kept in `folder`. Raises StoryError.

    Should this process be killed, Ray ends as well: it holds on to a pipe that ends with us.
    """
    check()
    features, metrics, dashboard = (free_port() for _ in range(3))
    found = Serving(
        features=f"http://{LOOPBACK}:{features}/features",
        metrics=f"{LOOPBACK}:{metrics}",
        dashboard=f"http://{LOOPBACK}:{dashboard}",
        token=folder / "ray_token",
        slow=folder / "slow",
    )
    found.token.touch(mode=0o600)
    found.token.write_text(secrets.token_hex(32))
    log = folder / "ray.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-m", "examples.ray_serve.serial", "--port", str(features)),
                *("--metrics-port", str(metrics), "--dashboard-port", str(dashboard)),
                *("--seconds", str(WORK_SECONDS), "--slow-while", str(found.slow)),
            ],
            cwd=root,
            env={**os.environ, **_environment(root, found)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # Ctrl-C is for us, who then end it in order.
            start_new_session=True,
        )
    try:
        for url in (found.features, f"http://{found.metrics}/metrics"):
            _wait(process, url, log, say)
        yield found
    finally:
        _end(process)


def _environment(root: Path, found: Serving) -> dict[str, str]:
    return {
        "PYTHONPATH": str(root),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(found.token),
        "RAY_SERVE_LOG_TO_STDERR": "0",
        # On a busy machine a proxy is not broken because it takes its time: Serve would replace it again and again.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
    }


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, say: Callable[[str], None]) -> None:
    began = told = time.monotonic()
    while process.poll() is None and time.monotonic() < began + START_SECONDS:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=10, trust_env=False).is_success:
                return
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            say(f"Ray starts ({told - began:.0f} s; it may take a minute on a busy machine)")
        time.sleep(0.3)
    how = f"ended with status {process.poll()}" if process.poll() is not None else "does not answer"
    lines = log.read_text(errors="replace").strip().splitlines()[-12:]
    raise StoryError("\n  ".join([f"Ray {how}; its last words:", *lines]))


def _end(process: subprocess.Popen[bytes]) -> None:
    own: Collection[psutil.Process] = ()
    with suppress(psutil.NoSuchProcess):
        own = psutil.Process(process.pid).children(recursive=True)
    try:
        end(process, END_SECONDS)
    finally:
        # Ray's processes outlive whoever started them, for a while or for good.
        _, alive = psutil.wait_procs(own, timeout=10)
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(alive, timeout=10)
