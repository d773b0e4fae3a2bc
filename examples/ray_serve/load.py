"""A bounded load: requests when they are due, for as long as it was told, never more than so many at once."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import sys
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="ray_serve.load", description="Requests at a steady rate.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="when to stop (default: %(default)s)")
    parser.add_argument("--most", type=int, default=MOST_IN_FLIGHT, help="at the same time (default: %(default)s)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = run(chosen.url, chosen.rate, chosen.seconds, chosen.most)
    sys.stdout.write(f"{tally.as_text()}\n")
    return 0 if tally.answered else 1


def run(url: str, rate: float, seconds: float, most: int = MOST_IN_FLIGHT) -> Tally:
    """Ask `rate` times a second for `seconds`; whoever would be more than `most` at the same time is left out."""
    return asyncio.run(_run(url, rate, seconds, most))


async def _run(url: str, rate: float, seconds: float, most: int) -> Tally:
    tally = Tally()
    waiting: set[asyncio.Task[None]] = set()
    begin = time.monotonic()
    symbols = itertools.cycle(SYMBOLS)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        for turn in range(int(rate * seconds)):
            due = begin + turn / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(waiting) >= most:
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


if __name__ == "__main__":
    sys.exit(main())
