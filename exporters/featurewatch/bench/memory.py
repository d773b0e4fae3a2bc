"""What a series takes of the memory."""

from __future__ import annotations

import random
import tracemalloc

from featurewatch import names
from featurewatch.bench.verdict import Row
from featurewatch.measure.histogram import DEFAULT_BUFFER, Histogram

EDGES = names.DURATION_EDGES_SECONDS


def memory_rows() -> list[Row]:
    """Bytes of one series: empty after a scrape, and with a full buffer."""
    count = 200
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    made = [Histogram((), EDGES, refused=lambda *_: None, trouble=lambda _: None) for _ in range(count)]
    for histogram in made:
        histogram.append(random.random())  # noqa: S311
        histogram.read()
    empty, _ = tracemalloc.get_traced_memory()
    for histogram in made:
        histogram.buffer.extend(random.random() for _ in range(DEFAULT_BUFFER - 1))  # noqa: S311
    full, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return [
        Row("memory of a series, folded", (empty - before) / count / 1024, "KiB", "", 1.5),
        Row(
            "memory of a series, buffer full", (full - before) / count / 1024, "KiB", f"{DEFAULT_BUFFER} samples", 12.0
        ),
    ]
