"""Who is told of an alert at a time: Alertmanager's routes, time intervals and inhibition, in a hundred lines.

amtool knows no time (prometheus/alertmanager#3889), and no inhibition. Where it can say something, both are compared.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from featurewatch.people.calendar import WEEKDAYS
from featurewatch.routes.matchers import match

Labels = Mapping[str, str]
Config = Mapping[str, Any]

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def receivers(config: Config, labels: Labels, at: datetime | None = None) -> tuple[str, ...]:
    """The receivers that an alert with these labels reaches at `at`; whatever the time where none is given."""
    named = {entry["name"]: entry["time_intervals"] for entry in config.get("time_intervals", ())}
    return tuple(
        route["receiver"]
        for route in _routes(config["route"], config["route"]["receiver"], labels)
        if at is None or _open(route, named, at)
    )


def inhibitor(config: Config, labels: Labels, firing: Iterable[Labels]) -> str | None:
    """The name of the first rule by which one of the firing alerts silences this one; None where none does."""
    for rule in config.get("inhibit_rules", ()):
        if not match(rule["target_matchers"], labels):
            continue
        equal = rule.get("equal", ())
        for source in firing:
            # An alert that is both source and target of a rule does not silence others of its kind.
            if not match(rule["source_matchers"], source) or match(rule["target_matchers"], source):
                continue
            if all(source.get(label, "") == labels.get(label, "") for label in equal):
                return str(rule["name"])
    return None


def _routes(route: Mapping[str, Any], receiver: str, labels: Labels) -> Iterator[Mapping[str, Any]]:
    """The deepest routes that match, in order. One without a matching child speaks for itself."""
    found = False
    for child in route.get("routes", ()):
        if match(child.get("matchers", ()), labels):
            found = True
            yield from _routes(child, child.get("receiver", receiver), labels)
            if not child.get("continue", False):
                break
    if not found:
        yield {**route, "receiver": route.get("receiver", receiver)}


def _open(route: Mapping[str, Any], named: Mapping[str, Sequence[Mapping[str, Any]]], at: datetime) -> bool:
    active, muted = route.get("active_time_intervals", ()), route.get("mute_time_intervals", ())
    if any(_within(named[name], at) for name in muted):
        return False
    return not active or any(_within(named[name], at) for name in active)


def _within(entries: Iterable[Mapping[str, Any]], at: datetime) -> bool:
    return any(_holds(entry, at.astimezone(ZoneInfo(entry.get("location", "UTC")))) for entry in entries)


def _holds(entry: Mapping[str, Any], local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    last = monthrange(local.year, local.month)[1]
    return all(
        (
            _any_range(entry.get("years"), local.year, int),
            _any_range(entry.get("months"), local.month, _month),
            _any_range(entry.get("days_of_month"), local.day, lambda text: _day(text, last)),
            _any_range(entry.get("weekdays"), local.isoweekday() % 7, WEEKDAYS.index),
            not entry.get("times")
            or any(_minutes(span["start_time"]) <= minute < _minutes(span["end_time"]) for span in entry["times"]),
        )
    )


def _any_range(ranges: Iterable[str] | None, value: int, read: Callable[[str], int]) -> bool:
    """Whether the value lies in one of `5`, `1:7`, `monday:friday`; nothing said is everything."""
    if not ranges:
        return True
    spans = (str(text).split(":") for text in ranges)
    return any(read(span[0]) <= value <= read(span[-1]) for span in spans)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else MONTHS.index(text.lower()) + 1


def _day(text: str, last: int) -> int:
    """Days count from the end of the month where they are negative."""
    day = int(text)
    return day if day > 0 else last + 1 + day


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
