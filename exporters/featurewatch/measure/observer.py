"""Who else wants to know of an extraction and its stages: tracing opens a span for each, the log writes a line.

An observer costs what it does, plus about a microsecond per extraction. A monitor without observers pays nothing: its
wrappers and blocks are made without any of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from featurewatch import names
from featurewatch.measure.errors import error_type, is_cancellation
from featurewatch.measure.marks import Failure
from featurewatch.measure.trouble import Trouble


class Work(NamedTuple):
    """What has begun: an extraction, or with `stage` a stage of one."""

    service: str
    extractor: str
    stage: str | None = None


class Ended(NamedTuple):
    """How it ended."""

    seconds: float
    outcome: str
    """`success`, `error` or `cancelled`."""
    served_from: str
    """Where the features came from; `none` unless it succeeded. For a stage always `none`."""
    error_type: str | None = None
    error: BaseException | None = None
    """The exception that left it, where one did; `failed("…")` makes an error without one."""


class Observer(Protocol):
    """Told of each extraction and stage, in the thread and asyncio task that does the work.

    Observers nest like context managers: they begin in the given order and end in the reverse one, and a stage ends
    before its extraction. What they raise is counted and logged once, and reaches nobody. Durations from elsewhere
    (`monitor.record`) have no beginning and are not observed.
    """

    def begin(self, work: Work, /) -> object:
        """It begins. What is returned (a span, a token) comes back to `end`."""

    def end(self, begun: object, work: Work, ended: Ended, /) -> None:
        """It has ended and was counted. Not called when `begin` raised."""


Begun = list[tuple[Observer, object]]


def begin_all(observers: Sequence[Observer], work: Work, trouble: Trouble) -> Begun:
    """Tell every observer, and remember those that have to be told of the end. Never raises."""
    begun: Begun = []
    for observer in observers:
        try:
            begun.append((observer, observer.begin(work)))
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            trouble(error)
    return begun


def end_all(begun: Begun, work: Work, ended: Ended, trouble: Trouble) -> None:
    for observer, token in reversed(begun):
        try:
            observer.end(token, work, ended)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            trouble(error)


def how_it_ended(seconds: float, said: object, error: BaseException | None) -> Ended:
    """From what left the block and what its body said: the same judgement by which it is counted."""
    if error is not None:
        if is_cancellation(error):
            return Ended(seconds, names.CANCELLED, names.NOWHERE, None, error)
        return Ended(seconds, names.ERROR, names.NOWHERE, error_type(error), error)
    if isinstance(said, Failure):
        return Ended(seconds, names.ERROR, names.NOWHERE, said.error_type)
    return Ended(seconds, names.SUCCESS, str(said))
