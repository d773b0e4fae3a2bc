"""Steady traffic on an example, from a process of its own that also ends by itself, and with us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from featurewatch.demo.ending import end

STOP_SECONDS = 10.0
"""What it may take to end; it waits for the answers that are still due, five seconds at most."""


class Traffic:
    """A running load generator."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._process = process
        self._said = said

    @property
    def pid(self) -> int:
        return self._process.pid

    def trouble(self) -> str:
        """Why there is no more traffic; empty while it flows."""
        if self._process.poll() is None:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return f"the load generator ended with status {self._process.returncode}: {lines[-1]}"


def traffic(examples: Path, url: str, rate: float, seconds: float) -> AbstractContextManager[Traffic]:
    """`rate` requests a second on the example extractor at `url`, until the end of the block, and no longer than
    `seconds` whatever happens."""
    options = ("--url", url, "--rate", f"{rate:g}", "--seconds", f"{seconds:g}")
    return running(examples, "market_features.load", *options)


@contextmanager
def running(path: Path, module: str, *options: str) -> Iterator[Traffic]:
    """A load generator: a module below `path`, with what it is told. It ends with the block."""
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "featurewatch.demo.tethered", module, *options],
            env={**os.environ, "PYTHONPATH": str(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield Traffic(process, said)
        finally:
            end(process, STOP_SECONDS)
