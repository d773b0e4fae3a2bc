"""What the tests of health, anomalies, trends and capacity have in common: expected values and firing alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from featurewatch import names
from featurewatch.rules import expected, outlook_messages
from featurewatch.rules.cases import Case, Desk, Labels
from featurewatch.rules.expressions import selector
from featurewatch.rules.model import Alert


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that must fire: of which severity, for what, with which value."""

    severity: str
    labels: Labels
    value: float
    shown: tuple[tuple[str, str], ...] = ()
    """What its message makes of placeholders that only it has."""


@dataclass(frozen=True, slots=True)
class Looker:
    """Writes what must be seen of the alerts of one name."""

    desk: Desk
    alerts: tuple[Alert, ...]

    def look(self, step: int, firing: Iterable[Firing] = ()) -> Case:
        """At this step exactly these fire."""
        return self.desk.look(step, self.alerts[0].name, [self._alert(item) for item in firing])

    def _alert(self, item: Firing) -> Case:
        [alert] = [alert for alert in self.alerts if alert.labels[names.SEVERITY] == item.severity]
        labels = dict(item.labels)
        shown = {outlook_messages.ONE_DECIMAL: f"{item.value:.1f}", **dict(item.shown)}
        return {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, item.value, shown),
        }


def value(desk: Desk, step: int, name: str, samples: Mapping[Labels, float]) -> Case:
    """What a recorded series must say, in whole millionths: both sides reckon in another order."""
    return desk.value(
        step,
        f"round({name} * 1e6)",
        [{"labels": selector("", labels), "value": round(number * 1e6)} for labels, number in samples.items()],
    )


def alerting(desk: Desk, step: int, alert: Alert, *, fires: bool) -> Case:
    """Whether one alert of a ladder fires at this step, whatever its message says."""
    who = ((names.ALERTNAME, alert.name), (names.SEVERITY, alert.labels[names.SEVERITY]), ("alertstate", "firing"))
    return desk.value(step, f"count({selector('ALERTS', who)})", [{"labels": "{}", "value": 1}] if fires else [])
