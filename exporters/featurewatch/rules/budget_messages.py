"""What the alerts of error budgets are called and say."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.model import Objectives, Severity
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules import messages
from featurewatch.rules.budget_plan import BudgetPlan, Pair

ONE_DECIMAL = '{{ $value | printf "%.1f" }}'
SPENT = "{{ $value | humanizePercentage }}"


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def burn_alert(plan: BudgetPlan) -> str:
    """`ErrorRatioBudgetBurning` of error-ratio."""
    return f"{_pascal(plan.objective.name)}BudgetBurning"


def exhausted_alert(plan: BudgetPlan) -> str:
    """`ErrorRatioBudgetExhausted` of error-ratio."""
    return f"{_pascal(plan.objective.name)}BudgetExhausted"


def objective_label(plan: BudgetPlan, *, exhausted: bool = False) -> str:
    """The label `objective`: another one than the limit's, whose alerts come and go at other times."""
    return f"{plan.objective.name}-budget{'-exhausted' if exhausted else ''}"


def labels(objectives: Objectives, plan: BudgetPlan, severity: Severity, *, exhausted: bool = False) -> dict[str, str]:
    """Labels of an alert."""
    return {
        names.SEVERITY: str(severity),
        names.OBJECTIVE: objective_label(plan, exhausted=exhausted),
        names.CATEGORY: plan.objective.category,
        names.TEAM: objectives.team,
    }


def _whose(plan: BudgetPlan) -> str:
    return messages.SERVICE if plan.sli.sampled else messages.EXTRACTOR


def _promised(plan: BudgetPlan) -> str:
    return f"{percent_text(plan.allowed)} of {duration_text(plan.budget.window)}"


def of_burning(objectives: Objectives, plan: BudgetPlan, pair: Pair) -> dict[str, str]:
    """Annotations of the alert of one pair."""
    long, short = duration_text(pair.pair.long), duration_text(pair.pair.short)
    window = duration_text(plan.budget.window)
    return {
        "summary": f"{_whose(plan)}: the error budget of {plan.objective.name} burns too fast",
        "description": (
            f"{plan.objective.title}: bad events come {ONE_DECIMAL} times faster than the budget of {_promised(plan)} "
            f"allows, over {long} and still over {short}, or over shorter windows and faster yet."
        ),
        "value": f"{ONE_DECIMAL} times too fast",
        "limit": f"at most {pair.pair.factor:g} times over {long} and {short}; at 1 it lasts {window}",
        "first_steps": messages.steps(plan.objective.first_steps),
        **messages.links(objectives, burn_alert(plan), extractor=not plan.sli.sampled),
    }


def of_exhausted(objectives: Objectives, plan: BudgetPlan) -> dict[str, str]:
    """Annotations of the alert that nothing is left."""
    return {
        "summary": f"{_whose(plan)}: the error budget of {plan.objective.name} is spent",
        "description": (
            f"{plan.objective.title}: more than {_promised(plan)} was bad. Of the budget {SPENT} is left. "
            "What can wait and could break something should wait."
        ),
        "value": f"{SPENT} of the budget is left",
        "limit": f"{_promised(plan)} may be bad",
        "first_steps": messages.steps(plan.objective.first_steps),
        **messages.links(objectives, exhausted_alert(plan), extractor=not plan.sli.sampled),
    }
