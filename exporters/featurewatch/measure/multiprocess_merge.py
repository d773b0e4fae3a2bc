"""Readings of many processes as one: counts and sums add up, gauges by their family's own rule.

Sums are added exactly and rounded once. Were they added one by one, the last digit would depend on the order, and a sum
could fall by it when a process ends; Prometheus takes any fall for a restart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import add
from typing import Any

from featurewatch.measure.family import Family, Totals
from featurewatch.measure.labels import Labels
from featurewatch.measure.multiprocess_format import Description, Moment, Shared

Key = tuple[str, Labels]
Exemplars = Callable[[], Mapping[int, Any]]
"""Where the process that answers has its exemplars; those of the others are on their own pages."""


@dataclass(frozen=True, slots=True)
class MergedValue:
    """A counter or gauge of all processes, as one scrape found it. Equal to the same series of another scrape."""

    name: str
    labels: Labels
    value: float = field(compare=False)

    def read(self) -> float:
        return self.value

    def restart(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MergedDistribution:
    """A histogram of all processes, as one scrape found it."""

    name: str
    labels: Labels
    edges: tuple[float, ...]
    totals: Totals = field(compare=False)
    exemplars: Exemplars | None = field(default=None, compare=False)

    def read(self) -> Totals:
        return self.totals

    def restart(self) -> None: ...


Merged = MergedValue | MergedDistribution


@dataclass(slots=True)
class Sum:
    """What adds up over processes: a histogram, or a counter (whose `cumulative` is empty).

    `parts` are floats whose exact sum is the sum, so that it can be kept and added to without rounding.
    """

    of: Description
    cumulative: tuple[int, ...] = ()
    parts: list[float] = field(default_factory=list)
    native: dict[int, int] | None = None

    def add(self, reading: Shared) -> None:
        if isinstance(reading, Moment):
            self.parts.append(reading.value)
            return
        self.include(reading.cumulative, (reading.sum,), reading.native)

    def include(self, cumulative: tuple[int, ...], parts: Iterable[float], native: Mapping[int, int] | None) -> None:
        self.cumulative = tuple(map(add, self.cumulative, cumulative)) if self.cumulative else cumulative
        self.parts += parts
        if native is not None:
            mine = self.native = {} if self.native is None else self.native
            for index, count in native.items():
                mine[index] = mine.get(index, 0) + count

    def total(self) -> float:
        return math.fsum(self.parts)

    def totals(self) -> Totals:
        return Totals(self.cumulative, self.total(), self.native)


def exact_parts(values: Iterable[float]) -> list[float]:
    """A few floats with exactly the same sum (Shewchuk's algorithm, as in `math.fsum`)."""
    parts: list[float] = []
    for value in values:
        rest = float(value)
        kept = 0
        for part in parts:
            high, low = (rest, part) if abs(rest) >= abs(part) else (part, rest)
            rest = high + low
            error = low - (rest - high)
            if error:
                parts[kept] = error
                kept += 1
        parts[kept:] = [rest]
    return parts


def gauge(family: Family, moments: list[Moment]) -> float:
    """The value of a gauge that these living processes have."""
    values = [moment.value for moment in moments]
    if family.merge == "latest":
        return max(moments, key=lambda moment: moment.at).value
    # A process that does not know must not hide those that do.
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    if family.merge == "sum":
        return math.fsum(known)
    return max(known) if family.merge == "max" else min(known)


class Merging:
    """Adds up the series of one scrape. The first description of a name or of labels holds for the rest."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[Family, dict[Labels, Sum | list[Moment]]]] = {}
        self._exemplars: dict[Key, Exemplars | None] = {}
        self.conflicts = 0
        """Series left out: another kind, or a histogram with other edges, than the same name has elsewhere."""

    def _members(self, of: Description) -> dict[Labels, Sum | list[Moment]] | None:
        family, members = self._families.setdefault(of.family.name, (of.family, {}))
        if family.kind == of.family.kind:
            held = members.get(of.labels)
            if held is None:
                members[of.labels] = [] if family.kind == "gauge" else Sum(of)
                return members
            if not isinstance(held, Sum) or held.of.edges == of.edges:
                return members
        self.conflicts += 1
        return None

    def add_own(self, of: Description, reading: Shared, exemplars: Exemplars | None) -> None:
        """A reading of the process that answers."""
        self.add(of, reading)
        self._exemplars[of.family.name, of.labels] = exemplars

    def add(self, of: Description, reading: Shared) -> None:
        """One process's reading. Moments of gauges must come from living processes only."""
        members = self._members(of)
        if members is None:
            return
        held = members[of.labels]
        if isinstance(held, Sum):
            held.add(reading)
        elif isinstance(reading, Moment):
            held.append(reading)

    def include(self, ended: Sum) -> None:
        """What processes that have ended left behind."""
        members = self._members(ended.of)
        held = None if members is None else members[ended.of.labels]
        if isinstance(held, Sum):
            held.include(ended.cumulative, ended.parts, ended.native)

    def families(self) -> list[tuple[Family, tuple[Merged, ...]]]:
        return [
            (family, tuple(self._merged(family, labels, held) for labels, held in members.items()))
            for family, members in self._families.values()
        ]

    def _merged(self, family: Family, labels: Labels, held: Sum | list[Moment]) -> Merged:
        if not isinstance(held, Sum):
            return MergedValue(family.name, labels, gauge(family, held))
        if held.of.edges is None:
            return MergedValue(family.name, labels, _plain(held.total()))
        exemplars = self._exemplars.get((family.name, labels))
        return MergedDistribution(family.name, labels, held.of.edges, held.totals(), exemplars)


def _plain(value: float) -> float:
    """A count as the integer that a single process would show."""
    return int(value) if value.is_integer() else value
