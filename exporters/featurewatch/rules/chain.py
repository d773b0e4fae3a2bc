"""The chain watches itself: alerts on scrapes, rules, Prometheus, Alertmanager, the delivery of messages, and repair.

They are about the chain as a whole, so they look at every job of this Prometheus, whoever's it is. While Alertmanager
is gone its alerts cannot leave either; then Watchdog's silence tells, and the dashboards show which of these fires.
"""

from __future__ import annotations

from typing import Final

from featurewatch import delivery, names
from featurewatch.objectives.model import Objectives
from featurewatch.objectives.units import number_text
from featurewatch.rules.chain_guards import DELIVERY_SECONDS, guards
from featurewatch.rules.guard import Guard
from featurewatch.rules.model import Alert, Group, Recording

GROUP: Final = "chain"
INTERVAL: Final = 15.0
"""Seconds: nothing here is judged in less than a minute."""

ALERTS: Final = (
    *("ScrapeFailing", "TargetFlapping", "SampleLimitNear", "SampleLimitExceeded", "ClockSkew", "SeriesGrowing"),
    *("RemoteWriteBehind", "RuleEvaluationFailing", "RuleEvaluationSlow", "RuleEvaluationMissed"),
    *("ConfigurationReloadFailed", "AlertmanagerMissing", "AlertmanagerUnreachable", "NotificationsDropped"),
    *("NotificationsFailing", "DeliverySlow"),
    *("RepairFailing", "RepairSwitchedOff", "RepairBlind", "RepairFlapping", "RepairAwaitsApproval"),
    *("AuditBroken", "AuditShortened"),
)
"""Their names, which no objective's alert may have."""

EVALUATION_SECONDS: Final = "chain:evaluation_seconds:max"
HANDOVER_SECONDS: Final = "chain:handover_seconds:mean5m"
SEND_SECONDS: Final = "chain:send_seconds:mean5m"


def group(objectives: Objectives, timing: delivery.Timing) -> Group:
    """The recorded series of the delivery, then every alert."""
    alerts = tuple(_alert(objectives, guard) for guard in guards(timing))
    return Group(GROUP, INTERVAL, (*recordings(timing), *alerts))


def recordings(timing: delivery.Timing) -> tuple[Recording, ...]:
    """Where the seconds go between evaluation and delivery; the waiting for the group is what we configured."""
    return (
        Recording(EVALUATION_SECONDS, "max(prometheus_rule_group_last_duration_seconds)"),
        Recording(HANDOVER_SECONDS, _mean("prometheus_notifications_latency_seconds")),
        Recording(SEND_SECONDS, _mean("alertmanager_notification_latency_seconds", "integration")),
        Recording(
            DELIVERY_SECONDS,
            f"{SEND_SECONDS}\n+ on () group_left ()\n{HANDOVER_SECONDS}\n"
            f"+ on () group_left ()\n{EVALUATION_SECONDS}\n+\n{number_text(timing.group_wait)}",
        ),
    )


def _mean(metric: str, by: str = "") -> str:
    """Mean of a summary or histogram over 5m; no value where nothing was measured."""
    labels = f"sum by ({by})"
    return f"{labels} (\n  rate({metric}_sum[5m])\n)\n/\n(\n  {labels} (\n    rate({metric}_count[5m])\n  )\n  > 0\n)"


def _alert(objectives: Objectives, guard: Guard) -> Alert:
    return Alert(
        name=guard.alert,
        expr=guard.expr,
        hold=guard.hold,
        labels={
            names.SEVERITY: str(guard.severity),
            names.OBJECTIVE: GROUP,
            names.CATEGORY: "monitoring",
            names.TEAM: objectives.team,
        },
        annotations={
            "summary": guard.summary,
            "description": f"{guard.summary}: {guard.value}. Promised: {guard.limit}.",
            "value": guard.value,
            "limit": guard.limit,
            "first_steps": "\n".join(f"{number}. {step}" for number, step in enumerate(guard.first_steps, start=1)),
            "runbook_url": f"{objectives.runbooks}/{guard.alert}",
            "dashboard_url": f"{objectives.dashboards}/featurewatch-monitoring",
        },
    )
