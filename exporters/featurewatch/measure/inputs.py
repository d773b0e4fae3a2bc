"""How fresh the inputs of an extractor are, and how large what goes in and out."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime

from featurewatch import names
from featurewatch.measure.capped import Capped
from featurewatch.measure.counter import Gauge
from featurewatch.measure.family import Family
from featurewatch.measure.histogram import Histogram, refusal
from featurewatch.measure.owner import Owner

NEWEST = Family(names.NEWEST_INPUT, "gauge", "When the newest input came into being, in seconds since 1970.", "max")
PAYLOAD = Family(names.EXTRACTION_PAYLOAD, "histogram", "Sizes of what came in and went out, where given.")

MOST_INPUTS = 20
"""Distinct inputs of one extractor; beyond them they count as `other`."""

FUTURE = "future"
"""Why a time stamp was refused that lies more than CLOCK_SKEW_SECONDS ahead: it would look fresh for that long."""

CLOCK_SKEW_SECONDS = 60.0


class Inputs:
    """The newest input seen, by name. A forked child keeps it: it is a fact about the input, not a count."""

    def __init__(self, owner: Owner, now: Callable[[], float] = time.time) -> None:
        self._owner = owner
        self._now = now
        self._newest = Capped(self._make, MOST_INPUTS, owner.folded)

    def saw(self, at: datetime | float, name: str) -> None:
        """Never raises: what is no time stamp is refused and counted."""
        try:
            if isinstance(at, datetime):
                seconds = at.timestamp() if at.tzinfo is not None else math.nan
            else:
                reason = refusal(at)
                if reason is not None:
                    self._owner.refused(reason, 1)
                    return
                seconds = float(at)
            if math.isnan(seconds):
                self._owner.refused("naive", 1)
            elif seconds > self._now() + CLOCK_SKEW_SECONDS:
                self._owner.refused(FUTURE, 1)
            else:
                self._newest.get(name)(seconds)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._owner.trouble(error)

    def _make(self, name: str) -> Callable[[float], None]:
        newest = Newest()
        self._owner.registry.add(NEWEST, Gauge((*self._owner.labels, (names.INPUT, name)), newest.read, newest.renew))
        return newest.saw


class Newest:
    """The largest of the numbers seen."""

    def __init__(self) -> None:
        self._seconds = -math.inf
        self._lock = threading.RLock()

    def saw(self, seconds: float) -> None:
        with self._lock:
            self._seconds = max(self._seconds, seconds)

    def read(self) -> float:
        return self._seconds if self._seconds > -math.inf else math.nan

    def renew(self) -> None:
        self._lock = threading.RLock()


class Payloads:
    """Sizes of what came in and went out. The series exist from the first size on."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._by_direction = Capped(self._make, 2, owner.folded)

    def add(self, direction: str, size: int) -> None:
        """Never raises."""
        try:
            histogram = self._by_direction.get(direction)
            histogram.append(size)
            if len(histogram.buffer) >= histogram.capacity:
                histogram.fold()
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._owner.trouble(error)

    def _make(self, direction: str) -> Histogram:
        return self._owner.histogram(PAYLOAD, names.PAYLOAD_EDGES_BYTES, (names.DIRECTION, direction))
