"""The series of one process, or of one part of it. There is no global one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family, Series
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.labels import Labels

S = TypeVar("S", bound=Series)


class DuplicateSeries(ValueError):
    """A series with these labels is in the registry already: two writers would export one number twice."""


class Registry:
    """Holds series by family and hands them to a scrape.

    Make one per process and give it to every monitor and to the metrics endpoint. A forked child's copy starts at 0.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._families: dict[str, tuple[Family, dict[Labels, Series]]] = {}
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

    def families(self) -> list[tuple[Family, tuple[Series, ...]]]:
        """Every family with its series, in the order of their arrival."""
        with self._lock:
            return [(family, tuple(members.values())) for family, members in self._families.values()]

    def restart(self) -> None:
        """Start every series at zero. Called in forked children."""
        self._lock = threading.RLock()
        for _, members in self._families.values():
            for series in members.values():
                series.restart()
