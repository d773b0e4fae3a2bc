"""Which alerts differ in nothing but how far they are from what was promised: what violates one violates those below.

Every step of a ladder looks at the same thing, or says here that it does not: what `looks_at` holds is equal for two
steps that end together, or the more severe one first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from featurewatch.objectives.model import Objective, Severity
from featurewatch.rules import anomaly, budget_messages, capacity, health
from featurewatch.rules.plan import Plan

WITHOUT_WINDOW = ""
"""What steps look at that all look at the same."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of one objective, for the same extractors."""

    objective: str
    """The value of the label `objective` of all of them."""
    apart: tuple[str, ...]
    """Labels, besides the service, by which it is judged one by one."""
    looks_at: Mapping[Severity, str]
    """Severity to the series and window that are compared with its bound."""

    def ends_first(self, severe: Severity, mild: Severity) -> bool:
        """Whether the more severe one never outlasts the milder one, both of which there are."""
        known = self.looks_at
        return severe in known and mild in known and known[severe] == known[mild]


def ladders(plan: Plan) -> Iterator[Ladder]:
    """All of them, in the order of objectives.yaml. Overrides make several of one objective."""
    for objective in plan.objectives.objectives:
        yield from _of_objective(plan, objective)
    for decided in plan.budgets:
        apart = () if decided.sli.sampled else ("extractor",)
        severities = (pair.pair.severity for pair in decided.pairs)
        yield Ladder(budget_messages.objective_label(decided), apart, _alike(*severities))
    outlook = plan.objectives.outlook
    if health.alerts(plan):
        yield Ladder(health.NAME, ("extractor",), _alike(*health.SEVERITIES))
    for declared in outlook.anomalies:
        yield Ladder(declared.name, ("extractor",), _alike(*anomaly.SEVERITIES))
    for filling in outlook.capacities:
        severities = (limit.severity for limit in filling.limits)
        yield Ladder(filling.name, capacity.BY[filling.of], _alike(*severities))


def _alike(*severities: Severity) -> dict[Severity, str]:
    return dict.fromkeys(severities, WITHOUT_WINDOW)


def _of_objective(plan: Plan, objective: Objective) -> Iterator[Ladder]:
    found: dict[object, dict[Severity, str]] = {}
    for judgement in plan.judgements:
        if judgement.objective.name == objective.name:
            found.setdefault(judgement.limit.scope, {})[judgement.limit.severity] = f"{judgement.window:g}"
    for compared in plan.comparisons:
        if compared.objective.name == objective.name:
            found.setdefault(compared.limit.scope, {})[compared.limit.severity] = compared.value
    for watch in plan.watches:
        if watch.objective.name == objective.name:
            found.setdefault(watch.limit.scope, {})[watch.limit.severity] = WITHOUT_WINDOW
    for steps in found.values():
        yield Ladder(objective.name, objective.by, steps)
