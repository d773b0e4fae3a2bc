"""Which alerts and recorded series the rule tests exercise; what is left out is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from featurewatch import names
from featurewatch.faults import Fault
from featurewatch.rules.clashes import WATCHDOG
from featurewatch.rules.dependencies import names_in
from featurewatch.rules.model import Alert, Group

Rule = str
"""`ExtractionTooSlow (high, extraction-latency)` for an alert, the name for a recorded series."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is and what is exercised.

    An alert is exercised when a test expects it to fire and another moment expects it to be silent (Watchdog is never
    silent); a recorded series when a test expects a value of it.
    """

    alerts: tuple[Rule, ...]
    recordings: tuple[Rule, ...]
    untested: tuple[Fault, ...]

    def __str__(self) -> str:
        uncovered = {fault.file for fault in self.untested}
        return ", ".join(
            f"{len([rule for rule in rules if rule not in uncovered])} / {len(rules)} {kind}"
            for kind, rules in (("alerts", self.alerts), ("recorded series", self.recordings))
        )


def coverage(
    groups: Iterable[Group], tests: Iterable[Mapping[str, Any]], always: Iterable[str] = (WATCHDOG,)
) -> Coverage:
    """Of these groups by the contents of these test files. `always` names alerts that never are silent."""
    groups = tuple(groups)
    cases = [case for content in tests for case in content.get("tests") or ()]
    fired, silent = _looked_at(cases)
    valued = _valued(cases)
    alerts = {_rule(alert): alert for group in groups for alert in group.alerts}
    recordings = [recording.name for group in groups for recording in group.recordings]
    untested = []
    for rule, alert in alerts.items():
        who = _who(alert.name, alert.labels)
        if who not in fired:
            untested.append(Fault(rule, 0, 0, "no rule test expects this alert to fire", REMEDY))
        elif who not in silent and alert.name not in set(always):
            untested.append(Fault(rule, 0, 0, "no rule test expects this alert to be silent", REMEDY))
    untested += [
        Fault(name, 0, 0, "no rule test expects a value of this series", REMEDY)
        for name in recordings
        if name not in valued
    ]
    return Coverage(tuple(alerts), tuple(recordings), tuple(untested))


REMEDY = "add one to rules/tests"


Who = tuple[str, ...]
"""Name, severity, and what it is about: twins of several objectives share a name, steps of a ladder differ in severity,
levels of escalation in their policy."""

ABOUT = (names.OBJECTIVE, names.INCIDENT, names.POLICY)


def _who(name: str, labels: Mapping[str, str]) -> Who:
    return name, *(str(labels.get(label, "")) for label in (names.SEVERITY, *ABOUT))


def _rule(alert: Alert) -> Rule:
    about = [alert.labels[label] for label in ABOUT if label in alert.labels]
    return f"{alert.name} ({', '.join((alert.labels.get(names.SEVERITY, ''), *about))})"


def _looked_at(cases: Iterable[Mapping[str, Any]]) -> tuple[set[Who], set[Who]]:
    """The alerts that a test expects to fire, and those that one expects to be silent."""
    fired: set[Who] = set()
    looks: list[tuple[str, set[Who]]] = []
    for case in cases:
        for look in case.get("alert_rule_test") or ():
            expected = {_who(look["alertname"], alert.get("exp_labels") or {}) for alert in look["exp_alerts"]}
            looks.append((look["alertname"], expected))
            fired |= expected
    return fired, {who for who in fired for name, expected in looks if name == who[0] and who not in expected}


def _valued(cases: Iterable[Mapping[str, Any]]) -> set[str]:
    return {
        name
        for case in cases
        for check in case.get("promql_expr_test") or ()
        if check.get("exp_samples")
        for name in names_in(check["expr"])
    }
