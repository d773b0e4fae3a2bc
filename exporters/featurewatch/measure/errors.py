"""Failed extractions by type, with a hard cap on the number of types."""

from __future__ import annotations

import threading

from featurewatch import names
from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family
from featurewatch.measure.fork import restart_in_children
from featurewatch.measure.labels import sendable
from featurewatch.measure.owner import FOLDED
from featurewatch.measure.registry import Registry

ERRORS = Family(names.EXTRACTION_ERRORS, "counter", "Failed extractions by type of error.")
LONGEST_TYPE = 100
"""Characters kept of an error type; the rest is cut off."""

_GOING_AWAY = (GeneratorExit, KeyboardInterrupt, SystemExit)
_CANCELLED_NAMES = frozenset({"CancelledError", "Cancelled"})


class ErrorTypes:
    """Counts errors of one extractor (or batch) by type. Beyond `cap` distinct types they count as `other`."""

    def __init__(self, registry: Registry, owner: dict[str, str], cap: int, family: Family = ERRORS) -> None:
        self._registry = registry
        self._family = family
        self._owner = owner
        self._cap = cap
        self._lock = threading.RLock()
        self._counters: dict[str, Counter] = {}
        self._other = self._counter(names.OTHER)
        self._folded = registry.counter(FOLDED, tuple(owner.items()))
        restart_in_children(self)

    def add(self, error_type: str) -> None:
        counter = self._counters.get(error_type)
        if counter is None:
            counter = self._new(sendable(str(error_type)[:LONGEST_TYPE]))
        counter.add()
        if counter is self._other and error_type != names.OTHER:
            self._folded.add()

    def _new(self, error_type: str) -> Counter:
        with self._lock:
            if error_type == names.OTHER or (error_type not in self._counters and len(self._counters) >= self._cap):
                return self._other
            if error_type not in self._counters:
                self._counters[error_type] = self._counter(error_type)
            return self._counters[error_type]

    def _counter(self, error_type: str) -> Counter:
        counter = Counter((*self._owner.items(), (names.ERROR_TYPE, error_type)))
        self._registry.add(self._family, counter)
        return counter

    def restart(self) -> None:
        """Renew the lock in a forked child; the counters are restarted by their registry."""
        self._lock = threading.RLock()


def error_type(error: object) -> str:
    """The name of an error given as a class, an exception or a word."""
    if isinstance(error, str):
        return error
    return error.__name__ if isinstance(error, type) else type(error).__name__


def is_cancellation(error: BaseException) -> bool:
    """Whether the exception says that the caller went away, which is no fault of the extractor.

    That is: asyncio's and trio's cancellation (known by name, so that neither is imported), a closed generator, and
    the end of the process. Other exceptions outside `Exception`, such as a Rust panic, are errors.
    """
    if isinstance(error, Exception):
        return False
    return isinstance(error, _GOING_AWAY) or any(kind.__name__ in _CANCELLED_NAMES for kind in type(error).__mro__)
