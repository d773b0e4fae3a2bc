"""What the responder exports to Prometheus. The rules read it: an acknowledged alert escalates no further."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from featurewatch import names
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.state import Identity, Standing, standings

log = logging.getLogger(__name__)

IDENTITY = (names.ALERTNAME, names.SERVICE, names.EXTRACTOR, names.SEVERITY)


class Alerts(Collector):
    """Asks the database at each scrape. While it cannot answer, what it said last is exported again: an alert that is
    in somebody's hands must not escalate because a disk is slow."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._last: dict[Identity, Standing] = {}

    def describe(self) -> Iterator[Metric]:
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        acknowledged, started, up = self._families()
        answered = self._ask()
        for identity, standing in sorted(self._last.items()):
            acknowledged.add_metric(identity, float(standing.acknowledged))
            started.add_metric(identity, standing.started_at.timestamp())
        up.add_metric((), float(answered))
        yield from (acknowledged, started, up)

    def _ask(self) -> bool:
        try:
            with self._database.reading() as connection:
                self._last = standings(connection, self._clock())
        except DatabaseUnavailable as error:
            log.warning("the database did not answer a scrape: %s", error)
            return False
        return True

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily(names.ACKNOWLEDGED, "1 while somebody has the firing alert in hand.", labels=IDENTITY),
            GaugeMetricFamily(names.ALERT_STARTED, "When the firing alert began.", labels=IDENTITY),
            GaugeMetricFamily(names.RESPONDER_DATABASE_UP, "Whether the database answered.", labels=()),
        )


class Metrics:
    """The responder's own registry."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Alerts(database, clock))
        self.taken = Counter(
            names.RESPONDER_ALERTS_TAKEN, "Alerts committed to the history.", (names.SOURCE,), registry=self.registry
        )
        self.refused = Counter(
            names.RESPONDER_MESSAGES_REFUSED, "Messages that were not taken.", (names.REASON,), registry=self.registry
        )
