"""What the body of a measured function says about its own extraction.

The mark is a context variable, so it is as private as the call: other threads and other asyncio tasks have their own.
Reading a context variable twice per call would cost a third of the measuring, so `outstanding` says whether there can
be any mark at all: it holds one entry per mark that no extraction has taken yet, in the whole process. It errs on one
side only. A mark that nobody takes (made outside of an extraction, or twice) leaves an entry behind for good, and all
that follows is that extractions look for marks that are not there.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from featurewatch.names import ServedFrom


class Failure:
    """The mark of an extraction that failed without raising."""

    __slots__ = ("error_type",)

    def __init__(self, error_type: str) -> None:
        self.error_type = error_type


Mark = str | Failure

mark: Final[ContextVar[Mark | None]] = ContextVar("featurewatch_mark", default=None)
outstanding: Final[list[None]] = []

MANY = 1000
"""Entries from which `outstanding` neither grows nor shrinks: so many marks were lost that it is of no use."""


def served_from(source: ServedFrom) -> None:
    """Say where the features of the innermost running extraction came from; `compute` when nothing is said.

    Takes effect for `@monitor.measure` and `with monitor.extraction()` alike. Call it in the same thread and the same
    asyncio task; from elsewhere, set `extraction.served_from` on the object.
    """
    mark.set(source)
    if len(outstanding) < MANY:
        outstanding.append(None)


def failed(error_type: str) -> None:
    """Count the innermost running extraction as failed although it will return: `failed("StaleInput")`."""
    mark.set(Failure(error_type))
    if len(outstanding) < MANY:
        outstanding.append(None)


def set_aside() -> Mark | None:
    """Begin an extraction inside one that has been marked already: take the outer one's mark out of sight."""
    outer = mark.get()
    if outer is not None:
        mark.set(None)
    return outer


def take(outer: Mark | None) -> Mark | None:
    """End an extraction: its own mark, after which the outer one's is back in place."""
    own = mark.get()
    if own is not None and len(outstanding) < MANY:
        outstanding.pop()
    if own is not outer:
        mark.set(outer)
    return own
