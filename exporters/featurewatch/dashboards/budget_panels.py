"""Error budgets: what is left of each, how fast it is spent, and when it will be gone."""

from __future__ import annotations

from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.layout import Row, line, row
from featurewatch.dashboards.limits import GOOD, Limits, Steps
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import PresenceObjective
from featurewatch.objectives.units import duration_text, number_text, percent_text
from featurewatch.rules import budget, budget_messages, recorded
from featurewatch.rules.budget_plan import BudgetPlan
from featurewatch.rules.plan import Plan

DAY = 86400.0
LEFT: Steps = [
    {"color": "red", "value": None},
    {"color": "orange", "value": 0.1},
    {"color": "yellow", "value": 0.5},
    {"color": GOOD, "value": 0.75},
]


def left(plan: Plan) -> Panel:
    """How much of each budget is left, of the extractor that has least."""
    promised = "; ".join(
        f"{found.objective.name} {percent_text(found.target)} of {duration_text(found.budget.window)}"
        for found in plan.budgets
    )
    return charts.ranking(
        "Error budget left",
        [Query(f"min({_of(found, budget.left(found))})", found.objective.name) for found in plan.budgets],
        unit=units.SHARE,
        steps=LEFT,
        span=(0, 1),
        decimals=1,
        no_value=quiet.NO_BUDGET,
        description=panels.describe(
            "What is left of what may go wrong within the budget's window, of the extractor that has least. 0 % is "
            f"spent; less is overspent. Promised: {promised}.",
            "more left than of the window itself: with half of the month gone, more than half.",
        ),
    )


def lasts(plan: Plan) -> Panel:
    """When each budget is gone at the present pace."""
    return charts.ranking(
        "Budget lasts, at the last hour's pace",
        [Query(f"min({_of(found, budget.exhausted_in(found))})", found.objective.name) for found in plan.budgets],
        unit=units.SECONDS,
        steps=[
            {"color": "red", "value": None},
            {"color": "orange", "value": DAY},
            {"color": "yellow", "value": 7 * DAY},
            {"color": GOOD, "value": 30 * DAY},
        ],
        span=(0, 30 * DAY),
        no_value=quiet.NO_PACE,
        description=panels.describe(
            "Until the budget is spent if bad events go on as in the fastest of its long windows.",
            "longer than the budget's window, or no bar: nothing bad happened, and it is not being spent.",
        ),
    )


def burn_rates(plan: Plan) -> tuple[Panel, ...]:
    """One panel for each budget: every long window with the factor from which it is told."""
    return tuple(_burn_rate(plan, found) for found in plan.budgets)


def left_over_time(plan: Plan) -> Panel:
    return panels.time_series(
        "Error budgets over time",
        [
            Query(
                f"clamp_min({_of(found, budget.left(found))}, -1)",
                f"{found.objective.name} {{{{extractor}}}}" if _by_extractor(found) else found.objective.name,
            )
            for found in plan.budgets
        ],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_BUDGET,
        description=panels.describe(
            "What is left of each budget, down to −100 %, which is spent twice. A step down is an incident; a steady "
            "fall is a fault that nobody told of.",
            "lines that fall slower than the window passes, and rise again when an incident leaves the window.",
        ),
    )


def _burn_rate(plan: Plan, found: BudgetPlan) -> Panel:
    objective, alert = found.objective, budget_messages.burn_alert(found)
    ladder = Limits("above", tuple((pair.pair.factor, pair.pair.severity) for pair in found.pairs))
    of = "the time" if isinstance(objective, PresenceObjective) else "events"
    factors = ", ".join(
        f"{number_text(pair.pair.factor)} over {duration_text(pair.pair.long)} is {pair.pair.severity}"
        for pair in found.pairs
    )
    return panels.time_series(
        f"Burn rate: {objective.name}",
        [
            Query(
                f"max({_of(found, budget.burn_rate(found.sli, pair.pair.long))})",
                f"over {duration_text(pair.pair.long)}",
            )
            for pair in found.pairs
        ],
        unit=units.TIMES,
        decimals=2,
        limits=ladder,
        span=(0, 1.5),
        interval=interval(plan),
        no_value=quiet.NO_BUDGET,
        links=[panels.link(f"What to do: {alert}", f"{plan.objectives.runbooks}/{alert}")],
        description=panels.describe(
            f"How many times faster than allowed bad {of} came: at 1 the {percent_text(found.allowed)} of "
            f"{duration_text(found.budget.window)} is spent exactly when the window is over. Of the worst extractor.",
            f"below 1. An alert wants the short window of the pair to burn as well, so that it ends soon: {factors}.",
        ),
    )


def _of(found: BudgetPlan, series: str) -> str:
    """Of the chosen extractors where it tells them apart, else of the service."""
    return queries.of_extractors(series) if _by_extractor(found) else queries.of_service(series)


def _by_extractor(found: BudgetPlan) -> bool:
    return found.sli.level == recorded.LEVEL


def rows(plan: Plan, *beside: Panel) -> tuple[Row, ...]:
    """All of it as one row of a dashboard, with what else runs out `beside` it; none where there is nothing."""
    if not plan.budgets:
        return (row("What runs out", line(*beside, height=6)),) if beside else ()
    now = line(left(plan), lasts(plan), *beside, height=6)
    return (row("Error budgets, and what runs out", now, line(*burn_rates(plan), height=8, most=3)),)


def spending(plan: Plan) -> tuple[Row, ...]:
    """How they fall, as a row; none where no budget is declared."""
    if not plan.budgets:
        return ()
    return (row("Being spent", line(left_over_time(plan), lasts(plan))),)
