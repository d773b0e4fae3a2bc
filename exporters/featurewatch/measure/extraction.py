"""One extraction as its own code sees it: an object to mark, and a context manager."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from featurewatch import names
from featurewatch.measure.marks import Failure, Mark, outstanding, set_aside, take
from featurewatch.measure.outcomes import Outcomes
from featurewatch.names import ServedFrom


class Extraction:
    """One extraction while it runs: what the code inside it can say about it."""

    __slots__ = ("served_from",)

    served_from: ServedFrom
    """Set this when the features did not come from `compute`."""

    def failed(self, error_type: str) -> None:
        """Count this extraction as failed although no exception leaves it. The last word counts."""
        self.served_from = cast("ServedFrom", Failure(error_type))


class ExtractionBlock(Extraction):
    """`with monitor.extraction() as extraction`, or `async with`; it lasts from entering to leaving the block.

    An exception counts as an error and goes on to the caller.
    """

    __slots__ = ("_outer", "_started")

    _outer: Mark | None
    _started: float

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


def block_class(outcomes: Outcomes, clock: Callable[[], float], running: list[None] | None) -> type[ExtractionBlock]:
    """The block of one monitor, with everything its two methods need in closure cells: the cheapest form."""
    successes, capacity = outcomes.successes, outcomes.capacity
    compute: ServedFrom = names.COMPUTE

    class MonitoredBlock(ExtractionBlock):
        __slots__ = ()

        def __enter__(self) -> Self:
            self.served_from = compute
            try:
                self._outer = set_aside() if outstanding else None
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
                if outstanding:
                    self._take_mark()
                if error is not None:
                    outcomes.raised(seconds, error)
                else:
                    try:
                        _, buffer, fold = successes[self.served_from]
                    except Exception:  # noqa: BLE001 - a failure, or a source that does not exist
                        outcomes.marked(seconds, self.served_from)
                    else:
                        buffer.append(seconds)
                        if len(buffer) >= capacity:
                            fold()
                if running:
                    running.pop()
            except Exception as inner:  # noqa: BLE001 - never reaches the caller
                outcomes.trouble(inner)

        def _take_mark(self) -> None:
            said = take(self._outer)
            if said is not None and self.served_from == compute:
                self.served_from = cast("ServedFrom", said)

    return MonitoredBlock
