"""promtool tests of everything that looks beyond single limits: file name to (groups, step, cases)."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.units import duration_text
from featurewatch.rules import (
    anomaly_cases,
    budget_cases,
    budget_messages,
    capacity_cases,
    health,
    health_cases,
    signals,
    signals_cases,
    trend_cases,
)
from featurewatch.rules import capacity as capacity_rules
from featurewatch.rules.budget_plan import BudgetPlan
from featurewatch.rules.budget_recorded_cases import COARSE, FINE, RecordedBudgetCases, sums_need
from featurewatch.rules.budget_told_cases import ToldBudgetCases
from featurewatch.rules.cases import Case
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan

TestFile = tuple[str, tuple[str, ...], float, list[Case]]
"""Name without its ending, names of the groups, seconds between evaluations, cases."""


def test_files(plan: Plan, groups: tuple[Group, ...], extractor: str) -> Iterator[TestFile]:
    """All of them."""
    for decided in plan.budgets:
        yield from _budget(plan, groups, decided, extractor)
    if plan.objectives.outlook.health:
        yield (
            health.NAME,
            ("extraction",),
            plan.timing.evaluation_interval,
            list(health_cases.cases(plan, groups, extractor)),
        )
    named = {group.name: group for group in groups}
    if signals.GROUP in named:
        yield signals.GROUP, (signals.GROUP,), signals.INTERVAL, [signals_cases.case(plan, extractor)]
    for anomaly in plan.objectives.outlook.anomalies:
        cases = anomaly_cases.AnomalyCases(plan, anomaly, named[anomaly.name], extractor)
        own = (anomaly.name,)
        yield anomaly.name, own, signals.INTERVAL, list(cases.fine())
        yield f"{anomaly.name}.days", own, anomaly_cases.HALF_HOUR, [cases.coarse()]
    for trend in plan.objectives.outlook.trends:
        step = trend_cases.step_of(trend)
        yield trend.name, (trend.name,), step, list(trend_cases.cases(plan, trend, named[trend.name], extractor))
    for capacity in plan.objectives.outlook.capacities:
        step = capacity_cases.step_of(capacity)
        own, group = (capacity.name,), named[capacity.name]
        yield capacity.name, own, step, list(capacity_cases.cases(plan, capacity, group))
        lasting = capacity_cases.lasting(plan, capacity, group)
        yield f"{capacity.name}.lasting", own, capacity_rules.INTERVAL, list(lasting)


def _budget(plan: Plan, groups: tuple[Group, ...], decided: BudgetPlan, extractor: str) -> Iterator[TestFile]:
    service, name = plan.objectives.service, f"{decided.objective.name}-budget"
    own = (f"budget-{decided.objective.name}-long", f"budget-{decided.objective.name}")
    ours = {budget_messages.objective_label(decided), budget_messages.objective_label(decided, exhausted=True)}
    alerts = tuple(alert for group in groups for alert in group.alerts if alert.labels.get(names.OBJECTIVE) in ours)
    cases = budget_cases.BudgetCases(service, extractor, decided, alerts)
    for pair in decided.pairs:
        yield f"{name}.{pair.text}", own, budget_cases.step_of(pair), list(cases.burning(pair))
    yield f"{name}.exhausted", own, cases.exhausted_step, list(cases.exhausted())
    recorded = RecordedBudgetCases(service, extractor, decided)
    told = ToldBudgetCases(recorded)
    yield f"{name}.sums", (*sums_need(decided), *own), recorded.sums_step, [recorded.sums()]
    yield f"{name}.short", own, FINE, [recorded.short(), *recorded.hardly_any(long=False), *told.told()]
    for step, lasting in told.lasting().items():
        yield f"{name}.lasting.{duration_text(step)}", own[1:], step, lasting
    yield f"{name}.long", own, COARSE, [recorded.long(), *recorded.hardly_any(long=True)]
