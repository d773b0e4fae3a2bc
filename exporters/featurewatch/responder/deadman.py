"""The dead man's switch: the alert Watchdog always fires, so when it is heard no more, nobody would be told of others.

Silence is measured by a monotonic clock: a step of the wall clock neither raises nor hides an alarm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

ALERT: Final = "Watchdog"

Verdict = Literal["silent", "back"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be said."""

    verdict: Verdict
    seconds: float
    """For how long nothing was heard."""


class DeadManSwitch:
    """Knows since when nothing was heard, and whether that was said. Thread-safe."""

    def __init__(self, silence: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`silence`: seconds without a sign until it counts as silent; the first ones begin now."""
        self._silence = silence
        self._clock = clock
        self._lock = threading.Lock()
        self._heard = clock()
        self._quiet_before = 0.0
        self._said = False

    def heard(self) -> None:
        """A sign came."""
        with self._lock:
            now = self._clock()
            self._quiet_before = max(self._quiet_before, now - self._heard)
            self._heard = now

    @property
    def seconds(self) -> float:
        """Since the last sign."""
        with self._lock:
            return self._clock() - self._heard

    def due(self) -> Change | None:
        """What has to be said now. `said` tells that it was; until then it stays due."""
        with self._lock:
            quiet = self._clock() - self._heard
            if not self._said and quiet > self._silence:
                return Change("silent", quiet)
            if self._said and quiet <= self._silence:
                return Change("back", self._quiet_before)
            return None

    def said(self, change: Change) -> None:
        """It reached somebody."""
        with self._lock:
            self._said = change.verdict == "silent"
            if not self._said:
                self._quiet_before = 0.0
