"""Which alert makes which other one superfluous: the more severe step of the same objective, service and extractor.

Alertmanager sends no "resolved" for an alert that was notified, then inhibited, and ends while its inhibitor lasts. So
an inhibitor must end no later than what it inhibits. Two steps of one ladder have that property where they look at the
same window: the more severe bound lies farther out, so whatever violates it violates the nearer one too, and both end
in one evaluation or the severe one first. Where the windows differ nothing of the kind is certain, and both speak.
The slower pairs of an error budget fire while a faster one does, for this very reason. A limit and the budget of the
same objective look over different times: either may outlast the other, so neither silences the other.

The members of an incident are silenced, each by its own `IncidentMember`, which fires exactly while the member fires
within the incident (`rules.correlation` says why). Escalation levels silence nothing and are silenced by nothing.

ExtractorDown does not inhibit ExtractionDataAbsent: the rule of the second already excludes the time of the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.routes.ladders import Ladder, ladders
from featurewatch.rules.build import groups
from featurewatch.rules.correlation import INCIDENT_MEMBER
from featurewatch.rules.followup import followup
from featurewatch.rules.plan import Plan

ALWAYS_EQUAL = (names.OBJECTIVE, names.SERVICE, names.EXTRACTOR, "environment")
"""Labels in which inhibitor and inhibited agree. One that both lack counts as equal."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Alerts of severity `source` silence those of severity `target` of the same objective, for these objectives."""

    source: Severity
    target: Severity
    objectives: tuple[str, ...]
    apart: tuple[str, ...] = ()
    """Further labels that tell apart what these objectives judge: one full disk says nothing of another one."""

    @property
    def name(self) -> str:
        return f"{self.source}-over-{self.target}"

    @property
    def equal(self) -> tuple[str, ...]:
        return (*ALWAYS_EQUAL, *self.apart)


def inhibitions(plan: Plan) -> tuple[Inhibition, ...]:
    """All that are safe, the most severe first. An alert that nobody hears inhibits nothing."""
    heard = [severity for severity in sorted(Severity, reverse=True) if plan.objectives.notify.channels.get(severity)]
    known: dict[str, list[Ladder]] = {}
    for ladder in ladders(plan):
        known.setdefault(ladder.objective, []).append(ladder)
    found: list[Inhibition] = []
    for source, target in combinations(heard, 2):
        # An objective's matchers know nothing of overrides: it is safe for all of its extractors, or left alone.
        safe = {name: some for name, some in known.items() if _safe(some, source, target)}
        if safe:
            apart = {label for some in safe.values() for ladder in some for label in ladder.apart}
            found.append(Inhibition(source, target, tuple(safe), tuple(sorted(apart - set(ALWAYS_EQUAL)))))
    return tuple(found)


def _safe(some: list[Ladder], source: Severity, target: Severity) -> bool:
    """Whether the one never outlasts the other, wherever there are both."""
    both = [ladder for ladder in some if {source, target} <= ladder.looks_at.keys()]
    return bool(both) and all(ladder.ends_first(source, target) for ladder in both)


def of_incidents(plan: Plan) -> Iterator[dict[str, object]]:
    """Of each incident the worse over the milder, and for each member what silences it. An incident that somebody would
    not hear silences nothing."""
    objectives = plan.objectives
    found = followup(objectives, groups(plan))
    told = [one for one in found.correlations if all(objectives.notify.channels.get(s) for s in one.severities)]
    for one in told:
        for worse, milder in combinations(one.severities, 2):
            name = f'alertname="{one.incident.alert}"'
            yield {
                "name": f"{one.incident.name}: {worse}-over-{milder}",
                "source_matchers": [name, f'severity="{worse}"'],
                "target_matchers": [name, f'severity="{milder}"'],
                "equal": [names.SERVICE, names.EXTRACTOR, "environment"],
            }
    members = {(one.incident.name, alert.name, alert.labels[names.SEVERITY]) for one in told for alert in one.members}
    for incident, alert, severity in sorted(members):
        yield {
            "name": f"{incident}: over {alert} ({severity})",
            "source_matchers": [
                f'alertname="{INCIDENT_MEMBER}"',
                f'{names.INCIDENT}="{incident}"',
                f'{names.MEMBER}="{alert}"',
                f'{names.MEMBER_SEVERITY}="{severity}"',
            ],
            "target_matchers": [f'alertname="{alert}"', f'severity="{severity}"'],
            "equal": [names.SERVICE, names.EXTRACTOR, "environment"],
        }


def rendered(inhibition: Inhibition) -> dict[str, object]:
    """The rule as Alertmanager writes it. `name` needs Alertmanager 0.30."""
    only = f'objective=~"{"|".join(inhibition.objectives)}"'
    if len(inhibition.objectives) == 1:
        only = f'objective="{inhibition.objectives[0]}"'
    return {
        "name": inhibition.name,
        "source_matchers": [f'severity="{inhibition.source}"', only],
        "target_matchers": [f'severity="{inhibition.target}"', only],
        "equal": list(inhibition.equal),
    }
