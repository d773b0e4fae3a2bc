"""The past of many extractors, made from what one has: written as OpenMetrics, turned into blocks by promtool.

Every series of the one is copied for each of the others with a little noise, so that no two lines are the same.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from featurewatch import names

GROWING: Final = ("_bucket", "_count", "_sum", "_total")
NOISE: Final = 0.1
BATCH: Final = 20_000
"""Lines written at once."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series, and what it is worth now; a counter's worth is what it grows in a second."""

    labels: Mapping[str, str]
    value: float

    @property
    def name(self) -> str:
        return self.labels["__name__"]

    @property
    def is_counter(self) -> bool:
        return self.name.endswith(GROWING) and ":" not in self.name


@dataclass(frozen=True, slots=True)
class Past:
    """When it begins and ends (seconds since 1970), and how many seconds lie between two samples."""

    start: int
    end: int
    gap: int

    @property
    def times(self) -> range:
        return range(self.start, self.end + 1, self.gap)


def write(samples: Sequence[Sample], extractors: int, past: Past, path: Path) -> int:
    """The text of all, and how many series it has."""
    noise = random.Random(1)  # noqa: S311 - noise, and no secret
    series = 0
    lines: list[str] = []
    with path.open("w", encoding="utf-8") as file:
        for sample in samples:
            for labels in _copies(sample, extractors):
                series += 1
                factor = 1 + noise.uniform(-NOISE, NOISE)
                lines += _lines(sample, labels, factor, past)
                if len(lines) >= BATCH:
                    file.write("".join(lines))
                    lines.clear()
        file.write("".join(lines) + "# EOF\n")
    return series


def blocks(promtool: Path, text: Path, folder: Path) -> None:
    """Turn the text into blocks in `folder`. Raises CalledProcessError."""
    command = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a binary we located


def _copies(sample: Sample, extractors: int) -> Iterator[str]:
    """The series as text, for each extractor where it is of one."""
    rest = {name: value for name, value in sample.labels.items() if name not in {"__name__", names.EXTRACTOR}}
    if names.EXTRACTOR not in sample.labels:
        yield _series(sample.name, rest.items())
        return
    for number in range(extractors):
        yield _series(sample.name, [*rest.items(), (names.EXTRACTOR, f"extractor-{number}")])


def _series(name: str, labels: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
    return f"{name}{{{inside}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _lines(sample: Sample, series: str, factor: float, past: Past) -> Iterator[str]:
    value = sample.value * factor
    for time in past.times:
        now = value * (time - past.start) if sample.is_counter else value * (1 + 0.05 * ((time // past.gap) % 3))
        yield f"{series} {now:.6g} {time}\n"
