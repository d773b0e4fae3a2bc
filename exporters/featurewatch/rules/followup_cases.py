"""Tests of incidents and escalation levels, by file name: (step, cases)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from featurewatch import names
from featurewatch.rules import escalation, recorded
from featurewatch.rules.cases import Case, Desk, series
from featurewatch.rules.correlation import INCIDENT_MEMBER, Correlation
from featurewatch.rules.correlation_cases import CorrelationCases
from featurewatch.rules.escalation import Escalation
from featurewatch.rules.escalation_cases import STEP, LevelCases, clock_case
from featurewatch.rules.followup import followup
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import Plan
from featurewatch.rules.watched import alerts_of

Named = tuple[str, float, list[Case]]


def files(plan: Plan, groups: tuple[Group, ...], extractor: str) -> Iterator[Named]:
    """(name of the file without its ending, step, cases) for each incident and each policy."""
    found = followup(plan.objectives, groups)
    alerts = tuple(alerts_of(groups))
    service, interval = plan.objectives.service, plan.timing.evaluation_interval
    for correlation in found.correlations:
        desk = Desk(service, interval, extractor)
        yield f"incident.{correlation.incident.name}", interval, list(_incident(desk, correlation, alerts))
    desk = Desk(service, STEP, extractor)
    for policy in dict.fromkeys(one.policy for one in found.escalations):
        mine = [one for one in found.escalations if one.policy == policy]
        steps = math.ceil(max(level.after for level in policy.levels) / STEP) + 10
        calm = tuple(_calm(plan, desk, steps))
        cases = [case for one in mine for case in _levels(desk, one, alerts, calm)]
        yield f"escalation.{policy.name}", STEP, cases
    for one in found.escalations[:1]:
        yield "escalation.clock", STEP, [clock_case(desk, _original(one, alerts, one.alerts[0]))]


def _incident(desk: Desk, correlation: Correlation, alerts: tuple[Alert, ...]) -> Iterator[Case]:
    own = {alert.labels[names.SEVERITY]: alert for alert in alerts if alert.name == correlation.incident.alert}
    [member] = [
        alert
        for alert in alerts
        if alert.name == INCIDENT_MEMBER and alert.labels[names.INCIDENT] == correlation.incident.name
    ]
    yield from CorrelationCases(desk, correlation, own, member).all()


def _calm(plan: Plan, desk: Desk, steps: int) -> Iterator[Case]:
    """Everything that could be missed is there."""
    always, who = f"1x{steps}", (names.SERVICE, desk.service)
    yield desk.up(always)
    for watch in plan.watches:
        if watch.objective.of == "events":
            yield series(recorded.extractions_rate(watch.window), (who, (names.EXTRACTOR, desk.extractor)), always)


def _levels(desk: Desk, one: Escalation, alerts: tuple[Alert, ...], calm: tuple[Case, ...]) -> Iterator[Case]:
    for level in one.policy.escalating:
        [rule] = [
            alert
            for alert in alerts
            if alert.name == escalation.name(level.number)
            and alert.labels[names.POLICY] == one.policy.name
            and alert.labels[names.SEVERITY] == str(one.severity)
        ]
        for name in one.alerts:
            yield from LevelCases(desk, one, level, rule, _original(one, alerts, name), calm).all()


def _original(one: Escalation, alerts: tuple[Alert, ...], name: str) -> Alert:
    return next(alert for alert in alerts if alert.name == name and alert.labels[names.SEVERITY] == str(one.severity))
