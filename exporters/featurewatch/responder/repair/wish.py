"""Which state an action wishes for, given how its target is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from featurewatch.objectives.repair import SCALING, Action
from featurewatch.responder.repair.target import State, Value

REPLICAS: Final = "replicas"
WANTED: Final = "target"
"""How many replicas the target itself is on its way to."""

VERSION: Final = "version"

Reason = Literal[
    "stopped",
    "busy",
    "in-hand",
    "maintenance",
    "switched-off",
    "cool-down",
    "rate",
    "unreadable",
    "changing",
    "bounds",
    "share",
    "already",
]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """The guard that holds an action back, and its words."""

    reason: Reason
    why: str


def wished(action: Action, found: State, now: datetime) -> Mapping[str, Value] | Hindrance:
    """The absolute state that it asks for, or why there is none."""
    match action.kind:
        case "scale-up" | "scale-down":
            return _scaled(action, found)
        case "restart":
            return {"restarted_after": now.isoformat()}
        case "clear-cache":
            return {"keys": 0}
        case "retrain":
            if found.get(VERSION) is None:
                return Hindrance("unreadable", f"{action.target.name} does not tell its version")
            return {"version_newer_than": str(found[VERSION])}
        case _:
            return dict(action.state)


def basis(kind: str, found: State) -> Mapping[str, Value]:
    """What a wish rests on: when this has changed since, it is not what was decided about any more."""
    if kind in SCALING:
        return {REPLICAS: found.get(REPLICAS)}
    return {VERSION: found.get(VERSION)} if kind == "retrain" else {}


def before(kind: str, found: State) -> Mapping[str, Value] | None:
    """The state to wish for to take a run back; None where there is no way back."""
    count = _count(found.get(REPLICAS))
    return {REPLICAS: count} if kind in SCALING and count is not None else None


def within(found: State, one: State, other: State) -> bool:
    """Whether a number of replicas lies between two, these included: else somebody else has changed it."""
    counts = [_count(state.get(REPLICAS)) for state in (found, one, other)]
    here, begin, end = counts
    return here is not None and begin is not None and end is not None and min(begin, end) <= here <= max(begin, end)


def _scaled(action: Action, found: State) -> Mapping[str, Value] | Hindrance:
    name, count = action.target.name, _count(found.get(REPLICAS))
    if count is None:
        return Hindrance("unreadable", f"{name} does not tell how many replicas it has")
    wanted = _count(found.get(WANTED))
    if wanted is not None and wanted != count:
        return Hindrance("changing", f"{name} is on its way from {count} to {wanted} replicas")
    if action.kind == "scale-up":
        steps = [step for step in action.replicas if step > count]
        chosen = min(steps, default=None)
    else:
        steps = [step for step in action.replicas if step < count]
        chosen = max(steps, default=None)
    if chosen is None:
        bounds = f"{action.replicas[0]} to {action.replicas[-1]} are allowed"
        return Hindrance("bounds", f"{name} has {count} replicas; {bounds}")
    share = abs(chosen - count) / max(chosen, count)
    if share > action.guards.share + 1e-9:
        what = f"from {count} to {chosen} replicas would change {share:.0%} of them"
        return Hindrance("share", f"{what}; {action.guards.share:.0%} are allowed at once")
    return {REPLICAS: chosen}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
