"""Figures of how alerts and people fared: how fast somebody took one in hand, how much was noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any, Final

from sqlalchemy import Connection, func, select

from featurewatch.responder.fired import NOBODY
from featurewatch.responder.tables import firings, incidents, transitions

FLAP: Final = timedelta(minutes=10)
"""An alert that fires again so soon after its end flaps."""

BRIEF: Final = timedelta(minutes=5)
"""What ends by itself within this, and nobody took in hand, was hardly worth a message."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds; None where it never happened."""

    count: int
    median: float | None
    p90: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class OfAlert:
    """Figures of one alert at one severity."""

    alertname: str
    severity: str
    fired: int
    flapped: int
    """Fired again within ten minutes of its end."""
    brief: int
    """Ended by itself within five minutes, in nobody's hands."""
    acknowledged: int
    escalations: int
    false_positives: int
    messages: int
    """How often Alertmanager told of it, repeats included."""
    time_to_acknowledge: Spread
    time_to_resolve: Spread

    @property
    def noise(self) -> float:
        """Share of its firings that flapped, were brief or were marked as false; one that was two of these counts once
        or twice, and never more than all."""
        return min(1.0, (self.flapped + self.brief + self.false_positives) / self.fired) if self.fired else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Alerts that began between the two."""

    since: datetime
    until: datetime
    fired: int
    incidents: int
    firing: int
    """How many of them still last."""
    time_to_acknowledge: Spread
    time_to_resolve: Spread
    delivery: Spread
    """From the start that Prometheus told to the moment when Alertmanager's message was here."""
    flapped: int
    escalations: dict[int, int]
    """How often each level was reached."""
    dedupe_ratio: float | None
    """Share of what was told that told nothing new; None: nothing was told."""
    false_positive_ratio: float | None
    """Share of the alerts that people marked as false; None: none ended."""
    alerts: tuple[OfAlert, ...]
    """The noisiest first."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is counted of one firing."""

    id: int
    fingerprint: str
    alertname: str
    severity: str
    started_at: datetime
    ended_at: datetime | None
    first_heard_at: datetime
    heard: int
    source: str
    false_positive: bool
    acknowledged_at: datetime | None
    escalations: int


@dataclass(slots=True)
class _Sum:
    fired: int = 0
    flapped: int = 0
    brief: int = 0
    escalations: int = 0
    false_positives: int = 0
    messages: int = 0
    acknowledged: list[float] = field(default_factory=list)
    resolved: list[float] = field(default_factory=list)


def report(connection: Connection, since: datetime, until: datetime, **only: str | None) -> Report:
    """Of alerts that began between the two; `only`: with this service, extractor, alertname or severity."""
    began = (firings.c.started_at >= since, firings.c.started_at < until)
    wanted = [firings.c[name] == value for name, value in only.items() if value is not None]
    stories = select(func.count(firings.c.incident_id.distinct())).where(*began, *wanted)
    counted = connection.execute(stories.where(firings.c.severity != NOBODY)).scalar_one()
    levels = _levels(connection, [*began, *wanted])
    return summed(_facts(connection, [*began, *wanted]), since, until, counted, levels)


def summed(facts: Iterable[Fact], since: datetime, until: datetime, stories: int, levels: dict[int, int]) -> Report:
    """The figures of these firings, which come by their start."""
    sums: dict[tuple[str, str], _Sum] = {}
    ended: dict[str, datetime] = {}
    delivery: list[float] = []
    firing = 0
    for fact in facts:
        of = sums.setdefault((fact.alertname, fact.severity), _Sum())
        of.fired += 1
        of.messages += fact.heard
        of.escalations += fact.escalations
        of.false_positives += fact.false_positive
        before = ended.get(fact.fingerprint)
        of.flapped += before is not None and fact.started_at - before < FLAP
        if fact.acknowledged_at is not None:
            of.acknowledged.append(_seconds(fact.started_at, fact.acknowledged_at))
        if fact.ended_at is None:
            firing += 1
        else:
            ended[fact.fingerprint] = fact.ended_at
            of.resolved.append(_seconds(fact.started_at, fact.ended_at))
            of.brief += fact.acknowledged_at is None and fact.ended_at - fact.started_at < BRIEF
        if fact.source == "webhook":
            delivery.append(_seconds(fact.started_at, fact.first_heard_at))
    fired, messages = sum(of.fired for of in sums.values()), sum(of.messages for of in sums.values())
    false = sum(of.false_positives for of in sums.values())
    alerts = [_of_alert(name, severity, of) for (name, severity), of in sums.items()]
    return Report(
        since=since,
        until=until,
        fired=fired,
        incidents=stories,
        firing=firing,
        time_to_acknowledge=spread(second for of in sums.values() for second in of.acknowledged),
        time_to_resolve=spread(second for of in sums.values() for second in of.resolved),
        delivery=spread(delivery),
        flapped=sum(of.flapped for of in sums.values()),
        escalations=levels,
        dedupe_ratio=1 - fired / messages if messages else None,
        false_positive_ratio=false / fired if fired else None,
        alerts=tuple(sorted(alerts, key=lambda one: (-one.noise * one.fired, -one.fired, one.alertname))),
    )


def spread(seconds: Iterable[float]) -> Spread:
    found = sorted(seconds)
    if len(found) < 2:
        only = found[0] if found else None
        return Spread(len(found), only, only, only)
    tenths = quantiles(found, n=10, method="inclusive")
    return Spread(len(found), tenths[4], tenths[8], found[-1])


def _seconds(begins: datetime, ends: datetime) -> float:
    # Clocks of two machines differ; nothing takes less than no time.
    return max(0.0, (ends - begins).total_seconds())


def _of_alert(name: str, severity: str, of: _Sum) -> OfAlert:
    return OfAlert(
        alertname=name,
        severity=severity,
        fired=of.fired,
        flapped=of.flapped,
        brief=of.brief,
        acknowledged=len(of.acknowledged),
        escalations=of.escalations,
        false_positives=of.false_positives,
        messages=of.messages,
        time_to_acknowledge=spread(of.acknowledged),
        time_to_resolve=spread(of.resolved),
    )


def _facts(connection: Connection, wanted: list[Any]) -> Iterator[Fact]:
    c, t = firings.c, transitions.c
    taken = select(func.min(t.at)).where(t.firing_id == c.id, t.kind == "acknowledged").scalar_subquery()
    levels = select(func.count(t.id)).where(t.firing_id == c.id, t.kind == "escalated").scalar_subquery()
    columns = (
        *(c.id, c.fingerprint, c.alertname, c.severity, c.started_at, c.ended_at),
        *(c.first_heard_at, c.heard, c.source, c.false_positive, taken, levels),
    )
    asked = select(*columns).where(*wanted, c.escalation_level.is_(None), c.severity != NOBODY)
    rows = connection.execution_options(yield_per=2_000).execute(asked.order_by(c.started_at, c.id))
    for row in rows:
        values: tuple[Any, ...] = tuple(row)
        yield Fact(*values)


def _levels(connection: Connection, wanted: list[Any]) -> dict[int, int]:
    asked = select(transitions.c.detail).join(firings).where(transitions.c.kind == "escalated", *wanted)
    reached = Counter(int(detail.get("level") or 0) for detail in connection.execute(asked).scalars())
    return dict(sorted(reached.items()))


def open_incidents(connection: Connection) -> dict[str, int]:
    """How many there are of each severity."""
    c = incidents.c
    asked = select(c.severity, func.count()).where(c.ended_at.is_(None), c.merged_into.is_(None)).group_by(c.severity)
    return {row[0]: row[1] for row in connection.execute(asked)}
