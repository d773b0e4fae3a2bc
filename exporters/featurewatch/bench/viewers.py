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
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from featurewatch import names

CONNECTIONS: Final = 6
"""As many as a browser opens to one server."""
JITTER_SECONDS: Final = 0.4
STEP_SECONDS: Final = 2
SHOWN_SECONDS: Final = 900


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
    before = counted(given.url)
    times = asyncio.run(_all(given.url, questions, given.viewers, given.refreshes, given.every))
    asked, sent = (after - was for after, was in zip(counted(given.url), before, strict=True))
    alone = len(questions) * given.refreshes
    print(f"{given.viewers} viewers, {len(questions)} queries each, every {given.every:g} s, {given.refreshes} times")
    print(f"a refresh takes p50 {statistics.median(times):.2f} s, p95 {statistics.quantiles(times, n=20)[-1]:.2f} s")
    print(f"asked {asked:.0f}, sent to Prometheus {sent:.0f} ({sent / alone:.2f} times what one viewer costs)")
    return 0


def asked_by(board: dict[str, Any]) -> list[tuple[bool, str]]:
    """(whether for one moment, expression) of every query of a dashboard, with all that there is chosen."""
    service = next((v["current"]["value"] for v in board["templating"]["list"] if v["name"] == "service"), ".*")
    values = {"$service": str(service), "$extractor": ".*", "$__rate_interval": "60s", "$__range": f"{SHOWN_SECONDS}s"}
    found = []
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for name, value in values.items():
                expr = expr.replace(name, value)
            found.append((bool(target.get("instant")), expr))
    return found


def counted(url: str) -> tuple[float, float]:
    """Questions asked of the preview and sent by it, since it was started."""
    with urlopen(f"{url}/metrics/", timeout=10) as answer:  # noqa: S310 - an address we were given
        lines = answer.read().decode().splitlines()
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    return float(values[names.PREVIEW_QUERIES_ASKED]), float(values[names.PREVIEW_QUERIES_SENT])


async def _all(url: str, questions: list[tuple[bool, str]], viewers: int, refreshes: int, every: float) -> list[float]:
    each = await asyncio.gather(*(_viewer(url, questions, refreshes, every) for _ in range(viewers)))
    return [seconds for times in each for seconds in times]


async def _viewer(url: str, questions: list[tuple[bool, str]], refreshes: int, every: float) -> list[float]:
    parts = urlsplit(url)
    pool = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(CONNECTIONS)]
    times = []
    for _ in range(refreshes):
        await asyncio.sleep(every - time.time() % every + random.uniform(0, JITTER_SECONDS))  # noqa: S311 - no secret
        began = time.perf_counter()
        left = [_path(instant, expr, time.time()) for instant, expr in questions]
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


def _path(instant: bool, expr: str, now: float) -> str:
    if instant:
        return "/api/prom/api/v1/query?" + urlencode({"query": expr})
    end = int(now // STEP_SECONDS * STEP_SECONDS)
    span = {"query": expr, "start": end - SHOWN_SECONDS, "end": end, "step": STEP_SECONDS}
    return "/api/prom/api/v1/query_range?" + urlencode(span)


if __name__ == "__main__":
    sys.exit(main())
