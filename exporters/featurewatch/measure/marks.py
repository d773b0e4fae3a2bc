"""What the body of a measured function says about its own extraction.

The mark is a context variable, so it is as private as the call: other threads and other asyncio tasks have their own.
An extraction reads it once at its end; one that was not marked pays two reads (some 20 ns) for the possibility.
"""

from __future__ import annotations

from contextvars import ContextVar

from featurewatch.names import ServedFrom


class Failure:
    """The mark of an extraction that failed without raising."""

    __slots__ = ("error_type",)

    def __init__(self, error_type: str) -> None:
        self.error_type = error_type


Mark = str | Failure

mark: ContextVar[Mark | None] = ContextVar("featurewatch_mark", default=None)


def served_from(source: ServedFrom) -> None:
    """Say where the features of the innermost running extraction came from; `compute` when nothing is said.

    Takes effect for `@monitor.measure` and `with monitor.extraction()` alike. Call it in the same thread and the same
    asyncio task; from elsewhere, set `extraction.served_from` on the object.
    """
    mark.set(source)


def failed(error_type: str) -> None:
    """Count the innermost running extraction as failed although it will return: `failed("StaleInput")`."""
    mark.set(Failure(error_type))
