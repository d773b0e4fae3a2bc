"""What Alertmanager tells of an alert, and what follows from all that was told, in whatever order it came.

An alert fires from its start to its end; the same one (by its fingerprint, which Alertmanager makes of its labels) may
fire again later. Messages are repeated, overtake each other and get lost, so what is kept is a set: every start that
was ever told, and for each the earliest end that was told and is not before it. A set is the same whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Source = Literal["webhook", "reconciliation", "event-recorder", "manual"]
"""How we learned of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert in one message."""

    fingerprint: str
    started_at: datetime
    ended_at: datetime | None
    """None while it fires."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interval:
    """From when to when an alert fired; open while it fires."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(slots=True)
class Change:
    """What one start becomes by what was told."""

    interval: Interval
    new: bool
    told: Told
    """The last that was told of it."""


def merge(known: Mapping[str, Iterable[Interval]], told: Iterable[Told]) -> dict[tuple[str, datetime], Change]:
    """What is new or ended for each (fingerprint, start), given what is known of the fingerprints that were told.

    The result does not depend on the order of `told`, nor on how it is split into calls, if each call knows what those
    before it have left.
    """
    starts: dict[str, dict[datetime, Interval]] = {}
    for fingerprint, before in known.items():
        starts[fingerprint] = {interval.started_at: interval for interval in before}
    had = {(fingerprint, start) for fingerprint, found in starts.items() for start in found}
    last: dict[tuple[str, datetime], Told] = {}
    ends: dict[str, set[datetime]] = {}
    for one in told:
        intervals = starts.setdefault(one.fingerprint, {})
        intervals.setdefault(one.started_at, Interval(one.started_at))
        key = (one.fingerprint, one.started_at)
        # Of two messages about one start, the one that tells its end is the later.
        if key not in last or last[key].ended_at is None:
            last[key] = one
        if one.ended_at is not None:
            # A clock that was set back may end it before it began.
            ends.setdefault(one.fingerprint, set()).add(max(one.ended_at, one.started_at))
    changes = {}
    for fingerprint, intervals in starts.items():
        told_ends = ends.get(fingerprint, set()) | {i.ended_at for i in intervals.values() if i.ended_at is not None}
        for start, interval in intervals.items():
            end = min((end for end in told_ends if end >= start), default=None)
            key = (fingerprint, start)
            if key not in had or end != interval.ended_at or key in last:
                message = last.get(key) or Told(fingerprint, start, end)
                changes[key] = Change(Interval(start, end), key not in had, message)
    return changes
