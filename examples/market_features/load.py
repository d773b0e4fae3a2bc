"""A bounded load generator: `python -m market_features.load --url http://127.0.0.1:8000 --rate 60 --seconds 120`.

Open loop: requests are sent when they are due, whether or not earlier ones have been answered, and each one's latency
counts from when it was due. A slow service so gets the load that it would get from independent callers, and no
waiting is left out of the figures. It ends by itself at the end of its time or of its count; SIGINT or SIGTERM ends
it early, with its summary.

Exit status: 0 when the service answered at least once, 1 when it never did, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import datetime
import json
import math
import signal
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from .traffic import Ask, Listed, asks

MOST_PER_SECOND: Final = 2_000.0
MOST_SECONDS: Final = 86_400.0
MOST_REQUESTS: Final = 10_000_000
MOST_IN_FLIGHT: Final = 1_000
"""Requests waiting for an answer at one time. What is due beyond that is not sent, but counted as an error."""

QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send, and the bounds at which to stop."""

    url: str
    rate: float = 60.0
    """Requests a second."""
    seconds: float = 120.0
    count: int | None = None
    """Requests after which to stop, even when there is time left."""
    seed: int = 1
    answer_seconds: float = 5.0
    """How long to wait for an answer."""


@dataclass(slots=True)
class Tally:
    """What came of the requests."""

    sent: int = 0
    """Requests that were due, dropped ones among them."""
    seconds: float = 0.0
    """From the first request being due to the end of sending."""
    latencies: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from being due to a good answer's last byte."""
    served_from: collections.Counter[str] = field(default_factory=collections.Counter)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)
    answered: bool = False
    """Whether the service answered at all, be it with an error."""

    def as_mapping(self) -> Mapping[str, object]:
        """The summary as plain data; latencies in seconds, null when no request succeeded."""
        ordered = sorted(self.latencies)
        return {
            "sent": self.sent,
            "ok": len(ordered),
            "errors": dict(self.errors),
            "seconds": round(self.seconds, 3),
            "rate": round(self.sent / self.seconds, 2) if self.seconds > 0 else None,
            "served_from": dict(self.served_from),
            "latency_seconds": {_quantile_name(q): _quantile(ordered, q) if ordered else None for q in QUANTILES},
        }

    def as_text(self) -> str:
        """The summary for people, one line per question."""
        ordered = sorted(self.latencies)
        good = len(ordered)
        rate = f"{self.sent / self.seconds:.1f}/s" if self.seconds > 0 else "no time"
        sources = ", ".join(f"{name} {n} ({n / good:.1%})" for name, n in sorted(self.served_from.items()))
        kinds = ", ".join(f"{name} {n}" for name, n in self.errors.most_common())
        latencies = ", ".join(f"{_quantile_name(q)} {_quantile(ordered, q) * 1e3:.1f} ms" for q in QUANTILES if ordered)
        return (
            f"sent         {self.sent} in {self.seconds:.1f} s ({rate})\n"
            f"ok           {good}\n"
            f"errors       {self.errors.total()}{f' ({kinds})' if kinds else ''}\n"
            f"served from  {sources or '-'}\n"
            f"latency      {latencies or '-'}\n"
        )


async def run(
    plan: Plan,
    stop: asyncio.Event | None = None,
    client: httpx.AsyncClient | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Tally:
    """Sends the plan's requests until a bound is reached or `stop` is set, and waits for the answers still due.

    The time bound counts from the call, so a service that is not there yet is waited for within it.
    """
    stop = asyncio.Event() if stop is None else stop
    tally = Tally()
    end = clock() + plan.seconds
    limits = httpx.Limits(max_connections=MOST_IN_FLIGHT, max_keepalive_connections=64)
    # trust_env: a proxy from the environment has no business between a load generator and its target.
    own = httpx.AsyncClient(base_url=plan.url, timeout=plan.answer_seconds, limits=limits, trust_env=False)
    async with own if client is None else contextlib.nullcontext(client) as http:
        listed = await _listed(http, tally, end, stop, clock)
        if listed:
            await _send(http, plan, asks(listed, plan.seed), tally, end, stop, clock)
    return tally


async def _listed(
    http: httpx.AsyncClient, tally: Tally, end: float, stop: asyncio.Event, clock: Callable[[], float]
) -> list[Listed]:
    """The symbols that the service has, asked for until it answers or the time is over."""
    day = datetime.date.fromisoformat
    while not stop.is_set() and (left := end - clock()) > 0:
        try:
            answer = await http.get("/symbols", timeout=left)
            tally.answered = True
            rows = answer.raise_for_status().json()
            return [Listed(row["symbol"], day(row["first"]), day(row["last"])) for row in rows]
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            tally.errors[f"symbols: {_kind(error)}"] += 1
        await _wait(min(0.25, end - clock()), stop)
    return []


async def _send(
    http: httpx.AsyncClient,
    plan: Plan,
    wanted: Iterator[Ask],
    tally: Tally,
    end: float,
    stop: asyncio.Event,
    clock: Callable[[], float],
) -> None:
    begin = clock()
    count = MOST_REQUESTS if plan.count is None else plan.count
    in_flight: set[asyncio.Task[None]] = set()
    while tally.sent < count and not stop.is_set():
        due = begin + tally.sent / plan.rate
        if due >= end:
            await _wait(end - clock(), stop)
            break
        await _wait(due - clock(), stop)
        if stop.is_set():
            break
        tally.sent += 1
        ask = next(wanted)
        if len(in_flight) >= MOST_IN_FLIGHT:
            tally.errors["not sent: too many in flight"] += 1
            continue
        task = asyncio.create_task(_ask(http, ask, due, tally, clock))
        in_flight.add(task)
        task.add_done_callback(in_flight.discard)
    tally.seconds = clock() - begin
    if in_flight:
        # Each ends by itself: its answer or the client's time limit.
        await asyncio.wait(in_flight)


async def _ask(http: httpx.AsyncClient, ask: Ask, due: float, tally: Tally, clock: Callable[[], float]) -> None:
    try:
        answer = await http.get(f"/features/{ask.symbol}", params={"asof": ask.asof.isoformat()})
        tally.answered = True
        served_from = str(answer.raise_for_status().json()["served_from"])
    except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        tally.errors[_kind(error)] += 1
    else:
        tally.latencies.append(clock() - due)
        tally.served_from[served_from] += 1


async def _wait(seconds: float, stop: asyncio.Event) -> None:
    """Waits that long or until `stop` is set; a time already past only lets the others have a turn."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _kind(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def _quantile(ordered: Sequence[float], q: float) -> float:
    """The smallest value that at least a share `q` of the values does not exceed."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def _quantile_name(q: float) -> str:
    return "max" if q == 1.0 else f"p{q * 100:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Prints a summary and returns the exit status."""
    parser = argparse.ArgumentParser(prog="market_features.load", description="Load for the market-features service.")
    plain = Plan("")
    parser.add_argument("--url", required=True, help="where the service is, such as http://127.0.0.1:8000")
    parser.add_argument("--rate", type=_up_to(MOST_PER_SECOND), default=plain.rate, help="requests a second")
    parser.add_argument("--seconds", type=_up_to(MOST_SECONDS), default=plain.seconds, help="when to stop")
    parser.add_argument("--count", type=int, help="stop after so many requests, even if there is time left")
    parser.add_argument("--seed", type=int, default=plain.seed, help="another seed, other requests")
    parser.add_argument("--answer-seconds", type=_up_to(60.0), default=plain.answer_seconds, help="when to give up one")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON, latencies in seconds")
    chosen = parser.parse_args(arguments)
    if chosen.count is not None and not 1 <= chosen.count <= MOST_REQUESTS:
        parser.error(f"argument --count: takes a whole number from 1 to {MOST_REQUESTS}")
    if not chosen.url.startswith(("http://", "https://")):
        parser.error("argument --url: takes an address that begins with http:// or https://")
    plan = Plan(chosen.url, chosen.rate, chosen.seconds, chosen.count, chosen.seed, chosen.answer_seconds)
    tally = asyncio.run(_until_told_to_stop(plan))
    sys.stdout.write(json.dumps(tally.as_mapping()) + "\n" if chosen.json else tally.as_text())
    if not tally.answered:
        sys.stderr.write(f"{plan.url} never answered; is the service running there?\n")
        return 1
    return 0


async def _until_told_to_stop(plan: Plan) -> Tally:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await run(plan, stop)


def _up_to(most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not 0.0 < value <= most:
            raise argparse.ArgumentTypeError(f"takes a number above 0 and up to {most:g}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
