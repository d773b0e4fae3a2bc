"""The figures of the last day as metrics. They are reckoned once a minute, not at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from featurewatch import names
from featurewatch.responder.database import Database
from featurewatch.responder.report import Report, Spread, open_incidents, report

WINDOW: Final = timedelta(days=1)

_OF_ALERT: Final = (names.ALERTNAME, names.SEVERITY)


class Figures(Collector):
    """What the last `refresh` found; nothing before the first."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._found: tuple[Report, dict[str, int]] | None = None

    def refresh(self) -> None:
        """Reckon them again. Raises DatabaseUnavailable; then they stay what they were."""
        now = self._clock()
        with self._database.reading() as connection:
            self._found = report(connection, now - WINDOW, now), open_incidents(connection)

    def describe(self) -> Iterator[Metric]:
        yield from _families(None)

    def collect(self) -> Iterator[Metric]:
        yield from _families(self._found)


def _families(found: tuple[Report, dict[str, int]] | None) -> Iterator[Metric]:
    incidents = GaugeMetricFamily(names.RESPONDER_INCIDENTS, "Incidents that last.", labels=(names.SEVERITY,))
    firings = GaugeMetricFamily(names.RESPONDER_FIRINGS, "How often it fired in the last day.", labels=_OF_ALERT)
    flaps = GaugeMetricFamily(names.RESPONDER_FLAPS, "Those soon after the one before.", labels=_OF_ALERT)
    noise = GaugeMetricFamily(names.RESPONDER_NOISE, "Share of them that was noise.", labels=_OF_ALERT)
    levels = GaugeMetricFamily(names.RESPONDER_ESCALATIONS, "Levels reached in the last day.", labels=(names.LEVEL,))
    dedupe = GaugeMetricFamily(names.RESPONDER_DEDUPE, "Share of what was told that was nothing new.", labels=())
    false = GaugeMetricFamily(names.RESPONDER_FALSE_POSITIVES, "Share of alerts marked as false.", labels=())
    if found is not None:
        day, lasting = found
        for severity, number in lasting.items():
            incidents.add_metric((severity,), number)
        for one in day.alerts:
            firings.add_metric((one.alertname, one.severity), one.fired)
            flaps.add_metric((one.alertname, one.severity), one.flapped)
            noise.add_metric((one.alertname, one.severity), one.noise)
        for level, number in day.escalations.items():
            levels.add_metric((str(level),), number)
        for family, ratio in ((dedupe, day.dedupe_ratio), (false, day.false_positive_ratio)):
            if ratio is not None:
                family.add_metric((), ratio)
    yield from (incidents, firings, flaps, noise, levels, dedupe, false)
    told = found[0] if found is not None else None
    acknowledged, resolved, delivered = (
        (told.time_to_acknowledge, told.time_to_resolve, told.delivery) if told is not None else (None, None, None)
    )
    yield _spread(names.RESPONDER_TIME_TO_ACKNOWLEDGE, "Until somebody had it in hand.", acknowledged)
    yield _spread(names.RESPONDER_TIME_TO_RESOLVE, "Until it ended.", resolved)
    yield _spread(names.RESPONDER_DELIVERY, "Until Alertmanager's message was here.", delivered)


def _spread(name: str, what: str, found: Spread | None) -> Metric:
    family = GaugeMetricFamily(name, what, labels=(names.QUANTILE,))
    values = (found.median, found.p90) if found is not None else (None, None)
    for quantile, value in zip(("0.5", "0.9"), values, strict=True):
        if value is not None:
            family.add_metric((quantile,), value)
    return family
