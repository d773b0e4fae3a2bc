"""Alerts that watch other alerts, by the series that Prometheus writes about them.

`ALERTS` outlives a restart: Prometheus then writes no end of what has meanwhile ended, and for five minutes finds the
last sample from before. Rules of one group are evaluated at one time, so what fires now was written at exactly now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from featurewatch import names
from featurewatch.rules import expressions
from featurewatch.rules.model import Alert, Group

KEY = (names.ALERTNAME, names.SERVICE, names.EXTRACTOR, names.SEVERITY)
"""What tells alerts apart for those who acknowledge them."""


def firing(alerts: Iterable[str], *more: tuple[str, str]) -> str:
    """What fires at this very evaluation of the alerts with these names."""
    return now(alerts, ("alertstate", "firing"), *more)


def now(alerts: Iterable[str], *more: tuple[str, str]) -> str:
    """The same for alerts in any state: pending ones, too."""
    listed = (names.ALERTNAME, "|".join(sorted(set(alerts))))
    return f"timestamp({expressions.selector_of_words('ALERTS', (listed, *more))}) == time()"


def by(labels: Iterable[str]) -> str:
    return f"({', '.join(labels)})"


def alerts_of(groups: Iterable[Group]) -> Iterator[Alert]:
    return (alert for group in groups for alert in group.alerts)


def judged_with(groups: Sequence[Group], group: str) -> tuple[Alert, ...]:
    """The alerts of all groups that are evaluated as often as this one, and so can be brought into it."""
    interval = next(found.interval for found in groups if found.name == group)
    return tuple(alerts_of(found for found in groups if found.interval == interval))


def gathered(groups: Sequence[Group], group: str, watched: frozenset[str]) -> tuple[Group, ...]:
    """The groups with the alerts of these names moved to the end of `group`: what watches them stands after them."""
    moved = [alert for found in groups if found.name != group for alert in found.alerts if alert.name in watched]
    return tuple(
        Group(found.name, found.interval, (*found.rules, *moved))
        if found.name == group
        else Group(found.name, found.interval, tuple(rule for rule in found.rules if rule not in moved))
        for found in groups
    )
