"""Prometheus' own bookkeeping of an alert: from the evaluations at which its expression held to its firings. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Run = tuple[int, int]
"""The first and last of evaluations, counted from the window's begin, at which something held without a gap."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that an alert fired for one set of labels; seconds since the epoch."""

    began: float
    ended: float | None
    """None: it fires still when the window ends."""

    def seconds(self, end: float) -> float:
        return (end if self.ended is None else self.ended) - self.began


def runs(indexes: Iterable[int]) -> list[Run]:
    """Ascending numbers as runs."""
    found: list[Run] = []
    for index in indexes:
        if found and found[-1][1] + 1 == index:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def joined(earlier: list[Run], later: Iterable[Run]) -> list[Run]:
    """Two stretches of time, one after the other."""
    for first, last in later:
        if earlier and earlier[-1][1] + 1 == first:
            earlier[-1] = (earlier[-1][0], last)
        else:
            earlier.append((first, last))
    return earlier


def firings(held: Iterable[Run], hold: float, keep: float, start: float, step: float, count: int) -> list[Firing]:
    """What Prometheus would have made of it: `hold` is `for`, `keep` is `keep_firing_for`, all in seconds.

    An alert fires at the first evaluation that is `hold` after the first one of its run. It ends at the first
    evaluation without it, or at the first that is `keep` after that one if it has not come back by then.
    """
    found: list[Firing] = []
    began: int | None = None
    gap: int | None = None  # the first evaluation without it, while it is kept firing
    for first, last in held:
        if began is not None and gap is not None:
            ends = _kept_until(gap, keep, step)
            if ends < first:
                found.append(Firing(start + began * step, start + ends * step))
                began = None
        gap = None
        if began is None:
            fires = first + _evaluations(hold, step)
            if fires <= last:
                began = fires
        if began is not None:
            gap = last + 1
    if began is not None:
        ends = count if gap is None else _kept_until(gap, keep, step)
        found.append(Firing(start + began * step, start + ends * step if ends < count else None))
    return found


def _evaluations(seconds: float, step: float) -> int:
    """The first evaluation that is at least so long after one."""
    return -int(-round(seconds / step, 9) // 1)


def _kept_until(gap: int, keep: float, step: float) -> int:
    """Prometheus counts `keep_firing_for` from the first evaluation without the alert."""
    return gap + _evaluations(keep, step)
