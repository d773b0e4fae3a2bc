"""Tests of what error budgets compute of recorded series alone: those are told here, each to its own edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from featurewatch.objectives.units import duration_text
from featurewatch.rules import budget, budget_messages, steps
from featurewatch.rules.budget_plan import LONG_STEP, SHORT_STEP, Pair
from featurewatch.rules.budget_recorded_cases import FINE, RecordedBudgetCases
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.share_cases import ROUNDING
from featurewatch.rules.trust import MINIMUM_BAD, MINIMUM_EVENTS

SLIGHTLY = 5e-4
"""Under a target by so much is no rounding error."""


@dataclass(frozen=True, slots=True)
class ToldBudgetCases:
    """All cases of one budget."""

    recorded: RecordedBudgetCases

    def told(self) -> Iterator[Case]:
        """What is computed of recorded series alone, which are told here."""
        sli, pace = (
            self.recorded.plan.sli,
            budget.burn_rate(self.recorded.plan.sli, budget.pace_window(self.recorded.plan)),
        )
        for title, rate, seconds in (
            ("half the budget lasts as long at half its pace", 0.5, self.recorded.plan.budget.window),
            ("at no pace it lasts for ever", 0.0, None),
        ):
            yield self._told(
                title,
                {budget.left(self.recorded.plan): 0.5, pace: rate},
                budget.exhausted_in(self.recorded.plan),
                seconds,
            )
        for pair in self.recorded.plan.pairs:
            long, short = pair.pair.long, pair.pair.short
            enough = {budget.bad_sum(sli, long): 1000.0, budget.total_sum(sli, long): 9000.0}
            for window, other in ((long, short), (short, long)):
                ratios = {budget.good_ratio(sli, window): pair.target - ROUNDING, budget.good_ratio(sli, other): 0.0}
                title = f"{pair.text}: nothing burns while the last {duration_text(window)} are at the limit"
                yield self._told(title, {**enough, **ratios}, budget.burning(sli, pair), None)
            both = {budget.good_ratio(sli, window): 0.0 for window in (long, short)}
            series_told = {budget.burn_rate(sli, long): 1.0, **enough, **both}
            title = f"{pair.text}: another service burns for itself"
            yield self._told(title, series_told, budget.burning(sli, pair), None, ANOTHER)
            yield from self._hardly(pair)

    def _hardly(self, pair: Pair) -> Iterator[Case]:
        """Both windows a little under the target, of as few events as it takes: as few of them bad, or one fewer."""
        plan, (long, short) = self.recorded.plan, (pair.pair.long, pair.pair.short)
        ratio = pair.target - SLIGHTLY
        ratios = {budget.good_ratio(plan.sli, window): ratio for window in (long, short)}
        for bad in (MINIMUM_BAD, MINIMUM_BAD - 1):
            counted = {budget.bad_sum(plan.sli, long): bad, budget.total_sum(plan.sli, long): MINIMUM_EVENTS}
            rate = (1 - ratio) / plan.allowed if bad == MINIMUM_BAD else None
            title = f"{pair.text}: a little too much, with {bad} bad events"
            yield self._told(title, {**counted, **ratios}, budget.burning(plan.sli, pair), rate)

    def lasting(self) -> dict[float, list[Case]]:
        """When each alert fires, to the evaluation: cases by the seconds between evaluations."""
        found: dict[float, list[Case]] = {}
        for pair in self.recorded.plan.pairs:
            hold = pair.pair.hold
            step = steps.of(hold, SHORT_STEP)
            for each in {step, step if step == SHORT_STEP else steps.just_before(hold, SHORT_STEP)}:
                found.setdefault(each, []).append(self._lasting(pair, pair, each))
            faster = self.recorded.plan.pairs[: self.recorded.plan.pairs.index(pair)]
            found[step] += (self._lasting(pair, other, step) for other in faster)
        found.setdefault(SHORT_STEP, []).append(self._spent())
        return dict(sorted(found.items()))

    def _lasting(self, pair: Pair, burning: Pair, step: float) -> Case:
        plan = self.recorded.plan
        return self._fires(
            f"{pair.text}, while {burning.text} burns",
            f'alertname="{budget_messages.burn_alert(plan)}",severity="{pair.pair.severity}"',
            {budget.burning(plan.sli, burning): 20.0},
            step,
            pair.pair.hold,
        )

    def _spent(self) -> Case:
        """Nothing is left, with enough events to say so."""
        plan = self.recorded.plan
        sli, window = plan.sli, plan.budget.window
        told = {budget.left(plan): -1.0, budget.good_ratio(sli, window): 0.0}
        told |= dict.fromkeys((budget.bad_sum(sli, window), budget.total_sum(sli, window)), float(plan.least))
        alert = budget_messages.exhausted_alert(plan)
        return self._fires("nothing is left", f'alertname="{alert}"', told, SHORT_STEP, LONG_STEP)

    def _fires(self, title: str, alert: str, told: Mapping[str, float], step: float, hold: float) -> Case:
        """Pending until `for` is over, then firing; `alert` is how ALERTS tells it from others."""
        desk = Desk(self.recorded.service, step, self.recorded.extractor)
        end, firing = evaluations(hold, step), f'count(ALERTS{{{alert},alertstate="firing"}})'
        labels = self.recorded.labels(desk.service)
        return desk.case(
            f"{self.recorded.plan.objective.name}, {title}: pending until `for` is over, then firing",
            [series(name, labels, f"{number:.12g}x{end}") for name, number in told.items()],
            values=[desk.value(end - 1, firing, []), desk.value(end, firing, [{"labels": "{}", "value": 1}])],
        )

    def _told(
        self, title: str, told: Mapping[str, float], name: str, value: float | None, service: str | None = None
    ) -> Case:
        desk = Desk(self.recorded.service, FINE, self.recorded.extractor)
        labels = self.recorded.labels(service or self.recorded.service)
        inputs = [series(each, labels, repr(number)) for each, number in told.items()]
        return desk.case(
            f"{self.recorded.plan.objective.name}: {title}", inputs, values=[self.recorded.value(desk, 0, name, value)]
        )
