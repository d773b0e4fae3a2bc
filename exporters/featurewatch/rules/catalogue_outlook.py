"""The catalogue's sections on what looks beyond single limits: error budgets, health, anomalies, trends, capacity."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch.objectives.units import duration_text, number_text, percent_text
from featurewatch.rules import anomaly, budget, budget_messages, capacity, health, outlook, trend
from featurewatch.rules.budget_plan import FEASIBLE, BudgetPlan
from featurewatch.rules.catalogue_text import chance_text, link, table
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import MARGIN, MINIMUM_BAD, MINIMUM_EVENTS, Plan


def sections(plan: Plan) -> Iterator[str]:
    """Those of which anything is declared."""
    if plan.budgets:
        yield _budgets(plan)
    alerts = tuple(_alerts(plan))
    if alerts:
        rows = [
            (link(alert.name), alert.labels["severity"], alert.annotations["limit"], duration_text(alert.hold))
            for alert in alerts
        ]
        yield f"## Health, anomalies, trends, capacity\n{table(('Alert', 'Severity', 'Promised', 'For'), rows)}\n"


def _alerts(plan: Plan) -> Iterator[Alert]:
    yield from health.alerts(plan)
    for module in (anomaly, trend, capacity):
        for group in module.groups(plan.objectives):
            yield from group.alerts


def _budgets(plan: Plan) -> str:
    rows = [row for decided in plan.budgets for row in (*_burning(decided), _exhausted(decided))]
    header = ("Alert", "Severity", "Budget", "Windows", "Factor", "Fires from", "For", "False firing")
    return f"""## Error budgets
{table(header, rows)}

A pair fires when more than *fires from* of the events were bad over its long window, with at least {MINIMUM_BAD} bad
events and {MINIMUM_EVENTS} in all, and over its short one. A slower pair fires as well while a faster one does, which
silences it. *False firing* is the chance per long window at {MARGIN:.0%} of the budget's pace, at the declared minimum
traffic; the evaluations of an uptime depend on each other, and nothing is said of them.

{_notes(plan)}"""


def _burning(decided: BudgetPlan) -> Iterator[tuple[str, ...]]:
    for pair in decided.pairs:
        yield (
            link(budget_messages.burn_alert(decided)),
            str(pair.pair.severity),
            _budget(decided),
            f"{duration_text(pair.pair.long)} and {duration_text(pair.pair.short)}",
            number_text(pair.pair.factor),
            percent_text(round(1 - pair.target, 12)),
            duration_text(pair.pair.hold),
            _chance(decided, pair.false_firing),
        )


def _exhausted(decided: BudgetPlan) -> tuple[str, ...]:
    return (
        link(budget_messages.exhausted_alert(decided)),
        str(decided.exhausted),
        _budget(decided),
        duration_text(decided.budget.window),
        "all of it",
        percent_text(decided.allowed),
        duration_text(budget.EXHAUSTED_HOLD),
        _chance(decided, decided.falsely_exhausted),
    )


def _budget(decided: BudgetPlan) -> str:
    return f"{percent_text(decided.allowed)} of {duration_text(decided.budget.window)}"


def _chance(decided: BudgetPlan, false_firing: float) -> str:
    return "" if decided.sli.sampled else chance_text(false_firing)


def _notes(plan: Plan) -> str:
    """What was decided otherwise than declared, and why."""
    notes = [f"- {note}" for note in outlook.notes(plan)]
    if not notes:
        return f"Every pair is as declared: none asks for more than {FEASIBLE:.0%} of bad events.\n"
    return "\n".join(("Pairs that are not as declared:", "", *notes, ""))
