"""The series that Prometheus writes about alerts, as input of tests."""

from __future__ import annotations

from featurewatch import names
from featurewatch.rules.cases import Case, Desk, Labels, series
from featurewatch.rules.model import Alert

UNKNOWN = ("outcome", "any")
"""A label that no rule about alerts may look at: alerts have labels of their own kind."""

_DESK = "the extractor of the desk"


def alert_labels(
    desk: Desk, alert: Alert, *more: tuple[str, str], service: str = "", extractor: str | None = _DESK
) -> Labels:
    """All labels of a firing alert, without its state."""
    who = desk.extractor if extractor == _DESK else extractor
    return (
        (names.ALERTNAME, alert.name),
        *alert.labels.items(),
        (names.SERVICE, service or desk.service),
        *(((names.EXTRACTOR, who),) if who else ()),
        *more,
    )


def alerts_series(
    desk: Desk,
    alert: Alert,
    values: str,
    *,
    state: str = "firing",
    service: str = "",
    extractor: str | None = _DESK,
    other: str = "any",
) -> Case:
    """`ALERTS` of one alert, of the desk's extractor where no other is named; None is an alert about no extractor."""
    labels = alert_labels(desk, alert, (UNKNOWN[0], other), service=service, extractor=extractor)
    return series("ALERTS", (*labels, ("alertstate", state)), values)
