"""Rules of error budgets: sums of good and of all events, their share over every window, what is left and how long.

Long windows are sums of short sums, good and total apart; a share is never averaged. What a minute counted is
recorded once a minute, so a window of thirty days reads one sample a minute (two, from LONGEST_SHORT on) instead of
all that were scraped. Long windows stand in a group of their own that is evaluated less often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featurewatch import names
from featurewatch.objectives.model import Objectives
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import budget_messages, expressions
from featurewatch.rules.budget_plan import LONG_STEP, LONGEST_SHORT, SHORT_STEP, BudgetPlan, Pair
from featurewatch.rules.model import Alert, Group, Recording, Rule
from featurewatch.rules.sli import Sli
from featurewatch.rules.trust import MINIMUM_BAD, MINIMUM_EVENTS

EXHAUSTED_HOLD = LONG_STEP
"""Seconds (`for`) of the alert that nothing is left: its window moves no faster."""


def groups(objectives: Objectives, plans: Iterable[BudgetPlan], scrape_interval: float) -> tuple[Group, ...]:
    """Two for each budget. Groups are evaluated beside each other: none keeps another one waiting."""
    return tuple(group for plan in plans for group in _groups(objectives, plan, scrape_interval))


def _groups(objectives: Objectives, plan: BudgetPlan, scrape_interval: float) -> tuple[Group, Group]:
    scope = expressions.selector("", ((names.SERVICE, objectives.service),))
    name = f"budget-{plan.objective.name}"
    long: tuple[Rule, ...] = (
        *_long_sums(plan.sli, scope),
        *_windows(plan, scope, (window for window in plan.windows if window > LONGEST_SHORT)),
    )
    short: tuple[Rule, ...] = (
        *_sums(plan.sli, scrape_interval),
        *_windows(plan, scope, (window for window in plan.windows if window <= LONGEST_SHORT)),
        *_left(plan, scope),
        *(_burning(plan, pair, scope) for pair in plan.pairs),
        *_burn_alerts(objectives, plan, scope),
        _exhausted(objectives, plan, scope),
    )
    # In this order, so that within one evaluation of both what is judged has been summed up before.
    return Group(f"{name}-long", LONG_STEP, long), Group(name, SHORT_STEP, short)


# --- names of the recorded series -----------------------------------------------------------------------------------
def good_sum(sli: Sli, window: float) -> str:
    """How many events were good."""
    return sli.series(f"good_sum{duration_text(window)}")


def total_sum(sli: Sli, window: float) -> str:
    """How many events there were."""
    return sli.series(f"total_sum{duration_text(window)}")


def bad_sum(sli: Sli, window: float) -> str:
    """How many events were not good."""
    return sli.series(f"bad_sum{duration_text(window)}")


def good_ratio(sli: Sli, window: float) -> str:
    """Share of good events, from the two sums; absent while there are none."""
    return sli.series(f"good_ratio_sum{duration_text(window)}")


def burn_rate(sli: Sli, window: float) -> str:
    """How many times faster than the budget allows bad events came; 1 spends it exactly within its window."""
    return sli.series(f"burn_rate_sum{duration_text(window)}")


def burning(sli: Sli, pair: Pair) -> str:
    """The burn rate of the long window, while both windows of the pair burn too fast; else absent."""
    return sli.series(f"burning_{pair.text}")


def left(plan: BudgetPlan) -> str:
    """Share of the budget that is left: 1 untouched, 0 spent, below 0 overspent."""
    return plan.sli.series(f"budget_left_ratio{duration_text(plan.budget.window)}")


def exhausted_in(plan: BudgetPlan) -> str:
    """Seconds until the budget is spent at the pace of the longest window that still is short; absent at no pace."""
    return plan.sli.series(f"budget_left_seconds{duration_text(plan.budget.window)}")


def pace_window(plan: BudgetPlan) -> float:
    """The window whose pace is taken: the fastest pair's long one."""
    return plan.pairs[0].pair.long


# --- recording ------------------------------------------------------------------------------------------------------
def _sums(sli: Sli, scrape_interval: float) -> Iterator[Recording]:
    for name, selector, function in (
        (good_sum(sli, SHORT_STEP), sli.good, "sum_over_time"),
        (total_sum(sli, SHORT_STEP), sli.total, "count_over_time"),
    ):
        if sli.sampled:
            yield Recording(name, f"{function}({selector}[{duration_text(SHORT_STEP)}])")
        else:
            yield Recording(name, _counted(selector, scrape_interval))


def _counted(selector: str, scrape_interval: float) -> str:
    """Events of one minute. One scrape more than that is read, so that the last sample of a minute is the first of the
    next one and no event falls between two."""
    rate = expressions.total("rate", selector, SHORT_STEP + scrape_interval)
    return f"{rate}\n* {number_text(SHORT_STEP)}"


def _long_sums(sli: Sli, scope: str) -> Iterator[Recording]:
    for name in (good_sum, total_sum):
        inner = f"{name(sli, SHORT_STEP)}{scope}[{duration_text(LONG_STEP)}]"
        yield Recording(name(sli, LONG_STEP), f"sum_over_time({inner})")


def _over(series: str, scope: str, window: float) -> str:
    return f"sum_over_time({series}{scope}[{duration_text(window)}])"


def _windows(plan: BudgetPlan, scope: str, windows: Iterable[float]) -> Iterator[Recording]:
    sli = plan.sli
    for window in windows:
        step = SHORT_STEP if window <= LONGEST_SHORT else LONG_STEP
        good = _over(good_sum(sli, step), scope, window)
        total = _over(total_sum(sli, step), scope, window)
        yield Recording(good_ratio(sli, window), f"{good}\n/\n(\n  {total}\n  > 0\n)")
        if window in plan.long_windows:
            yield Recording(total_sum(sli, window), total)
            yield Recording(bad_sum(sli, window), f"{total}\n-\n{good}")
            rate = f"(1 - {good_ratio(sli, window)}{scope})\n/ {number_text(plan.allowed)}"
            yield Recording(burn_rate(sli, window), rate)


def _burning(plan: BudgetPlan, pair: Pair, scope: str) -> Recording:
    long, short = pair.pair.long, pair.pair.short
    return Recording(
        burning(plan.sli, pair),
        "\nand\n".join(
            (
                f"{burn_rate(plan.sli, long)}{scope}",
                *(_below(good_ratio(plan.sli, window), pair.target) for window in (long, short)),
                *_enough(plan.sli, long),
            )
        ),
    )


def _below(series: str, target: float) -> str:
    return f"{series} < {number_text(target)} - {expressions.TOLERANCE}"


def _enough(sli: Sli, window: float) -> tuple[str, str]:
    return f"{bad_sum(sli, window)} >= {MINIMUM_BAD}", f"{total_sum(sli, window)} >= {MINIMUM_EVENTS}"


def _left(plan: BudgetPlan, scope: str) -> Iterator[Recording]:
    window = plan.budget.window
    yield Recording(left(plan), f"1 - {burn_rate(plan.sli, window)}{scope}")
    pace = burn_rate(plan.sli, pace_window(plan))
    yield Recording(
        exhausted_in(plan),
        f"clamp_min({left(plan)}{scope}, 0)\n* {number_text(window)}\n/\n(\n  {pace}{scope}\n  > 0\n)",
    )


# --- alerts ---------------------------------------------------------------------------------------------------------
def _burn_alerts(objectives: Objectives, plan: BudgetPlan, scope: str) -> Iterator[Alert]:
    """One for each pair. A slower pair's fires as well while a faster one burns, so that the fast one, which silences
    it, never outlives it."""
    for position, pair in enumerate(plan.pairs):
        faster = (burning(plan.sli, other) for other in plan.pairs[: position + 1][::-1])
        yield Alert(
            name=budget_messages.burn_alert(plan),
            expr="\nor\n".join(f"{series}{scope}" for series in faster),
            hold=pair.pair.hold,
            labels=budget_messages.labels(objectives, plan, pair.pair.severity),
            annotations=budget_messages.of_burning(objectives, plan, pair),
        )


def _exhausted(objectives: Objectives, plan: BudgetPlan, scope: str) -> Alert:
    window = plan.budget.window
    return Alert(
        name=budget_messages.exhausted_alert(plan),
        expr="\nand\n".join(
            (
                f"{left(plan)}{scope}",
                _below(good_ratio(plan.sli, window), plan.target),
                *_enough(plan.sli, window),
            )
        ),
        hold=EXHAUSTED_HOLD,
        labels=budget_messages.labels(objectives, plan, plan.exhausted, exhausted=True),
        annotations=budget_messages.of_exhausted(objectives, plan),
    )
