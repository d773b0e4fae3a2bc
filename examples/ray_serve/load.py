"""A bounded load: requests when they are due, for as long as it was told, never more than so many at once."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field

import httpx

SYMBOLS = ("SP500", "NASDAQ", "VIX", "WTI")
MOST_IN_FLIGHT = 200


@dataclass
class Tally:
    """What came of it."""

    answered: int = 0
    failed: int = 0
    not_sent: int = 0
    """Requests that were due while too many waited for their answers."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from when a request was due to its answer."""

    def as_text(self) -> str:
        ordered = sorted(self.latencies)
        p95 = f"p95 {ordered[int(0.95 * (len(ordered) - 1))] * 1000:.1f} ms" if ordered else "no answer"
        return f"answered {self.answered}, failed {self.failed}, not sent {self.not_sent}, {p95}"


def run(url: str, rate: float, seconds: float) -> Tally:
    """Ask `rate` times a second for `seconds`."""
    return asyncio.run(_run(url, rate, seconds))


async def _run(url: str, rate: float, seconds: float) -> Tally:
    tally = Tally()
    waiting: set[asyncio.Task[None]] = set()
    begin = time.monotonic()
    symbols = itertools.cycle(SYMBOLS)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        for turn in range(int(rate * seconds)):
            due = begin + turn / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(waiting) >= MOST_IN_FLIGHT:
                tally.not_sent += 1
                continue
            task = asyncio.create_task(_ask(http, url, next(symbols), due, tally))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        if waiting:
            await asyncio.wait(waiting)
    return tally


async def _ask(http: httpx.AsyncClient, url: str, symbol: str, due: float, tally: Tally) -> None:
    try:
        (await http.get(url, params={"symbol": symbol})).raise_for_status()
    except httpx.HTTPError:
        tally.failed += 1
    else:
        tally.answered += 1
        tally.latencies.append(time.monotonic() - due)
