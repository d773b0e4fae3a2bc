"""Tests of the recorded series of error budgets: what a minute counts, and what every window makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from featurewatch import names
from featurewatch.objectives.model import Objective, QuantileObjective, RatioObjective
from featurewatch.objectives.units import duration_text
from featurewatch.rules import budget
from featurewatch.rules import sli as slis
from featurewatch.rules.budget_plan import LONG_STEP, LONGEST_SHORT, SHORT_STEP, BudgetPlan
from featurewatch.rules.budget_scenario import Stretch
from featurewatch.rules.cases import ANOTHER, Case, Desk, edges_around, recorded_labels, series
from featurewatch.rules.expressions import selector
from featurewatch.rules.share_cases import is_event

SECOND = "sentiment"
SAMPLES = 3
"""Of a counter in a minute."""
BEFORE = 1_000_000
"""Where counters stand at the beginning: far from 0, near which Prometheus stretches an increase less."""

SHORT = tuple(
    (steps, Fraction(good), Fraction(bad))
    for steps, good, bad in (
        (60, 90, 10),
        (60, 80, 20),
        (51, 97, 3),
        (20, 99, 1),
        (14, 50, 50),
        (5, 95, 5),
        (2, 70, 30),
    )
)
LONG = tuple(
    (steps, Fraction(good), Fraction(bad))
    for steps, good, bad in ((40, 990, 10), (20, 999, 1), (7, 900, 100), (5, 950, 50), (3, 970, 30), (1, 60, 40))
)
FINE, COARSE = LONG_STEP, 43200.0
"""Seconds between the sums in the tests of short and of long windows."""


@dataclass(frozen=True, slots=True)
class RecordedBudgetCases:
    """All cases of one budget."""

    service: str
    extractor: str
    plan: BudgetPlan

    def short(self) -> Case:
        """Windows up to six hours."""
        return self._windows("short windows", Stretch(FINE, SHORT), long=False)

    def long(self) -> Case:
        """Longer windows, and what is left."""
        return self._windows("long windows", Stretch(COARSE, LONG), long=True)

    def hardly_any(self, *, long: bool) -> Iterator[Case]:
        """No share of no event; a share of a single one. What another service has recorded counts for nothing."""
        desk = Desk(self.service, COARSE if long else FINE, self.extractor)
        sli, at = self.plan.sli, 3
        windows = [window for window in self.plan.windows if (window > LONGEST_SHORT) == long]
        elsewhere = dict.fromkeys((budget.good_sum(sli, LONG_STEP), budget.total_sum(sli, LONG_STEP)), 0.5)
        elsewhere |= {budget.good_ratio(sli, window): 0.5 for window in windows}
        none = Stretch(desk.step, ((at + 1, Fraction(0), Fraction(0)),))
        yield desk.case(
            f"{self.plan.objective.name}: no event",
            [*self._sums(none, self.service), *self._recorded(elsewhere, at)],
            values=[
                *(self.value(desk, at, name, None, elsewhere.get(name)) for name in self._shares(windows)),
                *(self.value(desk, at, name, 0.0) for name in self._totals(windows)),
            ],
        )
        one = Stretch(desk.step, ((at, Fraction(0), Fraction(0)), (1, Fraction(3, 4), Fraction(1, 4))))
        elsewhere = {budget.burn_rate(sli, window): 0.5 for window in windows if window in self.plan.long_windows}
        values = [self.value(desk, at, budget.good_ratio(sli, window), 0.75) for window in windows]
        if long:
            left = 1 - one.rate(at, self.plan, self.plan.budget.window)
            values.append(self.value(desk, at, budget.left(self.plan), left))
        yield desk.case(
            f"{self.plan.objective.name}: one event",
            [*self._sums(one, self.service), *self._recorded(elsewhere, at)],
            values=values,
        )

    def _shares(self, windows: list[float]) -> Iterator[str]:
        """What is absent while there are no events."""
        for window in windows:
            yield budget.good_ratio(self.plan.sli, window)
            if window in self.plan.long_windows:
                yield budget.burn_rate(self.plan.sli, window)

    def _totals(self, windows: list[float]) -> Iterator[str]:
        """What is 0 while there are no events."""
        for window in windows:
            if window in self.plan.long_windows:
                yield budget.total_sum(self.plan.sli, window)
            if window in self.plan.bad_windows:
                yield budget.bad_sum(self.plan.sli, window)

    def _recorded(self, told: Mapping[str, float], at: int) -> list[Case]:
        """What the rules of another service have recorded."""
        return [series(name, self.labels(ANOTHER), f"{value:g}x{at}") for name, value in told.items()]

    def _sums(self, stretch: Stretch, service: str) -> list[Case]:
        """What every minute counted."""
        good, total = (name(self.plan.sli, SHORT_STEP) for name in (budget.good_sum, budget.total_sum))
        return [
            series(good, self.labels(service), stretch.notation(total=False)),
            series(total, self.labels(service), stretch.notation(total=True)),
        ]

    def _windows(self, title: str, stretch: Stretch, *, long: bool) -> Case:
        desk, sli = Desk(self.service, stretch.step, self.extractor), self.plan.sli
        inputs = [each for service in (self.service, ANOTHER) for each in self._sums(stretch, service)]
        at = stretch.steps - 1
        values: dict[str, float] = {}
        for window in self.plan.windows:
            if (window > LONGEST_SHORT) == long:
                values |= self._of_window(stretch, at, window)
        if long:
            good, bad = stretch.counted(at, LONG_STEP)
            values |= {
                budget.good_sum(sli, LONG_STEP): float(good),
                budget.total_sum(sli, LONG_STEP): float(good + bad),
            }
            left = 1 - stretch.rate(at, self.plan, self.plan.budget.window)
            pace = stretch.rate(at, self.plan, budget.pace_window(self.plan))
            values[budget.left(self.plan)] = left
            values[budget.exhausted_in(self.plan)] = max(left, 0) * self.plan.budget.window / pace
        return desk.case(
            f"{self.plan.objective.name}: {title}",
            inputs,
            values=[self.value(desk, at, name, value) for name, value in values.items()],
        )

    def _of_window(self, stretch: Stretch, at: int, window: float) -> dict[str, float]:
        sli, (good, bad) = self.plan.sli, stretch.counted(at, window)
        values = {budget.good_ratio(sli, window): float(good / (good + bad))}
        if window in self.plan.long_windows:
            values |= {
                budget.total_sum(sli, window): float(good + bad),
                budget.burn_rate(sli, window): stretch.rate(at, self.plan, window),
            }
        if window in self.plan.bad_windows:
            values[budget.bad_sum(sli, window)] = float(bad)
        return values

    def value(self, desk: Desk, at: int, name: str, value: float | None, elsewhere: float | None = None) -> Case:
        """In whole billionths: of this service, and of another one where its rules have recorded it."""
        found = [
            {"labels": selector("", self.labels(service)), "value": round(number * 1e9)}
            for service, number in ((self.service, value), (ANOTHER, elsewhere))
            if number is not None
        ]
        return desk.value(at, f"round({name} * 1e9)", found)

    def labels(self, service: str) -> tuple[tuple[str, str], ...]:
        """What the budget's series say of a service."""
        extractor = () if self.plan.sli.sampled else ((names.EXTRACTOR, self.extractor),)
        return ((names.SERVICE, service), *extractor)

    # --- what a minute counts -----------------------------------------------------------------------------------
    def sums(self) -> Case:
        """From counters of several processes and extractors, or from ups and downs."""
        objective = self.plan.objective
        return self._ups() if self.plan.sli.sampled else self._counted(objective)

    @property
    def sums_step(self) -> float:
        """Seconds between evaluations in the test of `sums`."""
        return SHORT_STEP / 3 if self.plan.sli.sampled else SHORT_STEP

    def _ups(self) -> Case:
        desk = Desk(self.service, self.sums_step, self.extractor)
        labels = selector("", ((names.SERVICE, self.service),))
        values = [
            desk.value(at, f"round({name(self.plan.sli, step)})", [{"labels": labels, "value": value}])
            for name, step, at, value in (
                (budget.good_sum, SHORT_STEP, 5, 3),
                (budget.good_sum, SHORT_STEP, 7, 1),
                (budget.good_sum, SHORT_STEP, 8, 0),
                (budget.total_sum, SHORT_STEP, 8, 3),
                (budget.total_sum, SHORT_STEP, 1, 2),
                (budget.good_sum, LONG_STEP, 8, 12),  # what stood there before this evaluation, every twenty seconds
                (budget.total_sum, LONG_STEP, 8, 15),
            )
        ]
        foreign = series("service:up:max", ((names.SERVICE, ANOTHER),), "1x12")
        title = f"{self.plan.objective.name}: every evaluation counts, those that find nothing are bad"
        return desk.case(title, [desk.up("1x5 0x5"), foreign], values=values)

    def _counted(self, objective: Objective) -> Case:
        if not isinstance(objective, QuantileObjective | RatioObjective):
            raise TypeError(f"{objective.name} counts nothing")
        bound = slis.mildest(objective).bound
        inputs: list[Case] = []
        counts: dict[str, tuple[int, int]] = {}
        number = 0
        for who in (self.extractor, SECOND):
            desk = Desk(self.service, SHORT_STEP, who)
            good = total = 0
            for instance in ("a:1", "b:1"):
                for pair in names.EXTRACTION_SERIES:
                    number += 1
                    found = _stream(desk, objective, bound, pair, instance, number)
                    inputs += found[0]
                    good, total = good + found[1], total + found[2]
            counts[who] = good, total
        stray = _stream(
            Desk(ANOTHER, SHORT_STEP, self.extractor), objective, bound, names.EXTRACTION_SERIES[0], "a:1", 99
        )
        desk = Desk(self.service, SHORT_STEP, self.extractor)
        values = [
            desk.value(
                10,
                f"round({name(self.plan.sli, step)} * 1e6)",
                [
                    {"labels": recorded_labels(self.service, who), "value": counted[which] * 1_000_000}
                    for who, counted in sorted(counts.items())
                ],
            )
            for which, name in ((0, budget.good_sum), (1, budget.total_sum))
            for step in (SHORT_STEP, LONG_STEP)  # of two minutes, the first one: the second is not yet written
        ]
        case = desk.case(f"{objective.name}: what a minute counts", [*inputs, *stray[0]], values=values)
        return {**case, "interval": duration_text(SHORT_STEP / SAMPLES)}


def _stream(
    desk: Desk,
    objective: QuantileObjective | RatioObjective,
    bound: float,
    pair: tuple[str, str],
    instance: str,
    number: int,
) -> tuple[list[Case], int, int]:
    """Series of one process' extractions of one kind, and how many of them a minute (good, all) count at the end."""

    def counter(rate: int) -> str:
        """Another rate before: a window that is too long would see it. All of a minute's at its end: so would a
        pace that is not the minute's."""
        begun = BEFORE + 8 * SAMPLES * rate
        minutes = (f"{begun + minute * rate}x{SAMPLES - 2} {begun + (minute + 1) * rate}" for minute in range(4))
        return " ".join((f"{BEFORE}+{rate}x{8 * SAMPLES}", *minutes))

    fast, slow = 7 * number, 2 * number + 1
    where = ("instance", instance)
    if isinstance(objective, QuantileObjective):
        inputs = [
            desk.bucket(pair, edge, counter(fast if edge <= bound else fast + slow), where)
            for edge in (*edges_around([bound]), math.inf)
        ]
        inputs.append(desk.count(pair, counter(fast + slow), where))
        counts = pair[1] == names.SUCCESS
        return inputs, fast * counts, (fast + slow) * counts
    counts = pair[1] in (names.SUCCESS, names.ERROR)
    good = is_event(objective, pair) == (objective.counts == "good")
    return [desk.count(pair, counter(fast + slow), where)], (fast + slow) * (counts and good), (fast + slow) * counts


def sums_need(plan: BudgetPlan) -> Iterator[str]:
    """Groups that the test of `sums` needs besides the budget's own."""
    if plan.sli.sampled:
        yield "extraction"
