"""Incidents: alerts of different categories that fire together are one story, told once.

For each incident there are two kinds of rules, in one group with the alerts that they watch and after them, so that
all of them begin and end in one evaluation:

- its own alert, one for each severity that it can have. It asks which categories fire, however many alerts each has.
- `IncidentMember`, which fires once for each alert that the incident holds, for exactly as long as that alert fires
  within the incident. It is heard by nobody. Alertmanager lets it silence the alert that it names, and so no alert is
  ever silenced past its own end: Alertmanager would not tell an end that comes while the silencing lasts.

An alert without an extractor (a busy machine, say) belongs to the incidents of every extractor of its service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent

from featurewatch import names
from featurewatch.objectives.handling import Incident
from featurewatch.objectives.model import Objectives, Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules import messages, watched
from featurewatch.rules.clashes import TWIN
from featurewatch.rules.model import Alert

INCIDENT_MEMBER = "IncidentMember"
LEVEL = (names.SERVICE, names.EXTRACTOR)
INCIDENT_CATEGORY = "incident"
SILENT = "none"
"""The severity of what nobody needs to hear."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """One incident and the alerts that can belong to it."""

    incident: Incident
    members: tuple[Alert, ...]
    severities: tuple[Severity, ...]
    """Those that the incident can have, the most severe first."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(alert.name for alert in self.members)

    def of(self, categories: Iterable[str]) -> frozenset[str]:
        """Names of the members of these categories."""
        wanted = frozenset(categories)
        return frozenset(alert.name for alert in self.members if alert.labels[names.CATEGORY] in wanted)


def correlations(incidents: Iterable[Incident], alerts: Iterable[Alert]) -> tuple[Correlation, ...]:
    """Those that can ever happen: each condition has an alert that somebody could hear."""
    alerts = tuple(alerts)
    found = []
    for incident in incidents:
        members = tuple(alert for alert in alerts if _can_belong(alert, incident))
        conditions = [
            [_severity(alert) for alert in members if alert.labels[names.CATEGORY] in categories]
            for categories in incident.conditions
        ]
        if all(conditions):
            # Whatever comes together, the worst of it is at least this bad.
            floor = max(min(severities) for severities in conditions)
            severities = sorted({_severity(alert) for alert in members} | {floor}, reverse=True)
            found.append(Correlation(incident, members, tuple(s for s in severities if s >= floor)))
    return tuple(found)


def rules(objectives: Objectives, found: Iterable[Correlation]) -> Iterator[Alert]:
    """Of each incident its alert by severity, and what silences its members."""
    for correlation in found:
        for severity in correlation.severities:
            yield _incident(objectives, correlation, severity)
        yield _member(objectives, correlation)


def _can_belong(alert: Alert, incident: Incident) -> bool:
    """That the data of an objective are gone says nothing of what it is about, and must not be silenced by it."""
    if alert.name == TWIN:
        return False
    severity = alert.labels.get(names.SEVERITY, SILENT)
    return alert.labels.get(names.CATEGORY) in incident.categories and severity.upper() in Severity.__members__


def _severity(alert: Alert) -> Severity:
    return Severity[alert.labels[names.SEVERITY].upper()]


def _incident(objectives: Objectives, correlation: Correlation, severity: Severity) -> Alert:
    incident = correlation.incident
    return Alert(
        name=incident.alert,
        expr=_expression(objectives.service, correlation, severity),
        hold=0.0,
        labels={
            names.SEVERITY: str(severity),
            names.INCIDENT: incident.name,
            names.CATEGORY: INCIDENT_CATEGORY,
            names.TEAM: objectives.team,
            "window": duration_text(incident.window),
        },
        annotations=_annotations(objectives, correlation),
    )


def _expression(service: str, correlation: Correlation, severity: Severity) -> str:
    """Fires for each extractor with which every condition is met. Its value is how many alerts lead it."""
    lead, *others = correlation.incident.conditions
    severe: tuple[tuple[str, str], ...] = ()
    beside = [(correlation.of(categories), severe) for categories in others]
    leading = correlation.of(lead)
    if severity != min(correlation.severities):
        worst = "|".join(str(worse) for worse in sorted(Severity, reverse=True) if worse >= severity)
        members = frozenset(alert.name for alert in correlation.members if _severity(alert) >= severity)
        if members <= leading:  # nothing beside it can be that bad
            leading, severe = members, ((names.SEVERITY, worst),)
        else:
            beside.append((members, ((names.SEVERITY, worst),)))
    first = _counted(watched.firing(leading, (names.SERVICE, service), *severe))
    return "\nand\n".join((first, *(_beside(alerts, *more) for alerts, more in beside)))


def _beside(alerts: frozenset[str], *more: tuple[str, str]) -> str:
    """The extractors of which one of these alerts fires, or whose whole service has one."""
    own = _counted(watched.firing(alerts, *more))
    shared = watched.firing(alerts, *more, (names.EXTRACTOR, ""))
    everyone = f"group by {watched.by(LEVEL)} (ALERTS)"
    return f"(\n{indent(own, '  ')}\n  or\n  {everyone}\n  and on (service)\n  {shared}\n)"


def _counted(vector: str) -> str:
    return f"count by {watched.by(LEVEL)} (\n  {vector}\n)"


def _member(objectives: Objectives, correlation: Correlation) -> Alert:
    service, incident = (names.SERVICE, objectives.service), correlation.incident
    happening = watched.firing([incident.alert])
    members = (
        f"{watched.firing(correlation.names, service)}\n"
        f"and on {watched.by(LEVEL)}\n{happening}\n"
        f"or\n{watched.firing(correlation.names, service, (names.EXTRACTOR, ''))}\n"
        f"and on ({names.SERVICE})\n{happening}"
    )
    named = _relabelled(_relabelled(members, names.MEMBER, names.ALERTNAME), names.MEMBER_SEVERITY, names.SEVERITY)
    labels = (*LEVEL, names.MEMBER, names.MEMBER_SEVERITY)
    return Alert(
        name=INCIDENT_MEMBER,
        expr=f"group by {watched.by(labels)} (\n{indent(named, '  ')}\n)",
        hold=0.0,
        labels={
            names.SEVERITY: SILENT,
            names.INCIDENT: incident.name,
            names.CATEGORY: INCIDENT_CATEGORY,
            names.TEAM: objectives.team,
        },
        annotations={
            "summary": f"{{{{ $labels.{names.MEMBER} }}}} belongs to the incident {incident.name}",
            "description": f"{incident.alert} tells of it, so that nobody is told twice. Nobody is told of this.",
            "runbook_url": f"{objectives.runbooks}/{INCIDENT_MEMBER}",
        },
    )


def _relabelled(vector: str, to: str, source: str) -> str:
    return f'label_replace(\n{indent(vector, "  ")},\n  "{to}", "$1", "{source}", "(.+)"\n)'


def shown_members(correlation: Correlation) -> str:
    """The names of the alerts that the incident holds, as `CacheHitRatioLow, ExtractionTooSlow`."""
    wanted = "|".join(sorted(correlation.names))
    alerts = f'ALERTS{{alertstate=\\"firing\\",alertname=~\\"{wanted}\\",service=%q,extractor=%s}}'
    query = f'printf "count by (alertname) ({alerts} or {alerts})"'
    query = query.replace("extractor=%s", "extractor=%q", 1).replace("extractor=%s", 'extractor=\\"\\"', 1)
    asked = f"with {query} $labels.service $labels.extractor $labels.service | query"
    each = "{{ if $i }}, {{ end }}{{ $m.Labels.alertname }}"
    listed = f'{{{{ range $i, $m := . | sortByLabel "alertname" }}}}{each}{{{{ end }}}}'
    return f"{{{{ {asked} }}}}{listed}{{{{ else }}}}unknown{{{{ end }}}}"


def _annotations(objectives: Objectives, correlation: Correlation) -> dict[str, str]:
    incident, members = correlation.incident, shown_members(correlation)
    where = f"{messages.SERVICE}{messages.AND_EXTRACTOR}"
    return {
        "summary": f"{where}: {incident.title[:1].lower()}{incident.title[1:]}",
        "description": f"{incident.title}. These fire together: {members}. They are told as one.",
        "value": members,
        "members": members,
        "limit": f"not {' and '.join(_words(incident))} within {duration_text(incident.window)}",
        "first_steps": "\n".join(f"{number}. {step}" for number, step in enumerate(incident.first_steps, start=1)),
        **messages.links(objectives, incident.alert, extractor=True),
    }


def _words(incident: Incident) -> Iterator[str]:
    return (" or ".join(condition) for condition in incident.conditions)
