"""Everything that looks beyond single limits, in one place for the compiler: groups of rules, and notes on them."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch.rules import anomaly, budget, capacity, signals, trend
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan


def groups(plan: Plan) -> tuple[Group, ...]:
    """All groups but that of the limits, in which the health score stands. Each reads only what stands before it."""
    objectives = plan.objectives
    return (
        *budget.groups(objectives, plan.budgets, plan.timing.scrape_interval),
        *signals.groups(objectives),
        *anomaly.groups(objectives),
        *trend.groups(objectives),
        *capacity.groups(objectives),
    )


def notes(plan: Plan) -> Iterator[str]:
    """What was decided otherwise than declared, and why; the catalogue and `make generate` tell it."""
    for decided in plan.budgets:
        for note in decided.notes:
            yield f"budget of {decided.objective.name}: {note}"
