"""Stretches of time as Alertmanager's time intervals, which know days and hours of a day, and no midnight in between.

Alertmanager asks at the moment of sending, so who is told changes at the hand-over without a reload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""What "always before" and "for ever after" mean."""

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In Alertmanager's order; ranges of its own do not wrap around."""

Interval = dict[str, object]

MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours that come again every week. Where `ends` is not after `begins`, they last over midnight."""

    weekdays: tuple[str, ...]
    """Those on which they begin."""
    begins: time
    ends: time
    time_zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Once:
    """One stretch of local time."""

    begins: datetime
    ends: datetime
    time_zone: ZoneInfo


def intervals(stretch: Weekly | Once) -> list[Interval]:
    """The stretch as entries of a time interval of Alertmanager."""
    location = {"location": stretch.time_zone.key}
    if isinstance(stretch, Weekly):
        return [{**entry, **location} for entry in _weekly(stretch)]
    return [{**entry, **location} for entry in once(stretch.begins, stretch.ends)]


def _weekly(hours: Weekly) -> Iterator[Interval]:
    if hours.begins < hours.ends:
        yield {"weekdays": list(hours.weekdays), "times": [_times(hours.begins, hours.ends)]}
        return
    yield {"weekdays": list(hours.weekdays), "times": [_times(hours.begins, MIDNIGHT)]}
    if hours.ends != MIDNIGHT:
        days_after = [WEEKDAYS[(WEEKDAYS.index(day) + 1) % 7] for day in hours.weekdays]
        yield {"weekdays": days_after, "times": [_times(MIDNIGHT, hours.ends)]}


def once(begins: datetime, ends: datetime) -> Iterator[Interval]:
    """The entries of one stretch: parts of its first and last day, whole days between."""
    if begins.date() == ends.date():
        yield {**_days(begins.date(), begins.date()), "times": [_times(begins.time(), ends.time())]}
        return
    whole = begins.date()
    if begins.time() != MIDNIGHT:
        yield {**_days(whole, whole), "times": [_times(begins.time(), MIDNIGHT)]}
        whole += timedelta(days=1)
    yield from _whole_days(whole, ends.date() - timedelta(days=1))
    if ends.time() != MIDNIGHT:
        yield {**_days(ends.date(), ends.date()), "times": [_times(MIDNIGHT, ends.time())]}


def _whole_days(first: date, last: date) -> Iterator[Interval]:
    """Entries for all days from first to last: as few as whole years and months allow."""
    while first <= last:
        if (first.month, first.day) == (1, 1) and date(first.year, 12, 31) <= last:
            year = last.year if (last.month, last.day) == (12, 31) else last.year - 1
            yield {"years": [_range(first.year, year)]}
            first = date(year, 12, 31) + timedelta(days=1) if year < date.max.year else date.max
        elif first.day == 1 and _month_end(first) <= last:
            month = first
            while month.month < 12 and _month_end(_month_end(month) + timedelta(days=1)) <= last:
                month = _month_end(month) + timedelta(days=1)
            yield {"years": [str(first.year)], "months": [_range(first.month, month.month)]}
            first = _month_end(month) + timedelta(days=1)
        else:
            end = min(last, _month_end(first))
            yield _days(first, end)
            first = end + timedelta(days=1)


def _days(first: date, last: date) -> Interval:
    """Days of one month."""
    return {
        "years": [str(first.year)],
        "months": [str(first.month)],
        "days_of_month": [_range(first.day, last.day)],
    }


def _month_end(day: date) -> date:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return following - timedelta(days=1)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}:{last}"


def _times(begins: time, ends: time) -> dict[str, str]:
    """Midnight as an end is 24:00."""
    return {
        "start_time": begins.strftime("%H:%M"),
        "end_time": "24:00" if ends == MIDNIGHT else ends.strftime("%H:%M"),
    }


def before_and_after(begins: datetime, ends: datetime) -> Iterable[tuple[datetime, datetime]]:
    """The time outside a plan, as two stretches."""
    return ((datetime(FIRST_YEAR, 1, 1), begins), (ends, datetime(LAST_YEAR + 1, 1, 1)))  # noqa: DTZ001 - local times


def lasts(times: Iterable[Weekly | Once], at: datetime) -> bool:
    """Whether one of these stretches lasts at `at`, which knows its time zone."""
    return any(_lasts(stretch, at) for stretch in times)


def _lasts(stretch: Weekly | Once, at: datetime) -> bool:
    local = at.astimezone(stretch.time_zone).replace(tzinfo=None)
    if isinstance(stretch, Once):
        return stretch.begins <= local < stretch.ends
    today = WEEKDAYS[local.isoweekday() % 7]
    yesterday = WEEKDAYS[(local.isoweekday() - 1) % 7]
    moment = local.time()
    if stretch.begins < stretch.ends:
        return today in stretch.weekdays and stretch.begins <= moment < stretch.ends
    return (today in stretch.weekdays and moment >= stretch.begins) or (
        yesterday in stretch.weekdays and moment < stretch.ends
    )
