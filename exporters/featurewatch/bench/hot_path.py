# ruff: noqa: ARG001 - all variants take the same arguments, used or not, so that calling them costs the same
"""What measuring costs: `python -m featurewatch.bench.hot_path`.

Every figure in "x floor" is the cost over the bare call, divided by the cost of the least that could measure anything:
two clock readings and a list append. That ratio holds from machine to machine; nanoseconds do not. Exits with 1 when a
goal is missed by more than 15 %.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

import featurewatch
from featurewatch import names
from featurewatch.bench import multiprocess, peers
from featurewatch.bench.kinds import kind_rows
from featurewatch.bench.memory import memory_rows
from featurewatch.bench.rounds import Call, Inputs, interleaved, median_ratio, nanoseconds_per_call, over, seconds
from featurewatch.bench.verdict import Row, failed, table
from featurewatch.measure.exposition import TextExposition
from featurewatch.measure.histogram import DEFAULT_BUFFER, Histogram
from featurewatch.measure.monitor import DURATION
from featurewatch.measure.native import NativeHistogram

CALLS = 2_000
LABEL_SETS = 1_000
EDGES = names.DURATION_EDGES_SECONDS

BARE, FLOOR = "bare call", "floor: 2 perf_counter + 1 append"
DECORATED = "@measure: duration, error type, mark possible"
MARKED = "@measure(mark=True), outcome marked by the body"
MARKED_ANYWHERE = "@measure, outcome marked by served_from()"
RAISING, BARE_RAISING = "@measure, the call raises", "bare call that raises"
RECORD = "record(seconds, served_from=, error=)"
BLOCK = "with extraction(), outcome set"
IN_PROGRESS = "@measure with in_progress=True"
NATIVE = "@measure with native=True"
EXEMPLARS = "@measure with exemplars, the trace at hand"


def inputs(count: int) -> Inputs:
    """Half served from the cache, 5 % from a fallback, 1 % failed."""
    draw = random.Random(7)  # noqa: S311 - repeatable, not secret
    sources = draw.choices(("compute", "cache", "fallback"), (45, 50, 5), k=count)
    return [(1.0, source, "TimeoutError" if draw.random() < 0.01 else None) for source in sources]


def variants(
    monitor: featurewatch.ExtractionMonitor, registry: featurewatch.Registry, kept: list[float]
) -> dict[str, Call]:
    """The same bare call, measured in each way; `kept` is where the floor appends."""
    gauged = featurewatch.ExtractionMonitor("gauged", service="bench", registry=registry, in_progress=True)
    native = featurewatch.ExtractionMonitor("native", service="bench", registry=registry, native=True)
    traced = featurewatch.ExtractionMonitor(
        "traced", service="bench", registry=registry, exemplars=lambda: (1 << 100, 1 << 50)
    )
    append, record, extraction = kept.append, monitor.record, monitor.extraction
    served_from = featurewatch.served_from

    def bare(value: float, source: str, error: str | None) -> float:
        return value

    def floor(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        append(perf_counter() - started)
        return result

    @monitor.measure
    def decorated(value: float, source: str, error: str | None) -> float:
        return value

    @monitor.measure(mark=True)
    def marked(extraction: featurewatch.Extraction, value: float, source: str, error: str | None) -> float:
        extraction.served_from = source  # type: ignore[assignment]  # one of the three
        return value

    @monitor.measure
    def marked_anywhere(value: float, source: str, error: str | None) -> float:
        served_from(source)  # type: ignore[arg-type]  # one of the three
        return value

    @gauged.measure
    def in_progress(value: float, source: str, error: str | None) -> float:
        return value

    @native.measure
    def native_too(value: float, source: str, error: str | None) -> float:
        return value

    @traced.measure
    def exemplars_too(value: float, source: str, error: str | None) -> float:
        return value

    def recorded(value: float, source: str, error: str | None) -> float:
        started = perf_counter()
        result = value
        record(perf_counter() - started, served_from=source, error=error)  # type: ignore[arg-type]
        return result

    def block(value: float, source: str, error: str | None) -> float:
        with extraction() as current:
            current.served_from = source  # type: ignore[assignment]
            if error:
                current.failed(error)
            return value

    def raises(value: float, source: str, error: str | None) -> float:
        raise TimeoutError

    measured_raises = monitor.measure(raises)

    def bare_raising(value: float, source: str, error: str | None) -> float:
        try:
            return raises(value, source, error)
        except TimeoutError:
            return value

    def raising(value: float, source: str, error: str | None) -> float:
        try:
            return measured_raises(value, source, error)
        except TimeoutError:
            return value

    return {
        BARE: bare,
        FLOOR: floor,
        DECORATED: decorated,
        MARKED: marked,
        MARKED_ANYWHERE: marked_anywhere,
        RECORD: recorded,
        BLOCK: block,
        IN_PROGRESS: in_progress,
        NATIVE: native_too,
        EXEMPLARS: exemplars_too,
        BARE_RAISING: bare_raising,
        RAISING: raising,
    }


def cost_rows(monitor: featurewatch.ExtractionMonitor, registry: featurewatch.Registry, rounds: int) -> list[Row]:
    """Cost over the bare call, for our ways and for the peers', all in the same rounds."""
    others = peers.available(EDGES)
    kept: list[float] = []
    ways = {**variants(monitor, registry, kept), **others}
    # Emptied before each round: a list that grows for ever would pay for fresh memory and flatter us.
    times = nanoseconds_per_call(ways, inputs(CALLS), rounds, before_each=kept.clear)
    cost = {name: over(times, name, BARE_RAISING if name is RAISING else BARE) for name in times}
    typical = {name: median(values) for name, values in cost.items()}

    def row(name: str, goal: float | None = None) -> Row:
        return Row(name, median_ratio(cost[name], cost[FLOOR]), "x floor", f"{typical[name]:.0f} ns", goal)

    rows = [
        Row(FLOOR, typical[FLOOR], "ns", f"bare call {median(times[BARE]):.0f} ns"),
        row(DECORATED, 2.0),
        row(MARKED, 4.0),
        row(MARKED_ANYWHERE),
        row(RECORD, 2.6),
        row(BLOCK, 4.5),
        row(IN_PROGRESS, 3.0),
        row(NATIVE),
        row(EXEMPLARS),
        row(RAISING),
        Row("1,000 extractions/s, share of a core", typical[DECORATED] * 1000 / 1e9 * 100, "%", "", 0.2),
        *(row(name) for name in others),
    ]
    for peer, way, goal in (
        (peers.PROMETHEUS_CLIENT, DECORATED, 12.0),
        (peers.PROMETHEUS_CLIENT, RECORD, 9.0),
        (peers.OPENTELEMETRY, DECORATED, 30.0),
    ):
        if peer in others:
            name = f"{peer.partition(':')[0]} against {way.partition('(')[0].partition(':')[0]}"
            rows.append(Row(name, median_ratio(cost[peer], cost[way]), "x", "", goal, "at least"))
    return rows


def async_rows(monitor: featurewatch.ExtractionMonitor, rounds: int) -> list[Row]:
    """A coroutine function against its sync twin."""

    def bare(value: float) -> float:
        return value

    async def bare_async(value: float) -> float:
        return value

    measured, measured_async = monitor.measure(bare), monitor.measure(bare_async)

    def loop(call: Callable[[float], float]) -> Callable[[], float]:
        def run() -> float:
            started = perf_counter()
            for _ in range(CALLS):
                call(1.0)
            return perf_counter() - started

        return run

    def async_loop(call: Callable[[float], Awaitable[float]]) -> Callable[[], float]:
        async def run() -> float:
            started = perf_counter()
            for _ in range(CALLS):
                await call(1.0)
            return perf_counter() - started

        return lambda: asyncio.run(run())

    times = interleaved(
        {
            "bare": loop(bare),
            "measured": loop(measured),
            "bare async": async_loop(bare_async),
            "measured async": async_loop(measured_async),
        },
        rounds,
        CALLS / 1e9,
    )
    sync_cost = over(times, "measured", "bare")
    async_cost = over(times, "measured async", "bare async")
    note = f"{median(async_cost):.0f} ns"
    return [Row("@measure on async def, against its sync twin", median_ratio(async_cost, sync_cost), "x", note, 1.3)]


def fold_rows(rounds: int) -> list[Row]:
    """The one call in `DEFAULT_BUFFER` that folds the buffer: log-normal durations, median 100 ms."""
    draw = random.Random(11)  # noqa: S311 - repeatable, not secret

    def stall(kind: type[Histogram]) -> Callable[[], float]:
        def fold() -> float:
            histogram = kind((), EDGES, refused=lambda *_: None, trouble=lambda _: None)
            histogram.buffer.extend(draw.lognormvariate(-2.3, 0.5) for _ in range(DEFAULT_BUFFER))
            return seconds(histogram.fold)()

        return fold

    stalls = interleaved({"plain": stall(Histogram), "native": stall(NativeHistogram)}, rounds * 5)
    rows = []
    for name, goal in (("plain", 50.0), ("native", None)):
        took = median(stalls[name])
        note = f"{DEFAULT_BUFFER} samples, {took / DEFAULT_BUFFER * 1e9:.0f} ns each"
        label = "longest stall: the call that folds" + (", native=True" if name == "native" else "")
        rows.append(Row(label, took * 1e6, "us", note, goal))
    return rows


def scrape_rows(rounds: int) -> list[Row]:
    """A scrape of one family with many label sets, everything included."""
    registry = featurewatch.Registry()
    family = DURATION
    for number in range(LABEL_SETS):
        labels = (("service", "s"), ("extractor", f"e{number}"), ("served_from", "compute"), ("outcome", "success"))
        histogram = Histogram(labels, EDGES, refused=lambda *_: None, trouble=lambda _: None)
        histogram.append(0.1)
        registry.add(family, histogram)
    exposition = TextExposition(registry)
    scrapes: dict[str, Callable[[], object]] = {"ours": lambda: exposition.render().encode()}
    theirs = peers.prometheus_client_scrape(LABEL_SETS, EDGES)
    if theirs is not None:
        scrapes["theirs"] = theirs
    times = interleaved({name: seconds(call) for name, call in scrapes.items()}, max(3, rounds // 10))
    ours = median(times["ours"]) * 1e3
    rows = [Row(f"scrape of {LABEL_SETS} label sets", ours, "ms", f"{len(EDGES) + 1} buckets each")]
    if theirs is not None:
        name = f"scrape of {LABEL_SETS} label sets, against prometheus_client"
        note = f"{median(times['theirs']) * 1e3:.0f} ms"
        rows.append(Row(name, median_ratio(times["theirs"], times["ours"]), "x", note, 10.0, "at least"))
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m featurewatch.bench.hot_path", description=__doc__)
    parser.add_argument("--rounds", type=int, default=61, help="interleaved repeats per row (default 61)")
    rounds = parser.parse_args(arguments).rounds
    registry = featurewatch.Registry()
    monitor = featurewatch.ExtractionMonitor("bench", service="bench", registry=registry)
    rows = [*cost_rows(monitor, registry, rounds), *async_rows(monitor, rounds), *fold_rows(rounds)]
    rows += [*kind_rows(inputs(CALLS), rounds), *multiprocess.rows(rounds), *scrape_rows(rounds), *memory_rows()]
    sys.stdout.write(table(rows) + "\n")
    return 1 if failed(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
