"""Figures of the native stack: resident memory when idle, seconds to ready, breach to delivery.

`make figures` prints them; docs/figures.md says what was seen. The stack runs on ports and in a folder of its own, so
one that is up already is left alone. RUNS=10 in the environment tells the slow story that often.
"""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from featurewatch.deployment import PORT_VARIABLES
from featurewatch.native.parts import Ports
from featurewatch.native.ports import free_port
from featurewatch.project import STATE_VARIABLE, TOOLS_VARIABLE, find

IDLE_SECONDS = 60.0
"""How long the idle stack is left alone before its memory is read."""


def main() -> int:
    """0 when everything could be measured."""
    runs = int(os.environ.get("RUNS", "1"))
    with tempfile.TemporaryDirectory(prefix="featurewatch-figures-") as folder:
        ports = Ports(*(free_port() for _ in dataclasses.fields(Ports)))
        moved = {variable: str(getattr(ports, name)) for name, variable in PORT_VARIABLES.items()}
        tools = str(find(Path.cwd(), os.environ).tools)
        where = {**os.environ, **moved, STATE_VARIABLE: folder, TOOLS_VARIABLE: tools}
        try:
            _idle(where)
            _stories(where, runs)
        finally:
            _run(where, "down")
    return 0


def _idle(where: dict[str, str]) -> None:
    began = time.monotonic()
    _run(where, "up", "--runtime", "native", "--without-example")
    print(f"seconds to ready, without the example: {time.monotonic() - began:.1f}")
    time.sleep(IDLE_SECONDS)
    rows = json.loads(_run(where, "status", "--json"))
    for row in rows:
        print(f"  {row['part']:<14}{row['rss_bytes'] / 1e6:>6.0f} MB")
    print(f"resident memory after {IDLE_SECONDS:g} s: {sum(row['rss_bytes'] for row in rows) / 1e6:.0f} MB")


def _stories(where: dict[str, str], runs: int) -> None:
    _run(where, "up", "--runtime", "native")
    totals = []
    for _ in range(runs):
        timeline = json.loads(_run(where, "demo", "slow", "--json"))
        totals.append(timeline["breakdown"]["total"])
        print(f"  breach to the last message: {totals[-1]:.1f} s")
    print(f"of {runs} runs: median {statistics.median(totals):.1f} s, worst {max(totals):.1f} s")


def _run(where: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "featurewatch.cli", *arguments]
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"featurewatch {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
