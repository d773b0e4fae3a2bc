"""An inbox in a process of its own, for tests that need one."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

import featurewatch.demo.inbox
from featurewatch.demo.inbox.client import InboxClient

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
_PACKAGE_ROOT = Path(featurewatch.demo.inbox.__file__).parents[3]
_ANNOUNCED = re.compile(r"inbox: mail on 127\.0\.0\.1:(\d+), page and endpoints on (http://\S+)")


@dataclass(frozen=True)
class RunningInbox:
    """A started inbox and the ways to reach it."""

    process: subprocess.Popen[str]
    directory: Path
    smtp_port: int
    url: str
    client: InboxClient

    def post(self, path: str, body: object) -> httpx.Response:
        """Posts JSON, or bytes as they are with the type of JSON."""
        content = body if isinstance(body, bytes) else None
        headers = {"content-type": "application/json"}
        if content is not None:
            return httpx.post(self.url + path, content=content, headers=headers, trust_env=False)
        return httpx.post(self.url + path, json=body, trust_env=False)

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        return httpx.get(self.url + path, params=parameters, trust_env=False)

    def kill(self) -> None:
        """What `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def command(directory: Path, *options: str) -> list[str]:
    """The command line of an inbox on free ports."""
    ports = ("--smtp-port", "0", "--http-port", "0")
    return [sys.executable, "-m", "featurewatch.demo.inbox", "--directory", str(directory), *ports, *options]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_PACKAGE_ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def running_inbox(directory: Path, *options: str) -> Iterator[RunningInbox]:
    """Starts an inbox, and stops it at the end. What it logs goes to `inbox.log` beside its directory."""
    with (
        (directory.parent / "inbox.log").open("ab") as log,
        subprocess.Popen(
            command(directory, *options), stdout=subprocess.PIPE, stderr=log, text=True, env=environment()
        ) as process,
    ):
        try:
            found = _ANNOUNCED.fullmatch(_first_line(process).strip())
            if found is None:
                raise AssertionError(f"the inbox did not start: {(directory.parent / 'inbox.log').read_text()}")
            with InboxClient(found[2]) as client:
                yield RunningInbox(process, directory, int(found[1]), found[2], client)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_line(process: subprocess.Popen[str], seconds: float = 30.0) -> str:
    if process.stdout is None:
        return ""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.1)[0]:
            return process.stdout.readline()
    return ""
