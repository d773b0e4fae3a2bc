"""Stages of an extraction (fetch, transform, model, serialise), so that slowness has an address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from featurewatch import names
from featurewatch.measure.capped import Capped
from featurewatch.measure.errors import is_cancellation
from featurewatch.measure.family import Family
from featurewatch.measure.observer import Begun, Observer, Work, begin_all, end_all, how_it_ended
from featurewatch.measure.owner import Owner

DURATION = Family(names.STAGE_DURATION, "histogram", "Time from the start of a stage of an extraction to its end.")
ERRORS = Family(names.STAGE_ERRORS, "counter", "Stages that an exception left.")

MOST_STAGES = 20
"""Distinct stages of one extractor; beyond them they count as `other`."""


class Stage:
    """`with monitor.stage("fetch"):`, or `async with`; it lasts from entering to leaving the block.

    Stages may lie within each other and in other functions, tasks and threads than their extraction: each is counted
    for itself, its inner ones included. An exception goes on to the caller.
    """

    __slots__ = ("_started",)

    _started: float

    def __enter__(self) -> Self:
        raise NotImplementedError("use monitor.stage(name)")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


class Stages:
    """The stages of one extractor. A stage's series exist from its first use, or from the start when `declared`."""

    def __init__(
        self,
        owner: Owner,
        clock: Callable[[], float],
        edges: tuple[float, ...],
        declared: Sequence[str] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._edges = edges
        self._observers = tuple(observers)
        self._classes = Capped(self._make, max(MOST_STAGES, len(declared)), owner.folded)
        for name in declared:
            self._classes.get(name)

    def starter(self) -> Callable[[str], Stage]:
        """The cheapest way from a name to a new stage."""
        known, get, trouble = self._classes.known, self._classes.get, self._owner.trouble

        def stage(name: str) -> Stage:
            try:
                return known[name]()
            except Exception:  # noqa: BLE001 - its first use, or one beyond the cap
                try:
                    return get(name)()
                except Exception as error:  # noqa: BLE001 - never reaches the caller
                    trouble(error)
                    return Unmeasured()

        return stage

    def _make(self, name: str) -> type[Stage]:
        label = (names.STAGE, name)
        histogram = self._owner.histogram(DURATION, self._edges, label)
        errors = self._owner.counter(ERRORS, label)
        clock, trouble = self._clock, self._owner.trouble
        append, buffer, fold, capacity = histogram.append, histogram.buffer, histogram.fold, histogram.capacity

        class MeasuredStage(Stage):
            __slots__ = ()

            def __enter__(self) -> Self:
                try:
                    self._started = clock()
                except Exception as inner:  # noqa: BLE001 - never reaches the caller
                    trouble(inner)
                return self

            def __exit__(
                self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
            ) -> None:
                try:
                    append(clock() - self._started)
                    if len(buffer) >= capacity:
                        fold()
                    if error is not None and not is_cancellation(error):
                        errors.add()
                except Exception as inner:  # noqa: BLE001 - never reaches the caller
                    trouble(inner)

        if not self._observers:
            return MeasuredStage
        service, extractor = self._owner.service, self._owner.name
        return _observed(MeasuredStage, self._observers, Work(service, extractor, name), self._owner, clock)


def _observed(
    plain: type[Stage], observers: Sequence[Observer], work: Work, owner: Owner, clock: Callable[[], float]
) -> type[Stage]:
    trouble = owner.trouble

    class ObservedStage(plain):  # type: ignore[misc, valid-type]  # a class made by a function
        __slots__ = ("_begun",)

        _begun: Begun

        def __enter__(self) -> Self:
            self._begun = begin_all(observers, work, trouble)
            super().__enter__()
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            super().__exit__(kind, error, traceback)
            try:
                ended = how_it_ended(clock() - self._started, names.NOWHERE, error)
                end_all(self._begun, work, ended, trouble)
            except Exception as inner:  # noqa: BLE001 - never reaches the caller
                trouble(inner)

    return ObservedStage


class Unmeasured(Stage):
    """What takes the place of a stage that could not be made."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self
