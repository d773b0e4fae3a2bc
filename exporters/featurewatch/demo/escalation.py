"""What a policy owes: who must be told at each of its levels, over which channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from featurewatch.demo.errors import NoSuchScene
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.scenes import Expectation, Scene, objective
from featurewatch.objectives.handling import Level, Policy
from featurewatch.objectives.model import Objectives
from featurewatch.people.on_call import recipients
from featurewatch.rules.escalation import name


@dataclass(frozen=True, slots=True)
class Receipt:
    """One message in somebody's hands."""

    who: str
    """A mail address, or the channel that several read."""
    at: float
    """Unix seconds."""
    what: str


def policy(scene: Scene, objectives: Objectives) -> Policy:
    """The policy that the scene's alert follows. Raises NoSuchScene when it follows none of three levels."""
    about = objective(scene, objectives)
    found = objectives.handling.policy_of(about.category, scene.severity, about.ownership.policy)
    if found is None or len(found.levels) < 3:
        raise NoSuchScene(
            f"the scene {scene.name!r} needs a policy of three levels for {about.category} at severity "
            f"{scene.severity}, which objectives.yaml does not state"
        )
    return found


def owed(scene: Scene, objectives: Objectives, level: Level, at: datetime) -> tuple[Expectation, ...]:
    """Every message of this level: one for each channel, and for each person's mail."""
    return tuple(_owed(scene, objectives, level, at))


def alien(deliveries: Iterable[Delivery], owed: Sequence[Expectation], alert: str, about: str) -> Iterator[str]:
    """Whoever was told of the level `alert` of the alert `about`, and should not have been."""
    channels = {each.channel for each in owed}
    people = {each.to for each in owed if each.to}
    for delivery in deliveries:
        if alert not in delivery.alerts or not is_about(delivery, about):
            continue
        if delivery.channel not in channels:
            yield f"{delivery.channel}: {alert}"
        for person in delivery.recipients if delivery.channel == "email" and people else ():
            if person not in people:
                yield f"{person}: {alert}"


def is_about(delivery: Delivery, alert: str) -> bool:
    """Whether the message is about this alert, or about a level of it."""
    return alert in delivery.alerts or alert in delivery.summary or alert in delivery.body


def receipts(deliveries: Iterable[Delivery], about: str) -> Iterator[Receipt]:
    """Each message about this alert and its levels, once for each person who got it."""
    for delivery in deliveries:
        if not is_about(delivery, about):
            continue
        to = delivery.recipients if delivery.channel == "email" else ()
        for who in to or (delivery.channel,):
            yield Receipt(who, delivery.received_at.timestamp(), delivery.summary)


def _owed(scene: Scene, objectives: Objectives, level: Level, at: datetime) -> Iterator[Expectation]:
    people = objectives.handling.people
    about = objective(scene, objectives).alert
    addresses = [people.person(person).email for person in recipients(people, level.recipients, at)]
    for channel in level.channels or objectives.notify.channels.get(scene.severity, ()):
        mailed = addresses if channel == "email" and level.channels else []
        for address in mailed or [""]:
            yield Expectation(name(level.number), scene.severity, channel, address, about)
