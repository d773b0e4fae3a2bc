"""A histogram that costs one list append per sample, and is folded in bulk."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, repeat
from operator import add
from typing import TYPE_CHECKING

from featurewatch.measure.family import Totals
from featurewatch.measure.labels import Labels

if TYPE_CHECKING:
    from featurewatch.measure.exemplars import Exemplar

DEFAULT_BUFFER = 256
"""Samples kept before the call that fills the buffer folds it: about 20 microseconds for that one call."""

Refused = Callable[[str, int], None]
Trouble = Callable[[BaseException], None]
Folded = Callable[[list[float]], None]

NOT_A_NUMBER = "nan"
INFINITE = "infinite"
NEGATIVE = "negative"
WRONG_TYPE = "type"
UNKNOWN_SOURCE = "served_from"
LOST = "internal"
REFUSALS = (NOT_A_NUMBER, INFINITE, NEGATIVE, WRONG_TYPE, UNKNOWN_SOURCE, LOST)


class Histogram:
    """Samples of one label set.

    A writer calls `append(sample)` and then, when `len(buffer)` has reached `capacity`, `fold()`. No lock is taken for
    an append; a fold copies the buffer's head and deletes it in two steps, while appends of other threads land behind
    it, so no sample is lost or counted twice. The buffer is never replaced: writers hold on to its `append`.

    The buffer holds at most `capacity` samples plus one per thread that is appending just then.
    """

    __slots__ = (
        "_folded",
        "_folding",
        "_lock",
        "_pending",
        "_refused",
        "_totals",
        "_trouble",
        "append",
        "buffer",
        "capacity",
        "edges",
        "exemplars",
        "labels",
        "publish",
    )

    def __init__(
        self,
        labels: Labels,
        edges: tuple[float, ...],
        *,
        refused: Refused,
        trouble: Trouble,
        capacity: int = DEFAULT_BUFFER,
        folded: Folded | None = None,
    ) -> None:
        """`folded` is told the samples of each fold as they came, invalid ones among them, once they are counted."""
        self._folded = folded
        self.labels = labels
        self.edges = edges
        self.capacity = capacity
        self.buffer: list[float] = []
        self.append = self.buffer.append
        self.exemplars: Callable[[], Mapping[int, Exemplar]] | None = None
        """The exemplar of each bucket that has one, where they are kept; see `exemplars`."""
        self.publish: Callable[[Totals], None] | None = None
        """Told the new totals of each fold before anybody can read them here, where other processes read them too."""
        self._refused = refused
        self._trouble = trouble
        self._start()

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._folding = False
        self._pending: list[float] | None = None
        self._totals = Totals((0,) * (len(self.edges) + 1), 0.0)

    def restart(self) -> None:
        """Begin at zero in a forked child: what the parent had buffered is counted by the parent."""
        self.buffer.clear()
        self._start()

    def read(self) -> Totals:
        """The totals including every sample appended before the call."""
        if self.buffer or self._pending is not None:
            self.fold(1)
        return self._totals

    def fold(self, at_least: int | None = None) -> None:
        """Move the buffer into the totals if it holds `at_least` (default: `capacity`) samples. Never raises."""
        if at_least is None:
            at_least = self.capacity
        with self._lock:
            if self._folding:
                # Only this very thread can get here: a signal handler or a finaliser interrupted its fold.
                return
            self._folding = True
            try:
                if self._pending is not None:
                    self._commit(self._pending)
                count = len(self.buffer)
                if count >= at_least:
                    # CPython handles signals between calls, not between these two statements: a KeyboardInterrupt
                    # finds the samples either in the buffer or in _pending, and the next fold goes on from there.
                    self._pending = self.buffer[:count]
                    del self.buffer[:count]
                    self._commit(self._pending)
            finally:
                self._folding = False

    def _commit(self, samples: list[float]) -> None:
        arrived = samples if self._folded is None else samples.copy()
        try:
            totals = self._with(samples)
        except Exception as error:  # noqa: BLE001 - kept, these samples would make every later fold fail as well
            self._pending = None
            self._refused(LOST, len(samples))
            self._trouble(error)
        else:
            if self.publish is not None:
                self.publish(totals)
            self._totals, self._pending = totals, None
            if self._folded is not None:
                self._folded(arrived)

    def _with(self, samples: list[float]) -> Totals:
        try:
            total = float(sum(samples))
            valid = total < math.inf  # false for NaN, too
            if valid:
                samples.sort()
                valid = samples[0] >= 0
        except Exception:  # noqa: BLE001 - whatever the methods of a strange object raise
            valid = False
        if not valid:
            samples = self._valid_ones(samples)
            total = sum(samples)
        return self._added(samples, total) if samples else self._totals

    def _added(self, samples: list[float], total: float) -> Totals:
        """The totals with these samples: at least one, valid, sorted."""
        before, edges = self._totals, self.edges
        # Only the edges between the shortest and the longest sample have to be searched for.
        count, low, high = len(samples), bisect_left(edges, samples[0]), bisect_left(edges, samples[-1])
        between = map(bisect_right, repeat(samples), edges[low:high])
        upto = *repeat(0, low), *between, *repeat(count, len(edges) + 1 - high)
        return Totals(tuple(map(add, before.cumulative, upto)), before.sum + total)

    def _valid_ones(self, samples: Sequence[object]) -> list[float]:
        """The samples that are durations, sorted; the others are counted by reason."""
        valid: list[float] = []
        for sample in samples:
            reason = refusal(sample)
            if reason is None:
                valid.append(float(sample))  # type: ignore[arg-type]  # refusal() has looked at it
            else:
                self._refused(reason, 1)
        valid.sort()
        return valid


def refusal(sample: object) -> str | None:
    """Why the sample is no duration, or None if it is one."""
    try:
        if math.isnan(sample):  # type: ignore[arg-type]  # a TypeError is one of the answers
            return NOT_A_NUMBER
        if math.isinf(sample):  # type: ignore[arg-type]
            return INFINITE
        return NEGATIVE if sample < 0 else None  # type: ignore[operator]
    except OverflowError:
        return INFINITE
    except Exception:  # noqa: BLE001 - whatever the object's own methods raise
        return WRONG_TYPE


def checked_edges(edges: Sequence[float]) -> tuple[float, ...]:
    """Bucket edges as a histogram wants them: finite, positive, rising. ValueError names the offender."""
    try:
        checked = tuple(float(edge) for edge in edges)
    except (TypeError, ValueError) as error:
        raise ValueError(f"edges must be numbers: {edges!r}") from error
    if not checked:
        raise ValueError("edges must hold at least one edge")
    for edge in checked:
        if not (math.isfinite(edge) and edge > 0):
            raise ValueError(f"edges must be finite and positive, found {edge!r} (+Inf is added by itself)")
    for lower, upper in pairwise(checked):
        if not lower < upper:
            raise ValueError(f"edges must rise, found {upper!r} after {lower!r}")
    return checked
