"""Things by a label value that anybody may choose, with a hard cap on the number of values."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from featurewatch import names
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.labels import sendable

T = TypeVar("T")

LONGEST_VALUE = 100
"""Characters kept of a label value; the rest is cut off."""


class Capped(Generic[T]):
    """One `T` per label value, made when the value is first seen. Beyond `cap` values all share that of `other`."""

    def __init__(self, make: Callable[[str], T], cap: int, folded: Callable[[], None]) -> None:
        """`folded` is called for each request that was answered with that of `other`."""
        self.known: dict[str, T] = {}
        self._make = make
        self._cap = cap
        self._folded = folded
        self._other: T | None = None
        self._lock = threading.RLock()
        restart_in_children(self)

    def get(self, value: object) -> T:
        text = sendable(str(value)[:LONGEST_VALUE]) or names.OTHER
        with self._lock:
            known = self.known.get(text)
            if known is not None:
                return known
            if text != names.OTHER and len(self.known) < self._cap:
                known = self.known[text] = self._make(text)
                return known
            if self._other is None:
                self._other = self._make(names.OTHER)
        if text != names.OTHER:
            self._folded()
        return self._other

    def restart(self) -> None:
        """Renew the lock in a forked child; the series are restarted by their registry."""
        self._lock = threading.RLock()
