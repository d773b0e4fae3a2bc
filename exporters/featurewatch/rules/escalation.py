"""Escalation: level 2 of an alert is an alert, too: it has fired for longer than the level's delay and nobody has
acknowledged it. No process has to live for that; the responder only says what is acknowledged, and since when an
alert really fires. Where the responder is silent, levels simply fire.

A level that has called somebody lasts as long as its original, acknowledged or not: those who are told of it alone hear
of the end when there is one. So an acknowledgement keeps a level from beginning, and does not end one.

The clock is a recorded series that carries itself on: when an alert began to fire. It goes on over a restart of
Prometheus of up to five minutes, in which the alert is pending again. What the responder says comes first.

Level alerts name their original, carry `escalation_level`, and have neither its name nor its objective: they are no
level of themselves, belong to no incident, and no rule of inhibition knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent

from featurewatch import names
from featurewatch.objectives.handling import Handling, Level, Policy
from featurewatch.objectives.model import Objectives, Severity
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import expressions, messages, watched
from featurewatch.rules.model import Alert, Recording, Rule

STARTED = "alert:started:timestamp_seconds"
"""Recorded {alertname, service, extractor, severity, …}: when an alert that escalates began to fire."""

REMEMBERED = 30.0
"""Seconds that an acknowledgement holds when the responder is not heard: one failed scrape must wake nobody."""

ESCALATION_CATEGORY = "escalation"


@dataclass(frozen=True, slots=True)
class Escalation:
    """The alerts of one severity that follow one policy."""

    policy: Policy
    severity: Severity
    alerts: tuple[str, ...]
    """Their names, sorted."""


def escalations(handling: Handling, alerts: Iterable[Alert]) -> tuple[Escalation, ...]:
    """By policy, in their order, the most severe first."""
    found: dict[tuple[int, Severity], set[str]] = {}
    for alert in alerts:
        severity = Severity.__members__.get(alert.labels.get(names.SEVERITY, "").upper())
        if severity is None:
            continue
        declared = alert.labels.get(names.POLICY)
        policy = handling.policy_of(alert.labels.get(names.CATEGORY, ""), severity, declared)
        if policy is not None and policy.escalating:
            found.setdefault((handling.policies.index(policy), severity), set()).add(alert.name)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))
    return tuple(Escalation(handling.policies[index], severity, tuple(sorted(of))) for (index, severity), of in ordered)


def name(level: int) -> str:
    return f"EscalationLevel{level}"


def rules(objectives: Objectives, found: tuple[Escalation, ...]) -> Iterator[Rule]:
    """The clock, then the levels."""
    if not found:
        return
    yield Recording(STARTED, _started(objectives.service, {alert for one in found for alert in one.alerts}))
    for escalation in found:
        for level in escalation.policy.escalating:
            yield _level(objectives, escalation, level)


def _started(service: str, alerts: Iterable[str]) -> str:
    alerts = frozenset(alerts)
    key, here = watched.by(watched.KEY), (names.SERVICE, service)
    active = f"max without (alertstate) (\n  {watched.now(alerts, here)}\n)"
    begun = f"max without (alertstate) (\n  {watched.firing(alerts, here)}\n)"
    known = f"min by {key} (\n  {names.ALERT_STARTED}\n)"
    return f"0 * {active}\n+ on {key} group_left ()\n{known}\nor\n{STARTED}\nand\n{active}\nor\n{begun}"


def _level(objectives: Objectives, escalation: Escalation, level: Level) -> Alert:
    policy, severity = escalation.policy, str(escalation.severity)
    return Alert(
        name=name(level.number),
        expr=_expression(objectives.service, escalation, level),
        hold=0.0,
        labels={
            names.SEVERITY: severity,
            names.ESCALATION_LEVEL: str(level.number),
            names.POLICY: policy.name,
            names.CATEGORY: ESCALATION_CATEGORY,
            names.TEAM: objectives.team,
        },
        annotations=_annotations(objectives, policy, level),
    )


def _expression(service: str, escalation: Escalation, level: Level) -> str:
    """Its value is for how many seconds the alert has been firing."""
    here = ((names.SERVICE, service), (names.SEVERITY, str(escalation.severity)))
    late = "\n".join(
        (
            f"time() - {STARTED} >= {number_text(level.after)}",
            "and ignoring (alertstate)",
            watched.firing(escalation.alerts, *here),
            f"unless on {watched.by(watched.KEY)} (",
            f"  last_over_time({names.ACKNOWLEDGED}[{duration_text(REMEMBERED)}]) == 1",
            f"  unless on {watched.by(watched.KEY)}",
            indent(_called(level), "  "),
            ")",
        )
    )
    renamed = f'label_replace(\n{indent(late, "  ")},\n  "{names.ORIGINAL_ALERT}", "$1", "{names.ALERTNAME}", "(.+)"\n)'
    labels = (names.SERVICE, names.EXTRACTOR, names.ORIGINAL_ALERT)
    return f"max by {watched.by(labels)} (\n{indent(renamed, '  ')}\n)"


ORIGINAL = f"{{{{ $labels.{names.ORIGINAL_ALERT} }}}}"


def _called(level: Level) -> str:
    """Alerts of which this level fired at the last evaluation, under their own names."""
    own = expressions.selector("ALERTS", ((names.ALERTNAME, name(level.number)),))
    return f'label_replace({own}, "{names.ALERTNAME}", "$1", "{names.ORIGINAL_ALERT}", "(.+)")'


AGE = "{{ $value | humanizeDuration }}"


def response_text(seconds: float) -> str:
    """`at once`, or `within 15m`."""
    return f"within {duration_text(seconds)}" if seconds else "at once"


def _annotations(objectives: Objectives, policy: Policy, level: Level) -> dict[str, str]:
    after = duration_text(level.after)
    where = f"{messages.SERVICE}{messages.AND_EXTRACTOR}"
    steps = (
        f"Acknowledge {ORIGINAL}, so that nobody else is called.",
        "Follow its runbook; the link below leads there.",
        "If you cannot, tell the next person now instead of waiting for the next level.",
    )
    return {
        "summary": f"{where}: nobody acknowledged {ORIGINAL} within {after}",
        "description": (
            f"{ORIGINAL} has been firing for {AGE}, and nobody had acknowledged it after {after}. "
            f"This is level {level.number} of the policy {policy.name}."
        ),
        "value": f"{ORIGINAL} has been firing for {AGE}",
        "limit": f"acknowledged within {after}",
        "recipients": ", ".join(level.recipients) or "whom its severity reaches",
        "response_time": response_text(level.response_time),
        "first_steps": "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)),
        **messages.links(objectives, ORIGINAL, extractor=True),
    }
