"""Finds what was missed: alerts that fired or ended while nobody told us.

Alertmanager says what fires now, Prometheus' samples say what fired since when. An alert that we believe to fire ends
here only when both know nothing of it: an Alertmanager that has just begun knows nothing, and a Prometheus that has
just begun has not evaluated yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, or_, select

from featurewatch.responder.database import Database
from featurewatch.responder.deadman import ALERT
from featurewatch.responder.firing import Told
from featurewatch.responder.intake import Taken, put
from featurewatch.responder.tables import firings
from featurewatch.responder.upstream import Alertmanager, Prometheus, Spell

SAME: Final = timedelta(seconds=10)
"""Starts this close together are one: Prometheus keeps milliseconds, and Alertmanager may have heard a later repeat."""

GRACE: Final = timedelta(seconds=60)
"""How long an alert of which nobody knows any more may be on its way: retries of Alertmanager, an evaluation."""


@dataclass(frozen=True, slots=True)
class Known:
    """A firing in the history."""

    fingerprint: str
    started_at: datetime
    ended_at: datetime | None
    last_heard_at: datetime


def missed(
    known: Sequence[Known],
    firing: Sequence[Told],
    spells: Sequence[Spell],
    now: datetime,
    grace: timedelta = GRACE,
) -> list[Told]:
    """What has to be taken so that the history holds what Alertmanager and Prometheus know.

    Watchdog is a sign of life, and no part of the history.
    """
    firing = [told for told in firing if told.labels.get("alertname") != ALERT]
    spells = [spell for spell in spells if spell.labels.get("alertname") != ALERT]
    by_fingerprint: dict[str, list[Known]] = {}
    for one in known:
        by_fingerprint.setdefault(one.fingerprint, []).append(one)
    seen = [(spell.told(), spell) for spell in spells]
    lasting = {told.fingerprint for told in firing} | {told.fingerprint for told, _ in seen if told.ended_at is None}
    found = list(firing)
    since = {told.fingerprint: told.started_at for told in firing}
    for told, spell in seen:
        begun = since.get(told.fingerprint)
        if begun is not None and told.ended_at is not None and begun <= told.ended_at + SAME:
            continue  # samples were missing, and the alert went on: Prometheus was restarted, or clocks differ
        same = next((one for one in by_fingerprint.get(told.fingerprint, ()) if _overlap(one, spell)), None)
        if same is None and told.ended_at is not None:
            found.append(told)
        elif same is not None and same.ended_at is None and told.ended_at is not None:
            found.append(spell.told(same.started_at))
    ended = {one.fingerprint for one in found if one.ended_at is not None}
    return [*found, *_forgotten(known, lasting | ended, now, grace)]


def _overlap(one: Known, spell: Spell) -> bool:
    begun_before_end = spell.ended_at is None or one.started_at <= spell.ended_at + SAME
    return begun_before_end and (one.ended_at is None or spell.started_at <= one.ended_at + SAME)


def _forgotten(known: Iterable[Known], accounted: set[str], now: datetime, grace: timedelta) -> Iterator[Told]:
    """Those that nobody knows of, after they were last heard of long enough ago."""
    for one in known:
        if one.ended_at is None and one.fingerprint not in accounted and now - one.last_heard_at > grace:
            yield Told(one.fingerprint, one.started_at, now)


def reconcile(
    database: Database,
    alertmanager: Alertmanager,
    prometheus: Prometheus,
    since: datetime,
    now: datetime,
    grace: timedelta = GRACE,
) -> Taken:
    """Take what was missed since then. Raises UpstreamSilent and DatabaseUnavailable; then nothing was taken."""
    firing = alertmanager.firing()
    spells = prometheus.spells(since, now)
    with database.writing() as connection:
        found = missed(_known(connection, since), firing, spells, now, grace)
        return put(connection, found, now, "reconciliation")


def _known(connection: Connection, since: datetime) -> list[Known]:
    c = firings.c
    columns = select(c.fingerprint, c.started_at, c.ended_at, c.last_heard_at)
    rows = connection.execute(columns.where(or_(c.ended_at.is_(None), c.ended_at >= since - SAME)))
    return [Known(*row) for row in rows]
