"""Errors inside featurewatch: counted, logged once per kind, and kept from the caller."""

from __future__ import annotations

import logging

from featurewatch.measure.counter import Counter

log = logging.getLogger("featurewatch")


class Trouble:
    """Counts errors of one service, and logs the first of each kind with its traceback."""

    __slots__ = ("_counter", "_seen")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._seen: set[str] = set()

    def __call__(self, error: BaseException) -> None:
        """Take note of the error. Never raises, not even when logging does."""
        try:
            self._counter.add()
            kind = type(error).__name__
            if kind not in self._seen and len(self._seen) < 20:
                self._seen.add(kind)
                log.error("featurewatch failed inside and goes on: %s", kind, exc_info=error)
        except Exception:  # noqa: BLE001, S110 - nothing is left to tell
            pass
