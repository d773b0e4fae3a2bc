"""What is made of the alerts once all of them are there: incidents and escalation levels."""

from __future__ import annotations

from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.model import Objectives
from featurewatch.rules import correlation, escalation, watched
from featurewatch.rules.correlation import Correlation
from featurewatch.rules.escalation import Escalation
from featurewatch.rules.model import Group

GROUP = "extraction"
"""The group that gets what watches alerts. Alerts that are watched come to it from groups of the same interval: two
groups are evaluated at two times, so in another one an incident would begin late and outlive its members."""


@dataclass(frozen=True, slots=True)
class Followup:
    """Which alerts become incidents, and which escalate."""

    correlations: tuple[Correlation, ...]
    escalations: tuple[Escalation, ...]

    @property
    def watched(self) -> frozenset[str]:
        members = {name for found in self.correlations for name in found.names}
        return frozenset(members | {name for found in self.escalations for name in found.alerts})


def followup(objectives: Objectives, groups: tuple[Group, ...]) -> Followup:
    """Of the alerts about objectives; those that `followed` makes and those of the chain itself are about none."""
    alerts = [alert for alert in watched.judged_with(groups, GROUP) if names.OBJECTIVE in alert.labels]
    handling = objectives.handling
    return Followup(
        correlation.correlations(handling.incidents, alerts),
        escalation.escalations(handling, alerts),
    )


def followed(objectives: Objectives, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups with the rules about their alerts."""
    found = followup(objectives, groups)
    more = (
        *correlation.rules(objectives, found.correlations),
        *escalation.rules(objectives, found.escalations),
    )
    return tuple(
        Group(group.name, group.interval, (*group.rules, *more)) if group.name == GROUP else group
        for group in watched.gathered(groups, GROUP, found.watched)
    )
