"""Tests of the alerts of error budgets: each pair of windows from both sides, and the budget that is spent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from featurewatch import names
from featurewatch.rules import budget, budget_messages, expected
from featurewatch.rules.budget_plan import LONG_STEP, LONGEST_SHORT, SHORT_STEP, BudgetPlan, Pair
from featurewatch.rules.budget_scenario import Phase, Stretch, at_target
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.expressions import selector
from featurewatch.rules.model import Alert
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.trust import MINIMUM_BAD, MINIMUM_EVENTS

NONE = Fraction(0)

STEPS = 60
"""Evaluations within the budget's window, in the tests of all of it."""

VISIBLE = Fraction(1, 10**8)
"""Of the events of a window: fewer bad ones too many than that are lost in the tolerance of the comparison."""


def step_of(pair: Pair) -> float:
    """Seconds between evaluations: the short window has five of them, unless both groups would not see each one."""
    return max(pair.pair.short / 5 // LONG_STEP * LONG_STEP, LONG_STEP)


@dataclass(frozen=True, slots=True)
class BudgetCases:
    """All cases of one budget."""

    service: str
    extractor: str
    plan: BudgetPlan
    alerts: tuple[Alert, ...]
    """Of this budget."""

    def burning(self, pair: Pair) -> Iterator[Case]:
        """The cases of one pair of windows, to be evaluated every `step_of` seconds."""
        step = step_of(pair)
        hold = evaluations(pair.pair.hold, step)
        long, short = (math.ceil(window / step) for window in (pair.pair.long, pair.pair.short))
        good, bad = at_target(pair.target, (long, short))
        worse = (good - 1, bad + 1)
        fine = (good + bad, NONE)
        much = (good - bad, 2 * bad) if good > bad else (NONE, good + bad)
        yield self._told(
            pair,
            "silent at exactly the factor and until `for` is over, fires one event over, resolves",
            ((long + hold + 1, good, bad), (hold + 2, *worse), (long, *fine)),
        )
        yield self._told(
            pair,
            "silent while only the short window burns",
            ((long, *fine), (short - 1, *much)),
            fires=False,
        )
        yield self._told(
            pair,
            "silent once the short window is over it, although the long one still burns",
            ((long, NONE, good + bad), (short + 1 + hold, *fine)),
        )
        yield from self._few(pair, hold)
        yield self._nothing(pair, hold)

    def _few(self, pair: Pair, hold: int) -> Iterator[Case]:
        """One event fewer than are needed to judge, and that event."""
        rest = (hold + 1, NONE, NONE)
        few = Fraction(MINIMUM_BAD - 1)
        if Fraction(MINIMUM_BAD - 1, MINIMUM_EVENTS) > 1 - Fraction(str(pair.target)):
            one = (1, MINIMUM_EVENTS - few, few)
            yield self._told(pair, f"silent with {few} bad events", (one, rest), fires=False)
            one = (1, MINIMUM_EVENTS - few - 1, few + 1)
            yield self._told(pair, f"fires with {few + 1} bad events", (one, rest))
        else:
            one = (1, NONE, few)
            yield self._told(pair, f"silent with {few} events, all bad", (one, rest), fires=False)
        one = (1, NONE, Fraction(MINIMUM_EVENTS - 1))
        yield self._told(pair, f"silent with {MINIMUM_EVENTS - 1} events, all bad", (one, rest), fires=False)
        one = (1, NONE, Fraction(MINIMUM_EVENTS))
        yield self._told(pair, f"fires with {MINIMUM_EVENTS} events, all bad", (one, rest))

    def _nothing(self, pair: Pair, hold: int) -> Case:
        """No data here, and everything burning for another service."""
        desk = self._desk(step_of(pair))
        foreign = [
            series(budget.burning(self.plan.sli, other), self._labels(ANOTHER), f"50x{hold + 2}")
            for other in self.plan.pairs
        ]
        alert = budget_messages.burn_alert(self.plan)
        return desk.case(
            f"{alert}, {pair.pair.severity}: silent without data, whatever another service does",
            foreign,
            [desk.look(hold + 2, alert, [])],
        )

    def exhausted(self) -> Iterator[Case]:
        """The budget that is spent, evaluated sixty times in its window."""
        step = self.exhausted_step
        hold = evaluations(LONG_STEP, step)
        good, bad = at_target(self.plan.target, (STEPS,), math.ceil(self.plan.least / STEPS))
        over = max(1, math.ceil(STEPS * (good + bad) * VISIBLE))
        alert = budget_messages.exhausted_alert(self.plan)
        rest = (hold + 1, NONE, NONE)
        enough = Fraction(self.plan.least)
        for title, phases in (
            (
                f"silent when exactly all is spent and until `for` is over, fires {over} over, resolves",
                ((STEPS + hold + 1, good, bad), (hold + 2, good - over, bad + over), (STEPS + 1, good + bad, NONE)),
            ),
            (f"fires with {enough} events, all bad", ((1, NONE, enough), rest)),
            (f"silent with {enough - 1} events, all bad", ((1, NONE, enough - 1), rest)),
            *self._few_spent(hold),
        ):
            stretch = Stretch(step, phases)
            desk = self._desk(step)
            spent = [stretch.exhausted(at, self.plan, LONG_STEP) is not None for at in range(stretch.steps)]
            looks = [desk.look(at, alert, self._spent(stretch, at)) for at in _turns(spent)]
            yield desk.case(f"{alert}: {title}", self._inputs(stretch), looks)
        desk = self._desk(step)
        sli, window = self.plan.sli, self.plan.budget.window
        elsewhere = {budget.left(self.plan): -1, budget.good_ratio(sli, window): 0}
        elsewhere |= dict.fromkeys((budget.bad_sum(sli, window), budget.total_sum(sli, window)), self.plan.least)
        foreign = [series(name, self._labels(ANOTHER), f"{number}x{hold + 2}") for name, number in elsewhere.items()]
        yield desk.case(
            f"{alert}: silent without data, whatever another service does", foreign, [desk.look(hold + 2, alert, [])]
        )

    def _few_spent(self, hold: int) -> Iterator[tuple[str, tuple[Phase, ...]]]:
        few, enough = Fraction(MINIMUM_BAD - 1), Fraction(self.plan.least)
        if self.plan.asks_for_bad:
            yield f"silent with {few} bad events", ((1, enough - few, few), (hold + 1, NONE, NONE))
            yield f"fires with {few + 1} bad events", ((1, enough - few - 1, few + 1), (hold + 1, NONE, NONE))

    @property
    def exhausted_step(self) -> float:
        """Seconds between evaluations in the tests of the whole budget."""
        return self.plan.budget.window / STEPS

    def _told(self, pair: Pair, title: str, phases: tuple[Phase, ...], *, fires: bool = True) -> Case:
        stretch = Stretch(step_of(pair), phases)
        firing = [stretch.fires(at, self.plan, pair) is not None for at in range(stretch.steps)]
        if any(firing) != fires:
            raise ValueError(f"{self.plan.objective.name}: the story '{title}' fires at {firing}")
        desk, alert = self._desk(stretch.step), budget_messages.burn_alert(self.plan)
        looks = [desk.look(at, alert, self._firing(stretch, at)) for at in _turns(firing)]
        return desk.case(
            f"{alert}, {pair.pair.severity}: {title}",
            self._inputs(stretch),
            looks,
            list(self._rates(desk, stretch, pair)),
        )

    def _rates(self, desk: Desk, stretch: Stretch, pair: Pair) -> Iterator[Case]:
        """What the pair's series says at the first moment that it says something, and that it says nothing before."""
        burns = [stretch.burns(at, pair) for at in range(stretch.steps)]
        if True in burns:
            at, name = burns.index(True), budget.burning(self.plan.sli, pair)
            labels = selector("", self._labels(self.service))
            rate = round(stretch.rate(at, self.plan, pair.pair.long) * 1e6)
            yield desk.value(at, f"round({name} * 1e6)", [{"labels": labels, "value": rate}])

    def _firing(self, stretch: Stretch, at: int) -> list[Case]:
        """Every step of the ladder that must fire at this moment, with its whole text."""
        found = []
        for pair in self.plan.pairs:
            rate = stretch.fires(at, self.plan, pair)
            if rate is not None:
                shown = {budget_messages.ONE_DECIMAL: f"{rate:.1f}"}
                found.append(self._alert(budget_messages.burn_alert(self.plan), str(pair.pair.severity), rate, shown))
        return found

    def _spent(self, stretch: Stretch, at: int) -> list[Case]:
        left = stretch.exhausted(at, self.plan, LONG_STEP)
        if left is None:
            return []
        return [self._alert(budget_messages.exhausted_alert(self.plan), str(self.plan.exhausted), left, {})]

    def _alert(self, name: str, severity: str, value: float, shown: dict[str, str]) -> Case:
        [alert] = [rule for rule in self.alerts if rule.name == name and rule.labels[names.SEVERITY] == severity]
        labels = dict(self._labels(self.service))
        return {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, value, shown),
        }

    def _labels(self, service: str) -> tuple[tuple[str, str], ...]:
        extractor = () if self.plan.sli.sampled else ((names.EXTRACTOR, self.extractor),)
        return ((names.SERVICE, service), *extractor)

    def _inputs(self, stretch: Stretch) -> list[Case]:
        """The sums of a minute, as if each step were one; the same of a service that only has bad events."""
        good, total = budget.good_sum(self.plan.sli, SHORT_STEP), budget.total_sum(self.plan.sli, SHORT_STEP)
        return [
            series(good, self._labels(self.service), stretch.notation(total=False)),
            series(total, self._labels(self.service), stretch.notation(total=True)),
        ]

    def _desk(self, step: float) -> Desk:
        return Desk(self.service, step, self.extractor)


def is_long(pair: Pair) -> bool:
    """Whether its long window is summed in the group of long windows."""
    return pair.pair.long > LONGEST_SHORT


def _turns(firing: list[bool]) -> list[int]:
    """The last moment before each turn and the first one after it, and the end."""
    turns = [at for at in range(1, len(firing)) if firing[at] != firing[at - 1]]
    return sorted({*(at - 1 for at in turns), *turns, len(firing) - 1})
