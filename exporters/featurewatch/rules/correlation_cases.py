"""Tests of incidents. The alerts that they watch are given as the series that Prometheus writes about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.rules import expected
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.correlation import INCIDENT_MEMBER, Correlation, shown_members
from featurewatch.rules.model import Alert
from featurewatch.rules.watched_cases import alerts_series

LEAD_ALONE, BOTH, COMPANION_ALONE, NOBODY = 2, 4, 6, 8
"""The first step of each part of a story."""

OTHER = "another-extractor"


@dataclass(frozen=True, slots=True)
class CorrelationCases:
    """All cases of one incident."""

    desk: Desk
    correlation: Correlation
    alerts: Mapping[str, Alert]
    """The incident's own, by severity."""
    member: Alert
    """What silences its members."""

    def all(self) -> Iterator[Case]:
        leads, *others = self._by_condition()
        companions = [[alert] for alert in others[0]] if len(others) == 1 else [[alert[0] for alert in others]]
        for lead in leads:
            yield self._together(lead, companions[0], shared=False)
        for beside in companions[1:]:
            yield self._together(leads[0], beside, shared=False)
        for lead in leads:
            yield self._together(lead, companions[0], shared=True)
        worst = max(companions, key=lambda beside: max(map(_severity, beside)))
        if worst != companions[0]:  # bad enough to make the incident worse, of the whole service
            yield self._together(leads[0], worst, shared=True)
            for beside in companions[1:]:
                if beside != worst and {alert.name for alert in beside} == {alert.name for alert in worst}:
                    yield self._together(leads[0], beside, shared=True)
        yield self._apart(leads, companions[0])
        yield self._elsewhere(companions[0])

    def _by_condition(self) -> list[list[Alert]]:
        """The members of each condition, the mildest first, so that the first story is of the mildest incident."""
        return [
            sorted(
                (alert for alert in self.correlation.members if alert.labels[names.CATEGORY] in categories),
                key=_severity,
            )
            for categories in self.correlation.incident.conditions
        ]

    def _together(self, lead: Alert, beside: Sequence[Alert], *, shared: bool) -> Case:
        """One, both, the other one. Each end is seen at once, and no sample from before counts."""
        extractor = None if shared else self.desk.extractor
        firing = [lead, *beside]
        step_of = {LEAD_ALONE: [], BOTH: firing, BOTH + 1: firing, COMPANION_ALONE: [], NOBODY: []}
        place = " of the whole service" if shared else ""
        named = ", ".join(dict.fromkeys(f"{alert.name} ({alert.labels[names.SEVERITY]})" for alert in beside))
        title = f"with {lead.name} ({lead.labels[names.SEVERITY]}) and {named}{place} only, for as long as both fire"
        looks = []
        for step, alerts in step_of.items():
            looks.append(self._look(step, alerts))
            members = [(lead, self.desk.extractor), *((alert, extractor) for alert in beside)] if alerts else []
            looks.append(self._members(step, members))
        inputs = [
            alerts_series(self.desk, lead, "_ _ 1 1 1 1 _ _ _"),
            *(alerts_series(self.desk, alert, "_ _ _ _ 1 1 1 1 _", extractor=extractor) for alert in beside),
            *self._strangers(lead, beside),
        ]
        return self.desk.case(f"{self.correlation.incident.alert}: fires {title}", inputs, looks)

    def _strangers(self, lead: Alert, beside: Sequence[Alert]) -> Iterator[Case]:
        """What is there all the time and belongs to no incident."""
        always = f"1x{NOBODY}"
        stranger = Alert("SomethingElse", "", 0.0, lead.labels, {})
        for alert in (lead, *beside):
            mild = Alert(alert.name, "", 0.0, {**alert.labels, names.SEVERITY: "low"}, {})
            yield alerts_series(self.desk, mild, always, state="pending")
            yield alerts_series(self.desk, mild, always, state="pending", extractor=None)
        worst = Alert("SomethingElse", "", 0.0, {**lead.labels, names.SEVERITY: str(max(Severity))}, {})
        yield alerts_series(self.desk, worst, always)
        yield alerts_series(self.desk, worst, always, extractor=None)
        firing = max(map(_severity, (lead, *beside)))
        for alert in self.correlation.members:
            if _severity(alert) > firing:
                yield alerts_series(self.desk, alert, always, state="pending")
                yield alerts_series(self.desk, alert, always, state="pending", extractor=None)
                yield alerts_series(self.desk, alert, always, service=ANOTHER)
                yield alerts_series(self.desk, alert, always, service=ANOTHER, extractor=None)
                if alert.labels[names.CATEGORY] not in self.correlation.incident.conditions[0]:
                    yield alerts_series(self.desk, alert, always, extractor=OTHER)
        for alert in beside:
            yield alerts_series(self.desk, alert, always, extractor=OTHER)
        yield alerts_series(self.desk, lead, always, state="pending", extractor=OTHER)
        yield alerts_series(self.desk, stranger, always)
        yield alerts_series(self.desk, stranger, always, extractor=None)

    def _elsewhere(self, beside: Sequence[Alert]) -> Case:
        """The same incident of another service, by rules of its own, holds no alert of this one."""
        labels = (("alertname", self.correlation.incident.alert), ("alertstate", "firing"), (names.SERVICE, ANOTHER))
        inputs = [series("ALERTS", (*labels, (names.EXTRACTOR, self.desk.extractor)), "1x4")]
        for alert in beside:
            for who in (self.desk.extractor, None):
                inputs.append(alerts_series(self.desk, alert, "1x4", extractor=who))
                inputs.append(alerts_series(self.desk, alert, "1x4", extractor=who, service=ANOTHER))
        title = "silent where only another service has the incident"
        looks = [self._look(4, []), self._members(4, [])]
        return self.desk.case(f"{self.correlation.incident.alert}: {title}", inputs, looks)

    def _apart(self, leads: Sequence[Alert], beside: Sequence[Alert]) -> Case:
        """What is not together: another extractor, another service, pending, only one kind however often."""
        always = "1x4"
        inputs = [alerts_series(self.desk, lead, always) for lead in leads]
        for alert in beside:
            inputs += [
                alerts_series(self.desk, alert, always, extractor=OTHER),
                alerts_series(self.desk, alert, always, service=ANOTHER),
                alerts_series(self.desk, alert, always, service=ANOTHER, extractor=None),
                alerts_series(self.desk, alert, always, state="pending"),
            ]
        inputs += [alerts_series(self.desk, lead, always, service=ANOTHER) for lead in leads]
        looks = [self._look(4, []), self._members(4, [])]
        title = "silent where the other kind is another extractor's or service's, or pending"
        return self.desk.case(f"{self.correlation.incident.alert}: {title}", inputs, looks)

    def _look(self, step: int, firing: Sequence[Alert]) -> Case:
        return self.desk.look(step, self.correlation.incident.alert, list(self._firing(firing)))

    def _firing(self, firing: Sequence[Alert]) -> Iterator[Case]:
        """Each severity that the incident must have: up to the worst of its members."""
        if not firing:
            return
        labels = {names.SERVICE: self.desk.service, names.EXTRACTOR: self.desk.extractor}
        shown = {shown_members(self.correlation): ", ".join(sorted({alert.name for alert in firing}))}
        floor = min(self.correlation.severities)
        for severity in self.correlation.severities:
            if severity in (floor, *(s for s in Severity if s <= max(map(_severity, firing)))):
                alert = self.alerts[str(severity)]
                yield {
                    "exp_labels": {**labels, **alert.labels},
                    "exp_annotations": expected.filled(alert.annotations, labels, 1.0, shown),
                }

    def _members(self, step: int, members: Sequence[tuple[Alert, str | None]]) -> Case:
        firing = []
        for alert, extractor in members:
            labels = {
                names.SERVICE: self.desk.service,
                **({names.EXTRACTOR: extractor} if extractor else {}),
                names.MEMBER: alert.name,
                names.MEMBER_SEVERITY: alert.labels[names.SEVERITY],
            }
            shown = {f"{{{{ $labels.{names.MEMBER} }}}}": alert.name}
            firing.append(
                {
                    "exp_labels": {**labels, **self.member.labels},
                    "exp_annotations": expected.filled(self.member.annotations, labels, 1.0, shown),
                }
            )
        return self.desk.look(step, INCIDENT_MEMBER, firing)


def _severity(alert: Alert) -> Severity:
    return Severity[alert.labels[names.SEVERITY].upper()]
