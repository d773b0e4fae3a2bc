"""What a metric is, and what a registry expects of each of its series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from featurewatch.measure.labels import Labels

Kind = Literal["counter", "gauge", "histogram"]
Merge = Literal["sum", "max", "min", "latest"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name (a counter's ends in `_total`), kind and the sentence that explains it.

    `merge` says what becomes of a gauge that several living processes of a `MultiprocessRegistry` have.
    """

    name: str
    kind: Kind
    help: str
    merge: Merge = "sum"

    def __post_init__(self) -> None:
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: counters, and only counters, end in _total")


class Value(Protocol):
    """A series with one number: a counter or a gauge."""

    @property
    def labels(self) -> Labels: ...

    def read(self) -> float: ...

    def restart(self) -> None:
        """Start at zero in a forked child, with locks of its own."""


class Totals(NamedTuple):
    """A histogram at one moment. `cumulative[i]` counts the samples up to and including `edges[i]`; the last is all."""

    cumulative: tuple[int, ...]
    sum: float
    native: Mapping[int, int] | None = None
    """Samples by exponential bucket, where they are kept; see `native`."""


class Distribution(Protocol):
    """A series with buckets."""

    @property
    def labels(self) -> Labels: ...

    @property
    def edges(self) -> tuple[float, ...]: ...

    def read(self) -> Totals: ...

    def restart(self) -> None: ...


Series = Value | Distribution
