"""What may be written about incidents, policies and the responder, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from featurewatch.faults import Fault
from featurewatch.objectives import handling, model, people_spec, receivers_spec, repair_faults, repair_spec
from featurewatch.objectives.model import Channel
from featurewatch.objectives.people_spec import PersonSpec, RoleSpec, StretchSpec
from featurewatch.objectives.receivers_spec import ReceiverSpec
from featurewatch.objectives.repair_spec import ActionSpec, TargetSpec
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text
from featurewatch.objectives.words import (
    KebabName,
    PascalName,
    Seconds,
    SecretPath,
    SeverityName,
    Strict,
    Text,
    Url,
    Word,
)

OWN_ALERTS = frozenset({"Watchdog", "IncidentMember", "EscalationLevel2", "EscalationLevel3"})
"""Names of alerts that are made whatever the file says."""

Spec = TypeVar("Spec", bound=BaseModel)


class IncidentSpec(Strict):
    name: KebabName
    alert: PascalName
    title: Text
    every: Annotated[list[Word], Field(min_length=1, max_length=10)]
    some: Annotated[list[Word], Field(max_length=10)] = []
    window: Seconds
    first_steps: Annotated[list[Text], Field(min_length=1, max_length=10)]


class LevelSpec(Strict):
    after: Seconds | None = None
    channels: list[Channel] = []
    recipients: Annotated[list[KebabName], Field(max_length=20)] = []
    response_time: Seconds | None = None


class PolicySpec(Strict):
    name: KebabName
    categories: list[Word] = []
    severity: SeverityName = "high"
    levels: Annotated[list[LevelSpec], Field(min_length=2, max_length=handling.HIGHEST_LEVEL)]


class ResponderSpec(Strict):
    url: Url
    token_file: SecretPath
    page: Url | None = None
    audit_key_file: SecretPath | None = None
    viewer_token_file: SecretPath | None = None


class HandlingSpec(Strict):
    """The keys of the file that say what happens after an alert fires. All may be left out."""

    incidents: Annotated[list[IncidentSpec], Field(max_length=50)] = []
    policies: Annotated[list[PolicySpec], Field(max_length=50)] = []
    responder: ResponderSpec | None = None
    people: Annotated[list[PersonSpec], Field(max_length=500)] = []
    roles: Annotated[list[RoleSpec], Field(max_length=100)] = []
    calendar: Annotated[list[StretchSpec], Field(max_length=100)] = []
    receivers: Annotated[list[ReceiverSpec], Field(max_length=50)] = []
    targets: Annotated[list[TargetSpec], Field(max_length=50)] = []
    actions: Annotated[list[ActionSpec], Field(max_length=100)] = []


def handled(parsed: HandlingSpec) -> handling.Handling:
    """The domain values of what was written and found good."""
    calendar = tuple(people_spec.stretch(item) for item in parsed.calendar)
    return handling.Handling(
        incidents=tuple(_incident(item) for item in parsed.incidents),
        policies=tuple(_policy(item) for item in parsed.policies),
        responder=_responder(parsed.responder) if parsed.responder else None,
        people=people_spec.people(parsed.people, parsed.roles),
        calendar=calendar,
        receivers=tuple(receivers_spec.receiver(item) for item in parsed.receivers),
        actions=repair_spec.actions(parsed.actions, parsed.targets, calendar),
    )


def faults(source: Source) -> Iterator[Fault]:
    """What is well formed and makes no sense; what is malformed in one place hides nothing in the others."""
    incidents = _readable(source, "incidents", IncidentSpec)
    policies = _readable(source, "policies", PolicySpec)
    yield from _incident_faults(source, incidents)
    yield from _policy_faults(source, policies)
    yield from people_spec.faults(
        source,
        _readable(source, "people", PersonSpec),
        _readable(source, "roles", RoleSpec),
        _readable(source, "calendar", StretchSpec),
        [
            (("policies", index, "levels", number, "recipients"), tuple(level.recipients))
            for index, policy in policies
            for number, level in enumerate(policy.levels)
        ],
    )
    yield from receivers_spec.faults(source, _readable(source, "receivers", ReceiverSpec))
    responder = source.data.get("responder")
    url = responder.get("url") if isinstance(responder, dict) else None
    if source.data.get("tls") and isinstance(url, str) and url.startswith("http://"):
        yield source.fault(("responder", "url"), f"responder.url: {url} is plain HTTP, and tls is on", "write https://")
    yield from repair_faults.faults(
        source,
        _readable(source, "targets", TargetSpec),
        _readable(source, "actions", ActionSpec),
        {stretch.name for _, stretch in _readable(source, "calendar", StretchSpec)},
    )


def _readable(source: Source, key: str, kind: type[Spec]) -> list[tuple[int, Spec]]:
    """The entries of a list that are well formed, with their places in it."""
    raw = source.data.get(key)
    found = []
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        with suppress(ValidationError):
            found.append((index, kind.model_validate(item)))
    return found


def _taken(source: Source) -> set[str]:
    raw = source.data.get("objectives")
    alerts = [item.get("alert") for item in (raw if isinstance(raw, list) else []) if isinstance(item, dict)]
    return {alert for alert in alerts if isinstance(alert, str)} | OWN_ALERTS


def _incident_faults(source: Source, incidents: list[tuple[int, IncidentSpec]]) -> Iterator[Fault]:
    taken, names = _taken(source), set[str]()
    for index, incident in incidents:
        path: KeyPath = ("incidents", index)
        if incident.name in names:
            yield source.fault((*path, "name"), f"incidents[{index}].name: {incident.name!r} again", "choose another")
        if incident.alert in taken:
            what = f"incidents[{index}].alert: {incident.alert!r} is taken"
            yield source.fault((*path, "alert"), what, "choose another name")
        taken.add(incident.alert)
        names.add(incident.name)
        named = [*incident.every, *incident.some]
        if len(set(named)) < max(2, len(named)):
            what = f"incidents[{index}]: {', '.join(named)} are no two kinds of trouble"
            yield source.fault(path, what, "name at least two categories, each once")


def _policy_faults(source: Source, policies: list[tuple[int, PolicySpec]]) -> Iterator[Fault]:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for index, policy in policies:
        path: KeyPath = ("policies", index)
        if policy.name in names:
            yield source.fault((*path, "name"), f"policies[{index}].name: {policy.name!r} again", "choose another")
        names.add(policy.name)
        for category in policy.categories or [""]:
            if category in owners:
                what = f"policies[{index}].categories: {category or 'everything else'} escalates by {owners[category]}"
                yield source.fault(path, what, "give each category one policy, and one policy no category")
            owners.setdefault(category, policy.name)
        if policy.levels[0].after is not None:
            where = (*path, "levels", 0, "after")
            yield source.fault(where, f"policies[{index}].levels[0].after: level 1 is the alert itself", "leave it out")
        delays = _delays(policy)
        for number, (earlier, later) in enumerate(pairwise(delays), start=1):
            if later <= earlier:
                what = f"policies[{index}].levels[{number}].after: {duration_text(later)} is not after level {number}"
                yield source.fault((*path, "levels", number), what, "delays count from the start of the alert and grow")


def _incident(item: IncidentSpec) -> handling.Incident:
    return handling.Incident(
        name=item.name,
        alert=item.alert,
        title=item.title,
        every=tuple(item.every),
        some=tuple(item.some),
        window=item.window,
        first_steps=tuple(item.first_steps),
    )


def _delays(policy: PolicySpec) -> list[float]:
    delays = [0.0]
    for level in policy.levels[1:]:
        delays.append(delays[-1] + handling.DEFAULT_DELAY if level.after is None else level.after)
    return delays


def _policy(item: PolicySpec) -> handling.Policy:
    return handling.Policy(
        name=item.name,
        categories=tuple(item.categories),
        severity=model.Severity[item.severity.upper()],
        levels=tuple(
            handling.Level(
                number=number,
                after=after,
                channels=tuple(level.channels),
                recipients=tuple(level.recipients),
                response_time=level.response_time or 0.0,
            )
            for number, (level, after) in enumerate(zip(item.levels, _delays(item), strict=True), start=1)
        ),
    )


def _responder(item: ResponderSpec) -> handling.Responder:
    page = item.page.rstrip("/") if item.page else None
    return handling.Responder(item.url.rstrip("/"), item.token_file, page, item.audit_key_file, item.viewer_token_file)
