"""Numbers beside the histograms: counters off the hot path, and gauges that are read when scraped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from featurewatch.measure.labels import Labels


class Counter:
    """A count that only grows. Adding takes a lock, so it belongs to rare events."""

    __slots__ = ("_lock", "_value", "labels")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self._value = 0
        self._lock = threading.RLock()

    def add(self, count: int = 1) -> None:
        with self._lock:
            self._value += count

    def read(self) -> float:
        return self._value

    def restart(self) -> None:
        self._lock = threading.RLock()
        self._value = 0


class Gauge:
    """A value asked for at each scrape."""

    __slots__ = ("_forget", "labels", "read")

    def __init__(self, labels: Labels, read: Callable[[], float], forget: Callable[[], object] | None = None) -> None:
        self.labels = labels
        self.read = read
        self._forget = forget

    def restart(self) -> None:
        if self._forget is not None:
            self._forget()
