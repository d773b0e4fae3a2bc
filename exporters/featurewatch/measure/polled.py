"""Series that are asked for when scraped and come and go: devices, processes, limits.

What is asked may hang (a sick driver does), and a registry may hold an extractor's series as well. So a poll runs in a
thread of its own, a scrape waits for it a moment only, and while one hangs no other one is begun.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from featurewatch.measure.family import Family, Series
from featurewatch.measure.labels import Labels, sendable

log = logging.getLogger("featurewatch")

PATIENCE: Final = 2.0
"""Seconds that a scrape waits for a poll. Prometheus itself waits for 10 by default."""

MOST_SERIES: Final = 10_000
"""Different series of one source in its life; beyond them, new ones are left out."""


class Reading(NamedTuple):
    """One number: its metric, the labels that tell it apart, its value now."""

    family: Family
    labels: Labels
    value: float


class Point:
    """A series that shows what the last poll found."""

    __slots__ = ("labels", "value")

    def __init__(self, labels: Labels, value: float) -> None:
        self.labels = labels
        self.value = value

    def read(self) -> float:
        return self.value

    def restart(self) -> None:
        """Nothing was counted here: it belongs to what was asked."""


class Polled:
    """A source for `Registry.collect_from`: what `poll` reads, or `instead` while it hangs or fails.

    Args:
        name: what is polled, for the log and the thread.
        poll: asks; runs in one thread at a time.
        instead: what there is to say when it does not answer in time (`timeout`) or raises (the error's class).
        patience: seconds that one scrape waits.
    """

    def __init__(
        self,
        name: str,
        poll: Callable[[], Iterable[Reading]],
        instead: Callable[[str], Iterable[Reading]],
        patience: float = PATIENCE,
    ) -> None:
        self._name = name
        self._poll = poll
        self._instead = instead
        self._patience = patience
        self._told: set[str] = set()
        self._points: dict[tuple[str, Labels], Point] = {}
        self.restart()

    def restart(self) -> None:
        """Begin anew in a forked child, where a poll of the parent's will never end."""
        self._lock = threading.Lock()
        self._under_way: _Poll | None = None

    def families(self, labels: Labels) -> list[tuple[Family, tuple[Series, ...]]]:
        with self._lock:
            if self._under_way is None or self._under_way.done.is_set():
                self._under_way = _Poll(self._name, self._poll)
            poll = self._under_way
        problem = "timeout" if not poll.done.wait(self._patience) else poll.problem
        if problem is None:
            readings = poll.readings
        else:
            self._tell(problem, poll.error)
            readings = list(self._instead(problem))
        with self._lock:
            return self._arranged(readings, labels)

    def _arranged(self, readings: Iterable[Reading], more: Labels) -> list[tuple[Family, tuple[Series, ...]]]:
        found: dict[str, tuple[Family, dict[Labels, Series]]] = {}
        for family, labels, value in readings:
            key = tuple((name, sendable(text)) for name, text in (*labels, *more))
            point = self._points.get((family.name, key))
            if point is None:
                if len(self._points) >= MOST_SERIES:
                    continue
                point = self._points[family.name, key] = Point(key, value)
            point.value = value
            found.setdefault(family.name, (family, {}))[1][key] = point
        return [(family, tuple(points.values())) for family, points in found.values()]

    def _tell(self, problem: str, error: BaseException | None) -> None:
        if problem not in self._told and len(self._told) < 20:
            self._told.add(problem)
            log.warning("featurewatch could not read %s and goes on: %s", self._name, problem, exc_info=error)


class _Poll:
    """One poll under way."""

    def __init__(self, name: str, poll: Callable[[], Iterable[Reading]]) -> None:
        self.done = threading.Event()
        self.readings: list[Reading] = []
        self.problem: str | None = None
        self.error: BaseException | None = None
        threading.Thread(target=self._run, args=(poll,), name=f"featurewatch-{name}", daemon=True).start()

    def _run(self, poll: Callable[[], Iterable[Reading]]) -> None:
        try:
            self.readings = list(poll())
        except Exception as error:  # noqa: BLE001 - told by whoever waits
            self.problem, self.error = type(error).__name__, error
        finally:
            self.done.set()
