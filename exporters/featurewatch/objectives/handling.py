"""How violations are seen through, as plain values: incidents, escalation policies, the responder. Units: seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from featurewatch.objectives.repair import Action
from featurewatch.people.calendar import Once, Weekly
from featurewatch.people.model import People

if TYPE_CHECKING:  # the whole of the file's values, in `model`, holds these
    from featurewatch.objectives.model import Channel, Severity

DEFAULT_DELAY = 300.0
"""Seconds until the next level, where a policy does not say."""

HIGHEST_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Incident:
    """Kinds of trouble that are one story when they come together."""

    name: str
    """Unique, in kebab-case; the value of the label `incident`."""
    alert: str
    """Name of its alert, in PascalCase."""
    title: str
    every: tuple[str, ...]
    """Categories that all must fire. The first one decides which extractor it is about."""
    some: tuple[str, ...]
    """Categories of which at least one must fire, too; none: nothing more is asked."""
    window: float
    """How close together its members usually begin. Told to the reader, never used to hold an alert back."""
    first_steps: tuple[str, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        return (*self.every, *self.some)

    @property
    def conditions(self) -> tuple[tuple[str, ...], ...]:
        """Sets of categories, of each of which at least one must fire."""
        return (*((category,) for category in self.every), *((self.some,) if self.some else ()))


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a policy: who is told over what, when nobody has acknowledged until then."""

    number: int
    """From 1, which is the alert itself."""
    after: float
    """Counted from when the alert began to fire, whatever the levels before it did."""
    channels: tuple[Channel, ...]
    recipients: tuple[str, ...]
    """Roles; who that is at a time, `people` says."""
    response_time: float
    """How soon somebody should have reacted; 0 is at once."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which alerts escalate, and how."""

    name: str
    categories: tuple[str, ...]
    """None: every category that no other policy names."""
    severity: Severity
    """The mildest one that escalates."""
    levels: tuple[Level, ...]

    @property
    def escalating(self) -> tuple[Level, ...]:
        """The levels beyond the alert itself."""
        return self.levels[1:]


@dataclass(frozen=True, slots=True)
class Responder:
    """The part that keeps history and acknowledgements."""

    url: str
    """Where Alertmanager reaches it, without a path."""
    token_file: str
    """The file with the token that it asks for."""
    page: str | None = None
    """Where people open it; acknowledge links lead there."""
    audit_key_file: str | None = None
    """The file with the key that its decisions about actions are chained with."""
    viewer_token_file: str | None = None
    """The file with the token of those who only read, such as the preview."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time that comes again or comes once, and what it means for messages."""

    name: str
    times: tuple[Weekly | Once, ...]
    silent: tuple[Severity, ...] = ()
    """Severities of which nobody is told during it: maintenance. What still fires at its end is told then."""
    only: tuple[Severity, ...] = ()
    """Severities of which people are told only during it."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Any other receiver that Alertmanager has, passed through as it was written."""

    name: str
    block: str
    """Its key in a receiver of Alertmanager, such as `msteamsv2_configs`."""
    severities: tuple[Severity, ...]
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handling:
    """Everything about what happens after an alert fires."""

    incidents: tuple[Incident, ...] = ()
    policies: tuple[Policy, ...] = ()
    responder: Responder | None = None
    people: People = field(default_factory=People)
    calendar: tuple[Stretch, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    actions: tuple[Action, ...] = ()

    def policy_of(self, category: str, severity: Severity, declared: str | None = None) -> Policy | None:
        """The policy that an alert of this kind follows: the one it names, else that of its category, else the one
        for everything else. None where it does not escalate."""
        named = [policy for policy in self.policies if policy.name == declared]
        fitting = named or [policy for policy in self.policies if category in policy.categories]
        chosen = next(iter(fitting or [policy for policy in self.policies if not policy.categories]), None)
        return chosen if chosen is not None and severity >= chosen.severity else None
