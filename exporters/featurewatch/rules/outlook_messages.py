"""Labels and texts that the alerts on health, anomalies, trends and capacity have in common."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.model import Objectives, Severity
from featurewatch.rules import messages

ONE_DECIMAL = '{{ $value | printf "%.1f" }}'


def labels(objectives: Objectives, name: str, category: str, severity: Severity) -> dict[str, str]:
    """Labels of an alert."""
    return {
        names.SEVERITY: str(severity),
        names.OBJECTIVE: name,
        names.CATEGORY: category,
        names.TEAM: objectives.team,
    }


def texts(
    objectives: Objectives,
    alert: str,
    summary: str,
    title: str,
    value: str,
    limit: str,
    first_steps: tuple[str, ...],
    *,
    extractor: bool = True,
) -> dict[str, str]:
    """What an alert says, in the order of all others."""
    return {
        "summary": summary,
        "description": f"{title}: {value}. Promised: {limit}.",
        "value": value,
        "limit": limit,
        "first_steps": messages.steps(first_steps),
        **messages.links(objectives, alert, extractor=extractor),
    }
