"""The block of a monitor that has observers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, cast

from featurewatch import names
from featurewatch.measure.extraction import ExtractionBlock
from featurewatch.measure.marks import take
from featurewatch.measure.observer import Begun, Observer, Work, begin_all, end_all, how_it_ended
from featurewatch.measure.trouble import Trouble
from featurewatch.names import ServedFrom


def observed_class(
    plain: type[ExtractionBlock],
    observers: Sequence[Observer],
    work: Work,
    clock: Callable[[], float],
    trouble: Trouble,
) -> type[ExtractionBlock]:
    """The plain block with observers around it. `ObservedBlock(source)` counts as `source` when nothing is said."""

    class ObservedBlock(plain):  # type: ignore[misc, valid-type]  # a class made by a function
        _begun: Begun

        def __init__(self, default: ServedFrom = names.COMPUTE) -> None:
            self._default = default

        def __enter__(self) -> Self:
            self._begun = begin_all(observers, work, trouble)
            super().__enter__()
            self.served_from = self._default
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            super().__exit__(kind, error, traceback)
            try:
                end_all(self._begun, work, how_it_ended(clock() - self._started, self.served_from, error), trouble)
            except Exception as inner:  # noqa: BLE001 - never reaches the caller
                trouble(inner)

        def _take_mark(self) -> None:
            said = take(self._outer)
            if said is not None and self.served_from == self._default:
                self.served_from = cast("ServedFrom", said)

    return ObservedBlock
