"""Where the end of an extraction is written: one histogram per (served_from, outcome)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from featurewatch import names
from featurewatch.measure.errors import ErrorTypes, error_type, is_cancellation
from featurewatch.measure.histogram import UNKNOWN_SOURCE, Histogram
from featurewatch.measure.marks import Failure, Mark
from featurewatch.measure.trouble import Trouble

log = logging.getLogger("featurewatch")

Outlet = tuple[Callable[[float], None], list[float], Callable[[], None]]
"""What the hot path needs of a histogram, bound beforehand: append, buffer, fold."""

T = TypeVar("T")


def outlet(histogram: Histogram) -> Outlet:
    return histogram.append, histogram.buffer, histogram.fold


class Outcomes:
    """Writes down how extractions of one monitor ended. None of its methods raises."""

    def __init__(
        self,
        histograms: dict[tuple[str, str], Histogram],
        errors: ErrorTypes,
        refused: Callable[[str, int], None],
        trouble: Trouble,
        capacity: int,
    ) -> None:
        self.successes = {
            source: outlet(histogram) for (source, outcome), histogram in histograms.items() if outcome == names.SUCCESS
        }
        self.capacity = capacity
        self.trouble = trouble
        self._failed = outlet(histograms[names.NOWHERE, names.ERROR])
        self._cancelled = outlet(histograms[names.NOWHERE, names.CANCELLED])
        self._errors = errors
        self._refused = refused
        self._told = False

    def succeeded(self, seconds: float, source: str) -> None:
        """It returned, served from `source`. A source that does not exist is refused, counted and logged once."""
        try:
            known = self.successes.get(source)
            if known is not None:
                self._write(known, seconds)
                return
            self._refused(UNKNOWN_SOURCE, 1)
            if not self._told:
                self._told = True
                log.error("featurewatch knows no served_from=%r, only %s", source, ", ".join(self.successes))
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self.trouble(error)

    def failed(self, seconds: float, error: object) -> None:
        """It failed; `error` is an exception, its class or a word for it."""
        try:
            self._write(self._failed, seconds)
            self._errors.add(error_type(error))
        except Exception as inner:  # noqa: BLE001 - never reaches the caller
            self.trouble(inner)

    def raised(self, seconds: float, error: BaseException) -> None:
        """It ended by an exception: cancelled or failed."""
        try:
            if is_cancellation(error):
                self._write(self._cancelled, seconds)
                return
        except Exception as inner:  # noqa: BLE001 - never reaches the caller
            self.trouble(inner)
            return
        self.failed(seconds, error)

    def marked(self, seconds: float, mark: Mark) -> None:
        """It returned, and its body said how it went."""
        if isinstance(mark, Failure):
            self.failed(seconds, mark.error_type)
        else:
            self.succeeded(seconds, mark)

    def _write(self, outlet: Outlet, seconds: float) -> None:
        append, buffer, fold = outlet
        append(seconds)
        if len(buffer) >= self.capacity:
            fold()
