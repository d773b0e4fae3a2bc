"""The table of routes that follows from objectives.yaml: a row for each alert of an objective and each severity."""

from __future__ import annotations

from typing import Any

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan

PATH = "alertmanager/tests/alerts.yaml"
"""Beside the table that is written by hand."""


def rows(plan: Plan) -> list[dict[str, Any]]:
    """A row for each alert of the objectives and each of its severities: who objectives.yaml says must be told.

    Made from the channels alone, not from the tree, so that the two can disagree.
    """
    written: dict[tuple[str, str], dict[str, Any]] = {}
    for group in groups(plan):
        for alert in group.alerts:
            severity = alert.labels.get(names.SEVERITY, "")
            if names.OBJECTIVE not in alert.labels or severity not in {str(level) for level in Severity}:
                continue
            if names.ESCALATION_LEVEL in alert.labels:
                continue  # the level's policy says who is told
            channels = list(plan.objectives.notify.channels.get(Severity[severity.upper()], ()))
            labels = {
                names.ALERTNAME: alert.name,
                **alert.labels,
                names.SERVICE: plan.objectives.service,
                "environment": plan.objectives.environment,
            }
            written.setdefault(
                (alert.name, severity),
                {
                    "name": f"{alert.name} of severity {severity} is told by {', '.join(channels) or 'no channel'}",
                    "labels": labels,
                    "receivers": [severity if channels else "nobody"],
                    "channels": channels,
                },
            )
    return list(written.values())
