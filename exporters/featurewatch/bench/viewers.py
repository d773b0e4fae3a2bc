"""How a preview bears many readers: `python -m featurewatch.bench.viewers http://127.0.0.1:3000 UID`.

Each viewer asks at every refresh what a browser asks for one dashboard, over connections of its own, at the moments
at which browsers do. Printed are the times until the last panel has its answer, and what Prometheus was asked of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from featurewatch import names
from featurewatch.dashboards import promql
from featurewatch.dashboards.check.board import Board
from featurewatch.dashboards.live import _opening_values as opening_values

CONNECTIONS: Final = 6
"""As many as a browser opens to one server."""
JITTER_SECONDS: Final = 0.4
STEP_SECONDS: Final = 2
SHOWN_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a panel, with every variable filled in."""

    panel: str
    instant: bool
    expr: str


@dataclass(frozen=True, slots=True)
class Watching:
    """How many look, how often, and at which stretch of time."""

    viewers: int
    refreshes: int
    every: float
    """Seconds between two refreshes."""
    shown: float = SHOWN_SECONDS
    """Seconds from the left edge of a panel to the right one."""
    ago: float = 0.0
    """Seconds from the right edge to now. Not 0 only for a history that has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, 0. Raises OSError when the preview does not answer."""
    parser = argparse.ArgumentParser(prog="python -m featurewatch.bench.viewers")
    parser.add_argument("url")
    parser.add_argument("uid")
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--refreshes", type=int, default=6)
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    with urlopen(f"{given.url}/api/dashboards/{given.uid}", timeout=10) as answer:  # noqa: S310 - an address we were given
        questions = asked_by(json.load(answer))
    watch(given.url, questions, Watching(given.viewers, given.refreshes, given.every))
    return 0


def watch(url: str, questions: Sequence[Question], watching: Watching) -> list[float]:
    """Look, print what it cost, and return how long each refresh took, in seconds."""
    before = counted(url)
    times = asyncio.run(_all(url, questions, watching))
    asked, sent = (after - was for after, was in zip(counted(url), before, strict=True))
    alone = len(questions) * watching.refreshes
    print(
        f"{watching.viewers} viewers, {len(questions)} queries each, every {watching.every:g} s, "
        f"{watching.refreshes} times"
    )
    print(f"a refresh takes p50 {statistics.median(times):.2f} s, p95 {statistics.quantiles(times, n=20)[-1]:.2f} s")
    print(f"asked {asked:.0f}, sent to Prometheus {sent:.0f} ({sent / alone:.2f} times what one viewer costs)")
    return times


def asked_by(
    board: dict[str, Any], chosen: Mapping[str, str] | None = None, shown: float = SHOWN_SECONDS
) -> list[Question]:
    """Every query that a dashboard sends when it is opened: of panels, not of folded rows. With all that there is
    chosen, unless `chosen` says otherwise (variable to regular expression)."""
    times = {"__rate_interval": "60s", "__interval": f"{STEP_SECONDS}s", "__range": f"{shown:.0f}s"}
    values = {**opening_values(Board(str(board.get("title")), board)), **times, **(chosen or {})}
    values |= {"__range_s": f"{shown:.0f}", "__interval_ms": str(STEP_SECONDS * 1000)}
    return [
        Question(str(panel.get("title")), bool(target.get("instant")), promql.fill(target["expr"], values))
        for panel in board["panels"]
        for target in panel.get("targets", [])
    ]


def counted(url: str) -> tuple[float, float]:
    """Questions asked of the preview and sent by it, since it was started."""
    with urlopen(f"{url}/metrics/", timeout=10) as answer:  # noqa: S310 - an address we were given
        lines = answer.read().decode().splitlines()
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    return float(values[names.PREVIEW_QUERIES_ASKED]), float(values[names.PREVIEW_QUERIES_SENT])


async def _all(url: str, questions: Sequence[Question], watching: Watching) -> list[float]:
    each = await asyncio.gather(*(_viewer(url, questions, watching) for _ in range(watching.viewers)))
    return [seconds for times in each for seconds in times]


async def _viewer(url: str, questions: Sequence[Question], watching: Watching) -> list[float]:
    parts = urlsplit(url)
    pool = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(CONNECTIONS)]
    times = []
    every = watching.every
    for _ in range(watching.refreshes):
        await asyncio.sleep(every - time.time() % every + random.uniform(0, JITTER_SECONDS))  # noqa: S311 - no secret
        began = time.perf_counter()
        left = [path_of(question, watching, time.time()) for question in questions]
        await asyncio.gather(*(_drain(connection, left, parts.netloc) for connection in pool))
        times.append(time.perf_counter() - began)
    for _, writer in pool:
        writer.close()
    return times


async def _drain(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], left: list[str], host: str) -> None:
    """Ask, over one connection, whatever nobody else has asked yet."""
    reader, writer = connection
    while left:
        writer.write(f"GET {left.pop()} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise OSError(head.decode(errors="replace"))
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))


def path_of(question: Question, watching: Watching, now: float, base: str = "/api/prom") -> str:
    """The address that a browser asks for."""
    end = int((now - watching.ago) // STEP_SECONDS * STEP_SECONDS)
    if question.instant:
        # Without a time Prometheus takes its own now, and all who look now ask the same.
        moment = {"time": str(end)} if watching.ago else {}
        return f"{base}/api/v1/query?" + urlencode({"query": question.expr, **moment})
    span = {"query": question.expr, "start": int(end - watching.shown), "end": end, "step": STEP_SECONDS}
    return f"{base}/api/v1/query_range?" + urlencode(span)


if __name__ == "__main__":
    sys.exit(main())
