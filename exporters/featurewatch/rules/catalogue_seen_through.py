"""The catalogue's sections on what is made of alerts that fire: incidents and levels of escalation."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch.objectives.handling import Level
from featurewatch.objectives.units import duration_text
from featurewatch.rules import escalation
from featurewatch.rules.build import groups
from featurewatch.rules.catalogue_text import link, table
from featurewatch.rules.correlation import INCIDENT_MEMBER, Correlation
from featurewatch.rules.escalation import Escalation
from featurewatch.rules.followup import followup
from featurewatch.rules.plan import Plan


def sections(plan: Plan) -> Iterator[str]:
    """Those of which anything is declared."""
    found = followup(plan.objectives, groups(plan))
    if found.correlations:
        yield _incidents(found.correlations)
    if found.escalations:
        yield _escalations(found.escalations)


def _incidents(found: tuple[Correlation, ...]) -> str:
    rows = [
        (
            link(one.incident.alert),
            ", ".join(str(severity) for severity in one.severities),
            " and ".join(" or ".join(condition) for condition in one.incident.conditions),
            ", ".join(link(name) for name in sorted(one.names)),
        )
        for one in found
    ]
    return f"""## Incidents
{table(("Alert", "Severity", "When these categories fire together", "Told in place of"), rows)}

An incident is as severe as the worst of its members. {link(INCIDENT_MEMBER)}, of which nobody is told, keeps
each of them silent while the incident lasts.
"""


def _escalations(found: tuple[Escalation, ...]) -> str:
    rows = [_escalation(one, level) for one in found for level in one.policy.escalating]
    header = ("Alert", "Policy", "Severity", "Unacknowledged for", "Over", "Who", "Answer", "Of")
    return f"""## Escalation
{table(header, rows)}

Delays count from when the alert began to fire. Level 1 is the alert itself.
"""


def _escalation(one: Escalation, level: Level) -> tuple[str, ...]:
    return (
        link(escalation.name(level.number)),
        one.policy.name,
        str(one.severity),
        duration_text(level.after),
        ", ".join(level.channels),
        ", ".join(level.recipients),
        escalation.response_text(level.response_time),
        ", ".join(one.alerts),
    )
