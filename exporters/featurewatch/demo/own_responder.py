"""A responder for the length of a story, with a history, an audit and secrets of its own."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from featurewatch.demo.ending import end
from featurewatch.demo.errors import StoryError
from featurewatch.native.ports import LOOPBACK, free_port
from featurewatch.responder.client import TOKEN_VARIABLE, URL_VARIABLE, Responder, Where

END_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Own:
    """It runs."""

    responder: Responder
    environment: Mapping[str, str]
    """With which the command line finds it."""


@contextmanager
def running(folder: Path, alertmanager: str, prometheus: str, authority: Path | None = None) -> Iterator[Own]:
    """One that does what `objectives.yaml` in `folder` declares, until the end of the block. It trusts `authority`
    as Alertmanager and Prometheus. Raises StoryError."""
    token = secrets.token_urlsafe(32)
    (folder / "token").write_text(token)
    (folder / "audit_key").write_text(secrets.token_hex(32))
    port = free_port()
    argv = (
        *(sys.executable, "-m", "featurewatch.demo.tethered", "featurewatch.responder", "--port", str(port)),
        *("--database", f"sqlite:///{folder / 'history.db'}", "--token", f"story:admin:{folder / 'token'}"),
        *("--alertmanager", alertmanager, "--prometheus", prometheus),
        *(("--tls-ca-file", str(authority)) if authority else ()),
        *("--reconcile-seconds", "1", "--grace-seconds", "5", "--look-back-seconds", "60"),
        *("--objectives", str(folder / "objectives.yaml"), "--secrets", str(folder)),
        *("--audit-key-file", str(folder / "audit_key"), "--audit-anchor", str(folder / "anchor")),
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            argv, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://{LOOPBACK}:{port}"
    try:
        _ready(url, process, folder / "log")
        with Responder(Where(url, token)) as responder:
            yield Own(responder, {URL_VARIABLE: url, TOKEN_VARIABLE: str(folder / "token")})
    finally:
        end(process, END_SECONDS)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise StoryError(f"the story's responder does not start: {log.read_text(errors='replace')[-500:]}")
