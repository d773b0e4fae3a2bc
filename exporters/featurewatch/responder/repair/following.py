"""Follows a run from its intent to its end: call, read back, judge, take back. Any step may be the last of a process.

Each step first takes the lease of the run, and ends with one transaction that moves it on, unless somebody was quicker.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from featurewatch.objectives.model import Severity
from featurewatch.objectives.repair import Action
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair import stops, wishing
from featurewatch.responder.repair.ledger import Ledger, Page
from featurewatch.responder.repair.run import FAILURES, Run
from featurewatch.responder.repair.run import State as RunState
from featurewatch.responder.repair.target import Refused, State, Target, Unknown
from featurewatch.responder.repair.wish import basis, before, within

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
"""How long nobody else follows a run whose responder says nothing."""


class Follower:
    """One responder's way with runs."""

    def __init__(self, ledger: Ledger, holder: str, lease: timedelta = LEASE) -> None:
        """`holder` tells this responder from all others."""
        self._ledger = ledger
        self._holder = holder
        self._lease = lease

    def step(self, run: Run, action: Action, target: Target) -> None:
        """Do what is next, as far as it can be done now. Raises DatabaseUnavailable."""
        taken = self._taken(run)
        if taken is None:
            return
        match taken.state:
            case "waiting":
                self._wait(taken, action)
            case "intended":
                self._call(taken, action, target)
            case "calling" | "called":
                self._read_back(taken, action, target)
            case "holding":
                self._judge(taken, action)

    def abandon(self, run: Run, why: str) -> None:
        """End a run whose action nobody declares any more: its target cannot be asked."""
        taken = self._taken(run)
        if taken is not None:
            with self._ledger.page() as page:
                self._end(page, taken, "stopped" if taken.state in runs.UNCALLED else "failed", why)

    def _taken(self, run: Run) -> Run | None:
        now = self._ledger.clock()
        mine = run.holder == self._holder and run.held_until is not None
        if mine and run.held_until is not None and run.held_until - now > self._lease / 2:
            return run
        with self._ledger.page() as page:
            taken = runs.lease(page.connection, run, self._holder, page.now, self._lease)
            if taken is not None and run.holder not in (None, self._holder):
                page.note("taken-over", run.subject, {"run": run.id, "state": run.state})
            return taken

    def _wait(self, run: Run, action: Action) -> None:
        with self._ledger.page() as page:
            if not wishing.for_action(action, wishing.firing(page.connection, page.now)):
                self._end(page, run, "lapsed", "its alerts ended before anybody agreed")
            elif page.now >= run.made_at + timedelta(seconds=action.guards.approval_within):
                self._end(page, run, "lapsed", "nobody agreed in time")

    def _call(self, run: Run, action: Action, target: Target) -> None:
        """The one place that calls. What was decided may be long ago, so it is looked at once more."""
        waited = action.guards.approval_within if run.decided_by else 0.0
        latest = run.made_at + timedelta(seconds=waited + action.guards.time_limit)
        try:
            found = target.read()
            already = target.holds(run.wished, found)
            calls = () if already else target.calls(run.wished)
        except (Refused, Unknown) as error:
            if self._ledger.clock() >= latest:
                self._ended(run, "failed", f"it could not be looked at before the call: {error}")
            return
        with self._ledger.page() as page:
            calling = self._may_call(page, run, action, found, already=already, latest_passed=page.now >= latest)
            if calling:
                told = [asdict(call) for call in calls]
                values = {"called_at": page.now, "calls": told}
                moved = runs.move(page.connection, run, "calling", "the target may have heard of it", **values)
                if moved is None:
                    return
                page.note("calling", run.subject, {"run": run.id, "wished": dict(run.wished), "calls": told})
                run = moved
        if calling:
            self._wish(run, target)

    def _may_call(
        self, page: Page, run: Run, action: Action, found: State, *, already: bool, latest_passed: bool
    ) -> bool:
        """Ends the run where it must not be called any more, or need not be."""
        stopped = stops.words(page.connection)
        taking_back = run.rolls_back is not None
        wished_for = wishing.for_action(action, wishing.firing(page.connection, page.now))
        if stopped:
            self._end(page, run, "stopped", stopped)
        elif action.mode != "real":
            self._end(page, run, "stopped", "its action is a dry-run now")
        elif latest_passed:
            self._end(page, run, "failed" if taking_back else "lapsed", "it was not called in time")
        elif _in_the_way(run, runs.open_runs(page.connection)):
            return False  # one after the other; it is looked at again
        elif already:
            self._holds(page, run, found, "it was so already; nothing was called")
        elif taking_back and not within(found, run.found, run.wished):
            self._end(page, run, "failed", f"somebody else has changed it: {dict(found)}")
        elif not taking_back and not wished_for:
            self._end(page, run, "lapsed", "its alerts ended before the call")
        elif not taking_back and basis(run.kind, found) != basis(run.kind, run.found):
            self._end(page, run, "lapsed", f"the target has changed since the decision: {dict(found)}")
        else:
            return True
        return False

    def _wish(self, run: Run, target: Target) -> None:
        try:
            target.wish(run.wished, run.key)
        except Refused as error:
            self._ended(run, "failed", f"refused: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the target may have heard of it
            why = f"nobody can say whether it was taken: {error or type(error).__name__}"
            with self._ledger.page() as page:
                if runs.move(page.connection, run, "calling", why) is not None:
                    page.note("unknown", run.subject, {"run": run.id, "why": why})
        else:
            with self._ledger.page() as page:
                if runs.move(page.connection, run, "called", "the target has accepted it") is not None:
                    page.note("called", run.subject, {"run": run.id})

    def _read_back(self, run: Run, action: Action, target: Target) -> None:
        """Whatever the call answered: what counts is how the target is."""
        late = self._ledger.clock() >= (run.called_at or run.made_at) + timedelta(seconds=action.guards.time_limit)
        try:
            found = target.read()
        except (Refused, Unknown) as error:
            if late:
                self._ended(run, "failed", f"it cannot be read back: {error}")
            return
        with self._ledger.page() as page:
            if target.holds(run.wished, found):
                self._holds(page, run, found, "read back, it is as wished")
            elif late:
                ended = self._end(page, run, "failed", f"after the time limit it is not as wished: {dict(found)}")
                if ended is not None and basis(run.kind, found) != basis(run.kind, run.found):
                    self._take_back(page, ended, action)

    def _holds(self, page: Page, run: Run, found: State, why: str) -> None:
        if run.rolls_back is not None:
            self._end(page, run, "done", why, found=dict(found))
            return
        if runs.move(page.connection, run, "holding", why, held_at=page.now) is not None:
            page.note("holding", run.subject, {"run": run.id, "found": dict(found), "why": why})

    def _judge(self, run: Run, action: Action) -> None:
        """Does the objective recover? Its alerts say so."""
        with self._ledger.page() as page:
            fires = wishing.for_action(action, wishing.firing(page.connection, page.now))
            limit = (run.held_at or page.now) + timedelta(seconds=action.guards.recovers_within)
            if not fires:
                self._end(page, run, "recovered", "its alerts have ended")
            elif max(one.severity for one in fires) > Severity[run.severity.upper()]:
                ended = self._end(page, run, "worse", f"it became {wishing.worst(fires)} afterwards")
                self._take_back(page, ended, action)
            elif page.now >= limit:
                ended = self._end(page, run, "in-vain", "its alerts still fire")
                self._take_back(page, ended, action)

    def _take_back(self, page: Page, ended: Run | None, action: Action) -> None:
        """In the same transaction that ended the run, so that no crash comes between."""
        if ended is None or ended.rolls_back is not None:
            return
        way_back = before(ended.kind, ended.found)
        stopped = stops.words(page.connection)
        if not action.can_be_rolled_back or way_back is None or stopped or way_back == dict(ended.wished):
            why = stopped or ("it is declared so" if not action.guards.roll_back else "there is no way back")
            page.note("not-rolled-back", ended.subject, {"run": ended.id, "why": why})
            return
        made = runs.write(page.connection, _rolling_back(ended, way_back, page))
        page.note("rolls-back", ended.subject, {"run": made.id, "rolls_back": ended.id, "wished": dict(way_back)})

    def _ended(self, run: Run, state: RunState, why: str) -> None:
        with self._ledger.page() as page:
            self._end(page, run, state, why)

    def _end(self, page: Page, run: Run, state: RunState, why: str, **detail: Any) -> Run | None:
        ended = runs.move(page.connection, run, state, why, ended_at=page.now)
        if ended is not None:
            page.note(state, run.subject, {"run": run.id, "why": why, **detail})
            if state in FAILURES:
                log.error("repair %s, run %d: %s, %s", run.subject, run.id, state, why)
        return ended


def _in_the_way(run: Run, begun: Sequence[Run]) -> bool:
    """Whether another run acts on its target, or goes first: one that takes something back, then the older one. It may
    have been decided while this one waited for somebody's agreement."""
    others = [one for one in begun if one.target == run.target and one.id != run.id]
    if any(one.state not in runs.UNCALLED for one in others):
        return True
    mine = (run.rolls_back is None, run.id)
    return any(one.state == "intended" and (one.rolls_back is None, one.id) < mine for one in others)


def new_key() -> str:
    """An idempotency key that nobody else has."""
    return secrets.token_hex(16)


def _rolling_back(ended: Run, way_back: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        "action": ended.action,
        "target": ended.target,
        "kind": ended.kind,
        "mode": "real",
        "key": new_key(),
        "state": "intended",
        "why": f"run {ended.id}: {ended.why}",
        "severity": ended.severity,
        "firings": list(ended.firings),
        "found": dict(ended.wished),
        "wished": dict(way_back),
        "calls": [],
        "approver": None,
        "rolls_back": ended.id,
        "made_at": page.now,
    }
