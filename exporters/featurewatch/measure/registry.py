"""The series of one process, or of one part of it. There is no global one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import time_ns
from typing import Protocol, TypeVar

from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family, Series
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.labels import Labels, chosen_labels

S = TypeVar("S", bound=Series)


class Source(Protocol):
    """Series that come and go: devices, processes."""

    def families(self, labels: Labels) -> list[tuple[Family, tuple[Series, ...]]]:
        """What there is now; every series ends with these further labels. Must not raise, and return soon.

        A series is the same object each time, since expositions remember what does not change about it; so the number
        of different ones must be bounded.
        """


class DuplicateSeries(ValueError):
    """A series with these labels is in the registry already: two writers would export one number twice."""


class Registry:
    """Holds series by family and hands them to a scrape.

    Make one per process and give it to every monitor and to the metrics endpoint. A forked child's copy starts at 0.

    Args:
        labels: further labels of every series in it, such as the deployment that the process belongs to. ValueError
            for a name that cannot be one, or that tells series apart already.
    """

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        self._labels = tuple(chosen_labels(labels or {}).items())
        self._lock = threading.RLock()
        self._families: dict[str, tuple[Family, dict[Labels, Series]]] = {}
        self._sources: list[Source] = []
        self.started = time_ns()
        """Since when everything in here is counted, in nanoseconds of Unix time."""
        restart_in_children(self)

    def add(self, family: Family, series: Series) -> None:
        """Export the series from now on.

        ValueError when the name stands for another family; DuplicateSeries when the labels are taken.
        """
        with self._lock:
            known, members = self._families.setdefault(family.name, (family, {}))
            if known != family:
                raise ValueError(f"{family.name} is a {known.kind} here already: {known.help}")
            if series.labels in members:
                text = ", ".join(f"{name}={value!r}" for name, value in series.labels)
                raise DuplicateSeries(f"{family.name}{{{text}}} exists in this registry: use the one you have")
            members[series.labels] = series
            if self._labels:
                series.labels = (*series.labels, *self._labels)  # type: ignore[misc]  # nobody else may

    def shared(self, family: Family, labels: Labels, make: Callable[[Labels], S]) -> S:
        """The series with these labels, made by the first who asks: for what several monitors count together."""
        with self._lock:
            _, members = self._families.get(family.name, (family, {}))
            if labels not in members:
                self.add(family, make(labels))
                _, members = self._families[family.name]
            return members[labels]  # type: ignore[return-value]  # what `make` of the same family returned

    def counter(self, family: Family, labels: Labels) -> Counter:
        """A counter of this registry, shared by all who ask for the same labels."""
        return self.shared(family, labels, Counter)

    def collect_from(self, source: Source) -> None:
        """Export what the source has at each scrape, after the series that were added."""
        with self._lock:
            self._sources.append(source)

    def families(self) -> list[tuple[Family, tuple[Series, ...]]]:
        """Every family with its series, in the order of their arrival."""
        with self._lock:
            found = [(family, tuple(members.values())) for family, members in self._families.values()]
            sources = tuple(self._sources)
        for source in sources:  # outside of the lock: a source may take its time
            found += source.families(self._labels)
        return found

    def restart(self) -> None:
        """Start every series at zero. Called in forked children."""
        self._lock = threading.RLock()
        self.started = time_ns()
        for _, members in self._families.values():
            for series in members.values():
                series.restart()
