"""One extraction as a context manager."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from featurewatch import names
from featurewatch.measure.marks import Mark, mark
from featurewatch.measure.outcomes import Outcomes
from featurewatch.names import ServedFrom


class Extraction:
    """One extraction while it runs: `with monitor.extraction() as extraction`, or `async with`.

    Its duration is the time between entering and leaving. An exception counts as an error and goes on to the caller.
    """

    __slots__ = ("_error_type", "_outer", "_started", "served_from")

    served_from: ServedFrom
    """Set this when the features did not come from `compute`. Exists once the block was entered."""

    _error_type: str | None
    _outer: Mark | None
    _started: float

    def failed(self, error_type: str) -> None:
        """Count this extraction as failed although no exception leaves the block."""
        self._error_type = error_type

    def __enter__(self) -> Self:
        raise NotImplementedError("use monitor.extraction()")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def extraction_class(outcomes: Outcomes, clock: Callable[[], float], running: list[None] | None) -> type[Extraction]:
    """The Extraction of one monitor, with everything its two methods need in closure cells: the cheapest form."""
    read_mark, set_mark = mark.get, mark.set
    successes, capacity = outcomes.successes, outcomes.capacity
    compute: ServedFrom = names.COMPUTE

    class MonitoredExtraction(Extraction):
        __slots__ = ()

        def __enter__(self) -> Self:
            self.served_from = compute
            self._error_type = None
            try:
                outer = self._outer = read_mark()
                if outer is not None:
                    set_mark(None)
                if running is not None:
                    running.append(None)
                self._started = clock()
            except Exception as inner:  # noqa: BLE001 - never reaches the caller
                outcomes.trouble(inner)
            return self

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            try:
                seconds = clock() - self._started
                said = read_mark()
                if error is None and said is None and self._error_type is None and self.served_from in successes:
                    append, buffer, fold = successes[self.served_from]
                    append(seconds)
                    if len(buffer) >= capacity:
                        fold()
                else:
                    self._end(seconds, error, said)
                if running:
                    running.pop()
                if self._outer is not None:
                    set_mark(self._outer)
            except Exception as inner:  # noqa: BLE001 - never reaches the caller
                outcomes.trouble(inner)

        def _end(self, seconds: float, error: BaseException | None, said: Mark | None) -> None:
            if said is not None:
                set_mark(None)
            if error is not None:
                outcomes.raised(seconds, error)
            elif self._error_type is not None:
                outcomes.failed(seconds, self._error_type)
            elif said is not None and self.served_from == compute:
                outcomes.marked(seconds, said)
            else:
                outcomes.succeeded(seconds, self.served_from)

    return MonitoredExtraction
