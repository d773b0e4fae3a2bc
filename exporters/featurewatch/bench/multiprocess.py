"""Recording in multi-process mode with four threads: ours, and prometheus_client's.

prometheus_client chooses its mode by an environment variable that it reads when it is imported, and either mode keeps
threads of its own; so each side runs in a process of its own, both of them in every round, order reversed in between.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

from featurewatch import ExtractionMonitor, MultiprocessRegistry, names
from featurewatch.bench.rounds import interleaved, median_ratio
from featurewatch.bench.verdict import Row

THREADS = 4
CALLS = 20_000
LABELS = (names.SERVICE, names.EXTRACTOR, names.SERVED_FROM, names.OUTCOME)

Record = Callable[[float, str], object]


def rows(rounds: int) -> list[Row]:
    """The row, or none when prometheus_client is not installed."""
    if find_spec("prometheus_client") is None:
        return []
    sides = {"ours": lambda: _cost("ours"), "theirs": lambda: _cost("theirs")}
    costs = interleaved(sides, max(3, rounds // 10))
    ours, theirs = (sorted(costs[side])[len(costs[side]) // 2] for side in ("ours", "theirs"))
    ratio = median_ratio(costs["theirs"], costs["ours"])
    note = f"{ours:.0f} ns against {theirs:.0f} ns"
    return [Row(f"multi-process, {THREADS} threads, against prometheus_client", ratio, "x", note, 20.0, "at least")]


def _cost(side: str) -> float:
    """Nanoseconds per record beyond an empty call, measured in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "featurewatch.bench.multiprocess", side, folder]
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": folder}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        return float(json.loads(done.stdout))


def _ours(folder: str) -> Record:
    registry = MultiprocessRegistry(folder)
    record = ExtractionMonitor("e", service="s", registry=registry).record
    registry.share(take_part=True)  # from now on each fold writes to the folder, as in a process that has long run

    def ours(seconds: float, source: str) -> None:
        record(seconds, served_from=source)  # type: ignore[arg-type]  # one of the three

    return ours


def _theirs(_: str) -> Record:
    client = import_module("prometheus_client")
    registry = client.CollectorRegistry()
    buckets = names.DURATION_EDGES_SECONDS
    histogram = client.Histogram("peer_seconds", "Peer.", LABELS, registry=registry, buckets=buckets)
    lookups = client.Counter("peer_lookups", "Peer.", (*LABELS[:2], "result"), registry=registry)

    def theirs(seconds: float, source: str) -> None:
        histogram.labels("s", "e", source, "success").observe(seconds)
        lookups.labels("s", "e", "hit" if source == "cache" else "miss").inc()

    return theirs


def _nanoseconds(record: Record) -> float:
    """Wall time over all calls of all threads; the best of three, the first of which warms up."""

    def work() -> None:
        for _ in range(CALLS // 2):
            record(0.1, "compute")
            record(0.01, "cache")

    taken = []
    for _ in range(3):
        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        started = perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken.append((perf_counter() - started) / (THREADS * CALLS) * 1e9)
    return min(taken)


def main(side: str, folder: str) -> None:
    """Print the cost of one side."""
    bare = _nanoseconds(lambda _seconds, _source: None)
    print(json.dumps(_nanoseconds((_ours if side == "ours" else _theirs)(folder)) - bare))


if __name__ == "__main__":
    main(*sys.argv[1:])
