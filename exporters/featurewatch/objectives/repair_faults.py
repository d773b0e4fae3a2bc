"""What is well formed about actions and targets, and makes no sense or would be dangerous."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from featurewatch.faults import Fault
from featurewatch.objectives import repair, shipped
from featurewatch.objectives.repair_spec import NEEDED, SETTINGS, UNDERSTOOD, ActionSpec, TargetSpec
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text

Complaint = tuple[str, str, str]
"""Key, what is wrong, remedy."""

CALLS: float = 4.0
"""Within the time limit of an action there is room for so many time-outs of its target: to read, wish, read again."""


def faults(
    source: Source, targets: list[tuple[int, TargetSpec]], actions: list[tuple[int, ActionSpec]], times: set[str]
) -> Iterator[Fault]:
    """`times` are the names of the calendar."""
    known: dict[str, TargetSpec] = {}
    for index, target in targets:
        path: KeyPath = ("targets", index)
        if target.name in known:
            yield source.fault((*path, "name"), f"targets[{index}].name: {target.name!r} again", "choose another name")
        known[target.name] = target
        for key, what, remedy in _of_target(target):
            yield source.fault((*path, key), f"targets[{index}].{key}: {what}", remedy)
    names: set[str] = set()
    alerts = _alerts(source)
    responder = source.data.get("responder")
    if actions and not responder:
        yield source.fault(("actions",), "actions: nobody would carry them out", "add `responder`, which does")
    elif actions and isinstance(responder, dict) and responder.get("audit_key_file") is None:
        what = "responder.audit_key_file: missing; what actions do is chained with it"
        yield source.fault(("responder",), what, "write `audit_key_file: secrets/audit_key`; `openssl rand -hex 32`")
    for index, action in actions:
        path = ("actions", index)
        if action.name in names:
            yield source.fault((*path, "name"), f"actions[{index}].name: {action.name!r} again", "choose another name")
        names.add(action.name)
        for key, what, remedy in (
            *_of_place(action, known, alerts, times),
            *_of_wish(action),
            *_of_guards(action, known.get(action.target)),
        ):
            yield source.fault((*path, key), f"actions[{index}].{key}: {what}", remedy)


def _of_target(target: TargetSpec) -> Iterator[Complaint]:
    own = SETTINGS[target.kind]
    for key in sorted({key for keys in SETTINGS.values() for key in keys}):
        value = getattr(target, key)
        if value is not None and key not in own:
            yield key, f"means nothing to a target of kind {target.kind}", "leave it out"
        if value is None and key in own and key in NEEDED:
            yield key, f"missing; a target of kind {target.kind} needs it", f"write `{key}: …`"
    if target.url.startswith("redis") != (target.kind == "redis"):
        begins = "redis:// or rediss://" if target.kind == "redis" else "http:// or https://"
        yield "url", f"{target.url} is no address of kind {target.kind}", f"begin with {begins}"


def _of_place(
    action: ActionSpec, known: dict[str, TargetSpec], alerts: set[str], times: set[str]
) -> Iterator[Complaint]:
    target = known.get(action.target)
    if target is None:
        there = ", ".join(sorted(known)) or "none yet"
        yield "target", f"{action.target}: no such target", f"add it to targets, or name one of {there}"
    elif target.kind not in UNDERSTOOD[action.kind]:
        able = " or ".join(UNDERSTOOD[action.kind])
        yield "target", f"{target.kind} cannot {action.kind}", f"name a target of kind {able}"
    for trigger in action.on:
        if trigger.alert not in alerts:
            yield (
                "on",
                f"{trigger.alert}: no such alert",
                "name the alert of an objective, anomaly, capacity or incident",
            )
    for name in action.not_during:
        if name not in times:
            there = ", ".join(sorted(times)) or "none yet"
            yield "not_during", f"{name}: no such time", f"add it to calendar, or name one of {there}"


def _of_wish(action: ActionSpec) -> Iterator[Complaint]:
    scales = action.kind in repair.SCALING
    if scales and action.replicas is None:
        yield "replicas", "missing; it must know which numbers are allowed", "write a ladder such as [1, 2, 4]"
    if not scales and action.replicas is not None:
        yield "replicas", f"means nothing to {action.kind}", "leave it out"
    steps = action.replicas or []
    if any(later <= earlier for earlier, later in pairwise(steps)):
        yield "replicas", f"{steps} does not grow", "write the smallest number first, each once"
    if action.kind == "optimise" and action.state is None:
        yield "state", "missing; nobody knows what is optimal here", "write the wished state, such as {num_cpus: 2}"
    if action.state is not None and action.kind not in ("optimise", "halt"):
        yield "state", f"follows from the kind {action.kind}", "leave it out"


def _of_guards(action: ActionSpec, target: TargetSpec | None) -> Iterator[Complaint]:
    if action.share is not None and action.kind not in repair.SCALING:
        yield "share", f"{action.kind} acts on everything at once", "leave it out"
    if action.share is not None and not 0 < action.share <= 1:
        yield "share", "allows nothing, or more than everything", "write a share such as 50%"
    share = 0.5 if action.share is None else action.share
    for earlier, later in pairwise(action.replicas or []):
        if action.kind in repair.SCALING and (later - earlier) / later > share + 1e-9:
            what = f"the step between {earlier} and {later} changes more than {share:.0%} of all replicas"
            yield "replicas", what, "add steps between, or allow a larger `share`"
    if target is not None and action.time_limit < CALLS * target.timeout:
        need = duration_text(CALLS * target.timeout)
        yield "time_limit", f"too short for calls of up to {duration_text(target.timeout)}", f"at least {need}"


def _alerts(source: Source) -> set[str]:
    """Every alert that a file like this one can make people hear of; also where the rest of it is faulty."""
    found = set[str]()
    for key in ("objectives", "incidents", "anomalies", "capacity"):
        raw = source.data.get(key)
        found |= {str(item.get("alert")) for item in (raw if isinstance(raw, list) else []) if isinstance(item, dict)}
    wanted = source.data.get("use")
    named = [shipped.find(name) for name in (wanted if isinstance(wanted, list) else []) if isinstance(name, str)]
    found |= {item.alert for item in named if item is not None}
    return found | ({"HealthScoreLow"} if source.data.get("health") else set())
