"""What must be achieved, as plain values that know nothing of files, PromQL or YAML.

Units throughout: seconds, ratios between 0 and 1, events per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal


class Severity(IntEnum):
    """How bad a violation is; each contains the urgency of those before it."""

    LOW = 1
    """Seen on the dashboards only."""
    MEDIUM = 2
    """Somebody should read a mail today."""
    HIGH = 3
    """Somebody should look now."""
    CRITICAL = 4
    """Somebody is woken."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Limit:
    """One step of an objective's ladder: from this bound on, this severe."""

    severity: Severity
    bound: float
    """Seconds for a quantile, a ratio for a ratio, seconds of absence for a presence."""
    hold: float | None = None
    """Seconds that the violation must last (`for`); None leaves it to the delivery budget."""
    window: float | None = None
    """Seconds looked back over; None leaves it to the declared minimum traffic."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What every kind of objective has."""

    name: str
    """Unique, in kebab-case; the value of the label `objective`."""
    alert: str
    """Name of its alert, in PascalCase; its runbook is docs/alerts/<alert>.md."""
    title: str
    category: str
    """What kind of trouble it is (latency, cache, errors, …); incidents count distinct categories."""
    first_steps: tuple[str, ...]
    """What to do first, in order; shown in every message."""
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class QuantileObjective(Promise):
    """At most 1 - quantile of the events may lie above the limit's bound, in seconds."""

    quantile: float
    metric: str
    """A histogram of seconds with a bucket edge at each bound."""
    population: tuple[tuple[str, str], ...]
    """Label values of the events that count."""


@dataclass(frozen=True, slots=True)
class RatioObjective(Promise):
    """The share of some events in all events, at least (`good`) or at most (`bad`) the limit's bound."""

    counts: Literal["good", "bad"]
    metric: str
    """A counter, or the `_count` of a histogram."""
    events: tuple[tuple[str, str], ...]
    """Label values of the good, or of the bad, events."""
    total: tuple[tuple[str, str], ...]
    """Label values, written as PromQL matchers' operands, of all events."""


@dataclass(frozen=True, slots=True)
class PresenceObjective(Promise):
    """Something must be there: the extractor (`target`) or what it measures (`events`)."""

    of: Literal["target", "events"]
    metric: str


Objective = QuantileObjective | RatioObjective | PresenceObjective


@dataclass(frozen=True, slots=True)
class Email:
    to: tuple[str, ...]
    sender: str
    smarthost: str
    require_tls: bool = True
    username: str | None = None
    password_file: str | None = None


@dataclass(frozen=True, slots=True)
class Slack:
    channel: str
    api_url_file: str


@dataclass(frozen=True, slots=True)
class PagerDuty:
    routing_key_file: str
    url: str | None = None
    """None: PagerDuty's own."""


@dataclass(frozen=True, slots=True)
class Webhook:
    url_file: str


Channel = Literal["pagerduty", "slack", "email", "webhook"]


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told, by severity, and how each channel is reached. Secrets are files, never values."""

    channels: dict[Severity, tuple[Channel, ...]] = field(default_factory=dict)
    email: Email | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class Objectives:
    """The whole of objectives.yaml."""

    service: str
    team: str
    environment: str
    minimum_traffic: float
    """Extractions per second at the quietest time that still counts."""
    delivery_budget: float
    """Seconds from the first bad extraction to the message, severity critical, if all of them are bad."""
    retention: float
    """Seconds that Prometheus keeps its samples."""
    runbooks: str
    dashboards: str
    """Base addresses of the links in messages."""
    objectives: tuple[Objective, ...]
    notify: Notify
