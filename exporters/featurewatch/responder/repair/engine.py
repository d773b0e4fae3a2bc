"""The engine of repair: again and again it follows what was begun, and decides what to begin.

An action that many alerts wish for is decided once. Facts and guard rails make the decision; it is written down, with
its reason, whether it is taken or not; only then is anything called.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from featurewatch.objectives import repair
from featurewatch.objectives.repair import Action
from featurewatch.responder.database import DatabaseUnavailable
from featurewatch.responder.declared import NothingDeclared
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair import standing, wishing
from featurewatch.responder.repair.following import LEASE, Follower, new_key
from featurewatch.responder.repair.guards import hindrance
from featurewatch.responder.repair.ledger import Ledger
from featurewatch.responder.repair.run import Run
from featurewatch.responder.repair.target import Call, Refused, State, Target, Unknown, Unmade, Value
from featurewatch.responder.repair.targets import TargetFault
from featurewatch.responder.repair.wish import Hindrance, wished
from featurewatch.responder.repair.wishing import Wishing
from featurewatch.responder.rounds import Round

log = logging.getLogger(__name__)

SECONDS: Final = 2.0
"""Between two rounds."""

AT_ONCE: Final = 8
"""Targets that are asked side by side: a slow one keeps few others waiting."""

TOLD: Final = 20
"""Alerts that a decision names when a storm wished for it."""


class Engine:
    """One responder's engine. Several may work on one database."""

    def __init__(
        self,
        ledger: Ledger,
        declared: Callable[[], Sequence[Action]],
        made: Callable[[repair.Target], Target],
        lease: timedelta = LEASE,
    ) -> None:
        """`declared` tells the actions as they are declared now, `made` makes the system of a declared target."""
        self._ledger = ledger
        self._declared = declared
        self._made = made
        self._follower = Follower(ledger, secrets.token_hex(8), lease)
        self._targets: dict[str, tuple[repair.Target, Target]] = {}

    def round(self, seconds: float = SECONDS) -> Round:
        """The work as the responder repeats it."""

        def work() -> None:
            try:
                self.work()
            except (DatabaseUnavailable, NothingDeclared) as error:
                log.warning("nothing is repaired: %s", error)

        return Round("repair", work, seconds)

    def work(self) -> None:
        """One round. Raises DatabaseUnavailable and NothingDeclared."""
        actions = {action.name: action for action in self._declared()}
        with self._ledger.database.reading() as connection:
            begun = runs.open_runs(connection)
        for one in begun:
            if one.action not in actions or actions[one.action].target.name != one.target:
                self._follower.abandon(one, "objectives.yaml declares it no more")
        targets = sorted({action.target.name for action in actions.values()})

        def of_target(name: str) -> None:
            for one in begun:
                if one.target == name and one.action in actions and actions[one.action].target.name == name:
                    self._follow(one, actions[one.action])
            for action in actions.values():
                if action.target.name == name:
                    self._decide(action)

        if targets:
            with ThreadPoolExecutor(min(AT_ONCE, len(targets)), "repair") as pool:
                list(pool.map(of_target, targets))

    def _follow(self, one: Run, action: Action) -> None:
        target: Target | Hindrance = self._target(action)
        if isinstance(target, Hindrance):
            # Its limits of time hold all the same: nothing is followed, or waited for, for ever.
            log.error("run %d cannot be looked after: %s", one.id, target.why)
            target = Unmade(action.target.name, action.target.timeout, target.why)
        self._follower.step(one, action, target)

    def _decide(self, action: Action) -> None:
        with self._ledger.database.reading() as connection:
            now = self._ledger.clock()
            fires = wishing.for_action(action, wishing.firing(connection, now))
            held = hindrance(action, wishing.facts(connection, action, fires, now)) if fires else None
            begun = runs.open_runs(connection)
        if not fires:
            standing.let_go(self._ledger.database, action.name)
            return
        if held is not None and held.reason == "busy" and any(one.action == action.name for one in begun):
            return  # by what it does itself, which the audit tells step by step
        if held is None:
            considered = self._considered(action)
            if isinstance(considered, Hindrance):
                held = considered
            else:
                self._begin(action, *considered)
                return
        standing.hold_back(self._ledger, action, held, _alerts(fires))

    def _considered(self, action: Action) -> tuple[State, dict[str, Value], tuple[Call, ...]] | Hindrance:
        """How the target is, what is wished for, and what would be called."""
        target = self._target(action)
        if isinstance(target, Hindrance):
            return target
        try:
            found = target.read()
            wish = wished(action, found, self._ledger.clock())
            if isinstance(wish, Hindrance):
                return wish
            if target.holds(wish, found):
                return Hindrance("already", f"{action.target.name} is so already")
            return found, dict(wish), target.calls(wish)
        except (Refused, Unknown) as error:
            return Hindrance("unreadable", str(error))

    def _begin(self, action: Action, found: State, wish: dict[str, Value], calls: tuple[Call, ...]) -> None:
        """Write the intent down, if the guards still let it: meanwhile another responder may have done so."""
        with self._ledger.page() as page:
            fires = wishing.for_action(action, wishing.firing(page.connection, page.now))
            if not fires or hindrance(action, wishing.facts(page.connection, action, fires, page.now)) is not None:
                return
            dry, approval = action.mode == "dry-run", action.guards.approval
            state, why = "intended", "its guards let it"
            if dry:
                state, why = "told", "dry-run: nothing was called"
            elif approval is not None:
                state, why = "waiting", f"the role {approval} must agree"
            values: dict[str, Any] = {
                "action": action.name,
                "target": action.target.name,
                "kind": action.kind,
                "mode": action.mode,
                "key": new_key(),
                "state": state,
                "why": why,
                "severity": wishing.worst(fires),
                "firings": [one.id for one in fires[:TOLD]],
                "found": dict(found),
                "wished": wish,
                "calls": [asdict(call) for call in calls],
                "approver": approval,
                "made_at": page.now,
                "ended_at": page.now if dry else None,
            }
            made = runs.write(page.connection, values)
            told = {name: values[name] for name in ("why", "found", "wished", "calls", "approver")}
            page.note(state, made.subject, {"run": made.id, **told, **_alerts(fires)})
        standing.let_go(self._ledger.database, action.name)

    def _target(self, action: Action) -> Target | Hindrance:
        """Made once, and again when it is declared otherwise."""
        kept = self._targets.get(action.target.name)
        if kept is not None and kept[0] == action.target:
            return kept[1]
        try:
            made = self._made(action.target)
        except TargetFault as fault:
            return Hindrance("unreadable", str(fault))
        self._targets[action.target.name] = (action.target, made)
        return made


def _alerts(fires: Sequence[Wishing]) -> dict[str, Any]:
    """What wishes for it, as the audit tells it."""
    return {"alerts": sorted({one.alertname for one in fires}), "fires": len(fires)}
