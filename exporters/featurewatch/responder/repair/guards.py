"""Whether an action may run now: facts and guard rails in, a hindrance out. Pure; the first that holds it back is told.

The words name moments, never how long they are away: they are written down once, when they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from featurewatch.objectives.repair import Action
from featurewatch.people.calendar import lasts
from featurewatch.responder.repair.run import FAILURES, Run
from featurewatch.responder.repair.wish import Hindrance

HOUR: Final = timedelta(hours=1)

UNCOUNTED: Final = ("stopped", "lapsed")
"""Ends after which an action need not rest: nothing was called, and nobody said no."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at."""

    now: datetime
    in_hand: str
    """Who has every alert in hand that wishes for it; empty: at least one is in nobody's."""
    stopped: str
    """Who stopped all actions, and why; empty: nobody did."""
    busy: str
    """The action that acts on the same target now; empty: none."""
    runs: Sequence[Run]
    """Its last ones, the newest first."""
    switched_on_at: datetime | None
    """Failures before do not count."""


def hindrance(action: Action, facts: Facts) -> Hindrance | None:
    """What holds it back before its target was even looked at; None: nothing does."""
    guards = action.guards
    if facts.stopped:
        return Hindrance("stopped", facts.stopped)
    if facts.busy:
        return Hindrance("busy", f"{facts.busy} acts on {action.target.name}")
    if facts.in_hand:
        return Hindrance("in-hand", f"{facts.in_hand} has it in hand")
    for stretch in guards.not_during:
        if lasts(stretch.times, facts.now):
            return Hindrance("maintenance", f"{stretch.name} lasts")
    failed = failures(facts.runs, facts.switched_on_at)
    if failed >= guards.failures:
        return Hindrance("switched-off", f"{_runs(failed)} failed in a row; somebody must switch it on again")
    return _too_soon(action, facts)


def _too_soon(action: Action, facts: Facts) -> Hindrance | None:
    counted = [
        run for run in facts.runs if run.mode == action.mode and run.rolls_back is None and run.state not in UNCOUNTED
    ]
    ends = [run.ended_at for run in counted if run.ended_at is not None]
    if ends and (until := max(ends) + timedelta(seconds=action.guards.cool_down)) > facts.now:
        return Hindrance("cool-down", f"it rests until {until:%Y-%m-%d %H:%M:%S}Z")
    begun = sorted(run.made_at for run in counted if run.made_at > facts.now - HOUR)
    if len(begun) >= action.guards.per_hour:
        again = begun[-action.guards.per_hour] + HOUR
        return Hindrance("rate", f"it ran {len(begun)} times within an hour; again from {again:%Y-%m-%d %H:%M:%S}Z")
    return None


def failures(runs: Sequence[Run], since: datetime | None) -> int:
    """How many real runs in a row failed, the last one included; `runs` the newest first."""
    number = 0
    for run in runs:
        if since is not None and run.made_at <= since:
            break
        if run.state == "recovered":
            break
        number += run.state in FAILURES
    return number


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"
