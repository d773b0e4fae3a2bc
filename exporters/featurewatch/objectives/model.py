"""What must be achieved, as plain values that know nothing of files, PromQL or YAML.

Units throughout: seconds, ratios between 0 and 1, events per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from featurewatch.objectives.handling import Handling
from featurewatch.objectives.outlook import Outlook


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
class Scope:
    """Which extractors: all, only some, or all but some. Scopes of one objective never overlap."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def holds(self, extractor: str) -> bool:
        return extractor in self.only if self.only else extractor not in self.without


EVERYONE = Scope()


@dataclass(frozen=True, slots=True)
class Series:
    """Series of one metric: those whose labels have these values. Bars separate the values that a label may have."""

    metric: str
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who answers for an objective, where it is not the team of the whole file."""

    team: str | None = None
    owner: str | None = None
    policy: str | None = None
    """Which escalation policy its alerts follow."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One step of an objective's ladder: from this bound on, this severe."""

    severity: Severity
    bound: float
    """Seconds for a quantile or an age, a ratio for a ratio, seconds of absence for a presence, a number of events for
    an increase, events per second for a rate, the value itself for a gauge."""
    hold: float | None = None
    """Seconds that the violation must last (`for`); None leaves it to the delivery budget."""
    window: float | None = None
    """Seconds looked back over; None leaves it to the declared minimum traffic."""
    scope: Scope = EVERYONE
    """Whom it is about: overrides give some extractors a ladder of their own."""


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
    ownership: Ownership = field(default=Ownership(), kw_only=True)
    by: tuple[str, ...] = field(default=("extractor",), kw_only=True)
    """Labels, besides the service, that are judged one by one."""
    foreign: bool = field(default=False, kw_only=True)
    """Judged on declared series instead of featurewatch's own measurements of extractions."""
    keep: float = field(default=0.0, kw_only=True)
    """Seconds without a violation after which its alerts end (`keep_firing_for`), the same for the whole ladder: a
    more severe step, which silences the milder one, must not outlast it."""


@dataclass(frozen=True, slots=True)
class QuantileObjective(Promise):
    """At most 1 - quantile of the events may lie above the limit's bound, in seconds."""

    quantile: float
    metric: str
    """A histogram of seconds with a bucket edge at each bound."""
    population: tuple[tuple[str, str], ...]
    """Label values of the events that count."""
    traffic: float | None = field(default=None, kw_only=True)
    """Events per second at the quietest time; None for the traffic of the whole file."""
    scale: float = field(default=1.0, kw_only=True)
    """How many of the histogram's own units a second has: 1000 where it counts in milliseconds."""


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
    traffic: float | None = field(default=None, kw_only=True)
    """Events per second at the quietest time; None for the traffic of the whole file."""
    counted: Counted | None = field(default=None, kw_only=True)
    """The counters, where they are other ones than ours; `metric`, `events` and `total` say nothing then."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Two of the three counters that make a share; the third one follows."""

    good: Series | None = None
    bad: Series | None = None
    total: Series | None = None

    @property
    def series(self) -> tuple[Series, ...]:
        return tuple(series for series in (self.good, self.bad, self.total) if series is not None)


Aggregation = Literal["max", "min", "avg", "sum"]
Unit = Literal["share", "seconds", "bytes", "events per second", "events", "number"]


@dataclass(frozen=True, slots=True)
class BoundObjective(Promise):
    """One value that must stay on its side of the limit's bound."""

    kind: Literal["gauge", "rate", "increase", "freshness"]
    series: Series
    per: Series | None
    """What it is divided by, such as the capacity that it fills."""
    side: Literal["above", "below"]
    """On which side of the bound the violation lies. An increase violates from its bound on."""
    aggregate: Aggregation
    """How the values of several series become one."""
    unit: Unit
    starts_late: bool = False
    """Its series do not exist before the first event; that they are absent is no news."""


@dataclass(frozen=True, slots=True)
class PresenceObjective(Promise):
    """Something must be there: the extractor (`target`), what it measures (`events`), or any other series."""

    of: Literal["target", "events", "series"]
    metric: str
    where: tuple[tuple[str, str], ...] = ()


Objective = QuantileObjective | RatioObjective | BoundObjective | PresenceObjective


@dataclass(frozen=True, slots=True)
class Off:
    """An objective that is declared but not judged, and why."""

    objective: Objective
    needs: tuple[str, ...]
    """Metrics that nobody is known to export."""
    source: str = ""
    """The threshold as the source documents have it, where it is one of the catalogue."""
    shipped: bool = False
    """It stands in the catalogue that comes with featurewatch, not in objectives.yaml."""


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
class Tls:
    """Files with which Prometheus, Alertmanager and the responder speak TLS to each other and to everybody else."""

    certificate_file: str
    key_file: str
    ca_file: str
    """The authority that signed the certificates of all three."""


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
    """Those that are switched on."""
    notify: Notify
    handling: Handling = field(default_factory=Handling)
    """What happens after an alert fires."""
    outlook: Outlook = field(default_factory=Outlook)
    """Budgets, health, anomalies, trends and capacity."""
    tls: Tls | None = None
    """None: the three speak plain HTTP."""
    chain: bool = True
    """Whether Prometheus, Alertmanager and the scrapes watch themselves, too."""
    off: tuple[Off, ...] = ()
    """Those that are not: validated all the same, and told of in the catalogue."""
    sources: dict[str, str] = field(default_factory=dict)
    """Of objectives that the catalogue ships: name to the threshold as the source documents have it."""
    metrics: frozenset[str] = frozenset()
    """Series that the file itself says are exported."""
