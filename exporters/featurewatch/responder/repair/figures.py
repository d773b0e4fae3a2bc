"""What Prometheus is told of repair. The rules read it: people hear of automation that fails, flaps or waits."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from featurewatch import names
from featurewatch.objectives.repair import Action
from featurewatch.responder.audit import Head, head
from featurewatch.responder.database import DatabaseUnavailable
from featurewatch.responder.declared import NothingDeclared
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair import stops
from featurewatch.responder.repair.guards import HOUR, failures
from featurewatch.responder.repair.ledger import Ledger
from featurewatch.responder.repair.verification import Verifier
from featurewatch.responder.tables import repair_runs, repair_standings

log = logging.getLogger(__name__)

SHOWN: Final = 16
"""Letters of an HMAC that a label shows; nobody finds another entry with the same ones."""


class Figures(Collector):
    """Asks the database at each scrape; says nothing while it does not answer."""

    def __init__(self, ledger: Ledger, declared: Callable[[], Sequence[Action]], verifier: Verifier) -> None:
        self._ledger = ledger
        self._declared = declared
        self._verifier = verifier

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        try:
            with self._ledger.database.reading() as connection:
                yield from self._found(connection)
        except DatabaseUnavailable as error:
            log.warning("the database did not answer a scrape: %s", error)

    def _found(self, connection: Connection) -> Iterator[Metric]:
        yield _ended(connection)
        yield _open(connection)
        yield from self._actions(connection)
        yield _reversals(connection, self._ledger.clock())
        stopped = stops.current(connection) is not None
        yield GaugeMetricFamily(names.REPAIR_STOPPED, "Whether every action is stopped.", value=float(stopped))
        yield from self._audit(head(connection))

    def _actions(self, connection: Connection) -> Iterator[Metric]:
        failed = GaugeMetricFamily(names.REPAIR_FAILURES, "Failures in a row.", labels=(names.ACTION,))
        off = GaugeMetricFamily(names.REPAIR_SWITCHED_OFF, "Whether it failed too often.", labels=(names.ACTION,))
        held = GaugeMetricFamily(names.REPAIR_HELD_BACK, "A guard holds it back.", labels=(names.ACTION, names.REASON))
        try:
            declared = self._declared()
        except NothingDeclared:
            declared = ()
        c = repair_standings.c
        standings = {row.action: row for row in connection.execute(select(c.action, c.reason, c.switched_on_at))}
        for action in declared:
            standing = standings.get(action.name)
            since = None if standing is None else standing.switched_on_at
            number = failures(runs.recent(connection, action.name), since)
            failed.add_metric((action.name,), number)
            off.add_metric((action.name,), float(number >= action.guards.failures))
            if standing is not None and standing.reason is not None:
                held.add_metric((action.name, standing.reason), 1.0)
        yield from (failed, off, held)

    def _audit(self, last: Head) -> Iterator[Metric]:
        yield GaugeMetricFamily(names.AUDIT_ENTRIES, "Entries of the audit.", value=last.number)
        info = GaugeMetricFamily(names.AUDIT_HEAD, "The end of the audit's chain.", labels=(names.MAC,))
        info.add_metric((last.mac[:SHOWN],), 1.0)
        yield info
        verdict = self._verifier.last
        if verdict is not None:
            whole = verdict.holds and self._ledger.anchored
            yield GaugeMetricFamily(names.AUDIT_HOLDS, "Whether the audit is whole.", value=float(whole))


def _ended(connection: Connection) -> Metric:
    family = CounterMetricFamily(
        names.REPAIR_RUNS, "Runs that ended.", labels=(names.ACTION, names.MODE, names.OUTCOME)
    )
    c = repair_runs.c
    columns = (c.action, c.mode, c.state)
    asked = select(*columns, func.count()).where(c.ended_at.is_not(None)).group_by(*columns).order_by(*columns)
    for action, mode, state, number in connection.execute(asked):
        family.add_metric((action, mode, state), number)
    return family


def _open(connection: Connection) -> Metric:
    family = GaugeMetricFamily(names.REPAIR_OPEN, "Runs that have not ended.", labels=(names.ACTION, names.STATE))
    for (action, state), number in sorted(Counter((r.action, r.state) for r in runs.open_runs(connection)).items()):
        family.add_metric((action, state), number)
    return family


def _reversals(connection: Connection, now: datetime) -> Metric:
    """Runs that wish back what an earlier one found: one action does what another one undoes."""
    family = GaugeMetricFamily(names.REPAIR_REVERSALS, "Runs that undo earlier ones.", labels=(names.TARGET,))
    c = repair_runs.c
    asked = select(c.target, c.found, c.wished).where(c.called_at > now - HOUR, c.mode == "real").order_by(c.id)
    found: dict[str, list[dict[str, object]]] = {}
    number: Counter[str] = Counter()
    for target, was, wished in connection.execute(asked):
        before = found.setdefault(target, [])
        number[target] += any(all(old.get(name) == value for name, value in wished.items()) for old in before)
        before.append(was)
    for target in sorted(found):
        family.add_metric((target,), number[target])
    return family
