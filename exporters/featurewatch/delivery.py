"""One delivery budget decides every interval between a bad extraction and the message about it.

The worst case is a sum of waits: until the window holds enough bad extractions, until the next scrape, until the next
evaluation, until the violation has lasted (`for`), until the group is sent (`group_wait`), and the sending itself.
It holds for the first alert of a group. What changes in a group that people know of already (one more extractor, an
end) leaves with its next round, `group_interval`: a storm that grows for a minute is two messages, not twelve.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

INTERVALS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
"""Seconds; those that people use, so that `rate` windows and retention stay easy to reason about."""

SEND = 1.0
"""Seconds allowed for Prometheus, Alertmanager and the first attempt of a channel; software adds milliseconds."""


class BudgetTooSmall(ValueError):
    """No interval is short enough for the budget. The message says what would be."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Every interval of the chain, in seconds."""

    scrape_interval: float
    evaluation_interval: float
    group_wait: float
    group_interval: float
    """How often people hear of what changes in a group that they have been told of: more extractors, ends."""
    record_interval: float
    """The same for the responder, which keeps the record and reads faster than people."""
    repeat_interval: float
    resend_delay: float
    """How often Prometheus repeats an alert to Alertmanager. An alert that is not repeated ends after four times
    this: long enough for a restart of Prometheus, short enough that a restarted Alertmanager learns soon."""
    maintenance_interval: float
    """How often Alertmanager writes what it has sent. What it forgets when killed, it sends again."""

    @property
    def scrape_timeout(self) -> float:
        return min(self.scrape_interval, 10.0)

    def hold(self, evaluations: int) -> float:
        """Seconds that span this many evaluations."""
        return evaluations * self.evaluation_interval


HOLD_EVALUATIONS = {"critical": 2, "high": 2, "medium": 5, "low": 10}
"""How many evaluations a violation must last, by severity, where the objective does not say."""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Where the seconds go between the first bad extraction and the message."""

    detection: float
    """Until the window holds enough bad extractions, when every extraction is bad."""
    scrape: float
    evaluation: float
    hold: float
    group: float
    send: float = SEND

    @property
    def total(self) -> float:
        return self.detection + self.scrape + self.evaluation + self.hold + self.group + self.send


@dataclass(frozen=True, slots=True)
class Wait:
    """What one critical rule adds to the intervals, in seconds."""

    detection: float
    """Until its window shows the violation when every extraction is bad."""
    hold: float | None = None
    """Its declared `for`; None for two evaluations."""


def timing(budget: float, waits: Iterable[Wait], longest_interval: float = INTERVALS[-1]) -> Timing:
    """The longest intervals, up to `longest_interval`, that keep every critical rule within `budget` seconds.

    Raises `BudgetTooSmall` with the smallest budget that would do.
    """
    waits = tuple(waits)
    for interval in reversed(INTERVALS):
        chosen = _timing(interval)
        if interval <= max(longest_interval, INTERVALS[0]) and worst_case(chosen, waits).total <= budget:
            return chosen
    least = worst_case(_timing(INTERVALS[0]), waits)
    raise BudgetTooSmall(
        f"needs at least {math.ceil(least.total)} s, of which {least.detection:g} s until the window shows the "
        f"violation and {least.hold:g} s while it must last"
    )


def worst_case(chosen: Timing, waits: Iterable[Wait]) -> WorstCase:
    """The sum of all waits with these intervals, for the rule that waits longest (a rule of no detection if none)."""
    cases = [
        WorstCase(
            detection=wait.detection,
            scrape=chosen.scrape_interval,
            evaluation=chosen.evaluation_interval,
            hold=_whole_evaluations(chosen, wait.hold),
            group=chosen.group_wait,
        )
        for wait in tuple(waits) or (Wait(0.0),)
    ]
    return max(cases, key=lambda case: case.total)


def _whole_evaluations(chosen: Timing, hold: float | None) -> float:
    """Prometheus looks only at evaluations: a `for` of 5 s with one every 2 s takes 6 s."""
    if hold is None:
        return chosen.hold(HOLD_EVALUATIONS["critical"])
    return chosen.hold(math.ceil(hold / chosen.evaluation_interval))


def _timing(interval: float) -> Timing:
    return Timing(
        scrape_interval=interval,
        evaluation_interval=interval,
        # One second lets alerts of the same evaluation travel in one message.
        group_wait=1.0,
        group_interval=60.0,
        record_interval=max(5.0, interval),
        repeat_interval=4 * 3600.0,
        resend_delay=max(10.0, 2 * interval),
        maintenance_interval=5.0,
    )
