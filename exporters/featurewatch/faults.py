"""A fault in what a user wrote: a value with a place, not an exception.

Checks collect faults and report them together; `Faulty` carries them out to the edge once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, where it stands, and what would be right."""

    file: str
    line: int
    """From 1; 0 where the fault concerns the file as a whole."""
    column: int
    what: str
    """The thing and what was found there."""
    remedy: str
    """What is allowed, or what to do."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return visible(f"{place}: {self.what}; {self.remedy}")


def visible(text: str) -> str:
    """The text in one line, with what cannot be printed written as an escape: it may quote what anybody wrote."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tool said of what it was given: nothing wrong, or faults with the place it named; and its own words."""

    faults: tuple[Fault, ...]
    output: str


class Failure(Exception):
    """featurewatch could not do its work, whatever the user wrote. Says what failed, where, and what to do."""


class Faulty(Exception):
    """What was read cannot be used. Holds every fault that was found, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))

    def __str__(self) -> str:
        count = len(self.faults)
        return "\n".join((f"{count} fault{'s' if count != 1 else ''}:", *(f"  {fault}" for fault in self.faults)))
