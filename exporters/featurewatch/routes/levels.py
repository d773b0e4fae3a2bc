"""Escalation levels: over which channels, and whose mail. Each level of a policy has a route of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from featurewatch import names
from featurewatch.objectives.handling import Handling, Level, Policy
from featurewatch.objectives.model import Channel, Notify
from featurewatch.routes import channels, times

PERSON = "mail to "
"""How the receivers of single people are called."""


def escalating(handling: Handling) -> Iterator[tuple[Policy, Level]]:
    """Levels that say over which channels they go; the others go where their severity goes."""
    for policy in handling.policies:
        for level in policy.escalating:
            if level.channels:
                yield policy, level


def channels_used(handling: Handling) -> frozenset[Channel]:
    return frozenset(channel for _, level in escalating(handling) for channel in level.channels)


def roles_used(handling: Handling) -> frozenset[str]:
    """Roles that get mail."""
    return frozenset(
        role for _, level in escalating(handling) if "email" in level.channels for role in level.recipients
    )


def receiver_name(policy: Policy, level: Level) -> str:
    return f"{policy.name} level {level.number}"


def routes(handling: Handling, nobody: str) -> Iterator[dict[str, object]]:
    """One for each level. Who is on duty by turns has a route below it, active while the turn lasts."""
    for policy, level in escalating(handling):
        matchers = [f'{names.ESCALATION_LEVEL}="{level.number}"', f'{names.POLICY}="{policy.name}"']
        shared = {"receiver": receiver_name(policy, level)}
        turns = _turns(handling, level)
        if not turns:
            yield {"matchers": matchers, **shared}
            continue
        below: list[dict[str, object]] = [{**shared, "continue": True}] if _shared(handling, level) else []
        for duty in turns:
            person = {"receiver": PERSON + duty.person, "active_time_intervals": list(duty.intervals)}
            below.append({**person, "continue": True})
        yield {"matchers": matchers, "receiver": nobody, "routes": below}


def receivers(handling: Handling, notify: Notify) -> Iterator[dict[str, object]]:
    """Of each level what it shares, and one for each person who is told by turns."""
    people: dict[str, None] = {}
    for policy, level in escalating(handling):
        turns = _turns(handling, level)
        people |= dict.fromkeys(duty.person for duty in turns)
        shared = _shared(handling, level)
        if shared or not turns:
            name = receiver_name(policy, level)
            yield {"name": name, **_configs(shared or level.channels, notify, _fixed(handling, level))}
    for person in people:
        yield {"name": PERSON + person, **_configs(("email",), notify, (handling.people.person(person).email,))}


def _turns(handling: Handling, level: Level) -> tuple[times.Duty, ...]:
    return times.duties(handling.people, level.recipients) if "email" in level.channels else ()


def _fixed(handling: Handling, level: Level) -> tuple[str, ...]:
    """Addresses that get mail of this level at all times."""
    return tuple(handling.people.person(name).email for name in times.always(handling.people, level.recipients))


def _shared(handling: Handling, level: Level) -> tuple[Channel, ...]:
    """What is told whoever is on duty: everything but mail to people who take turns."""
    mailed = bool(_fixed(handling, level)) or not _turns(handling, level)
    return tuple(channel for channel in dict.fromkeys(level.channels) if channel != "email" or mailed)


def _configs(wanted: Iterable[Channel], notify: Notify, to: tuple[str, ...]) -> dict[str, object]:
    """Nobody named means the address of all mail."""
    if notify.email is not None and to:
        notify = replace(notify, email=replace(notify.email, to=to))
    return {channels.CONFIG_KEYS[channel]: [channels.channel_config(channel, notify)] for channel in wanted}
