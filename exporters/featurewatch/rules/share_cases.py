"""Tests of the alerts on a share: quantiles and ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.model import QuantileObjective, RatioObjective
from featurewatch.rules import declared_share_cases, expected, messages, stories
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, edges_around, series
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Judgement
from featurewatch.rules.scenario import ALL, BAD, GOOD, Scenario, evaluations
from featurewatch.rules.stories import Story

ROUNDING = 1e-10
"""A share that is computed may be off by so much, and the rules allow for more."""


@dataclass(frozen=True, slots=True)
class ShareCases:
    """All cases of one objective."""

    desk: Desk
    ladder: tuple[Judgement, ...]
    alerts: dict[str, Alert]
    """By severity."""

    @property
    def objective(self) -> QuantileObjective | RatioObjective:
        return self.ladder[0].objective

    def of(self, judgement: Judgement) -> Iterator[Case]:
        """The cases of one step of the ladder."""
        yield self._case(judgement, stories.over_the_limit(judgement, self.desk.step))
        for story in stories.too_little(judgement, self.desk.step):
            yield self._case(judgement, story)
        yield self._nothing(judgement)
        if self._alone(judgement):
            title = "silent while the share is below the limit by no more than a rounding error"
            yield self._recorded(judgement, title, 1 - judgement.allowed - ROUNDING, after=0)

    def just_before(self, judgement: Judgement) -> Iterator[Case]:
        """One evaluation of the rules before `for` is over, in steps that only meet there."""
        if self._alone(judgement):
            title = "silent until the evaluation before `for` is over"
            yield self._recorded(judgement, title, max(0.0, 1 - 2 * judgement.allowed), after=-1)

    def _alone(self, judgement: Judgement) -> bool:
        """Whether what is recorded can be told one by one: no other step of the ladder reads it, and would have
        something to say; and none of it is computed from another part of it, which would then be said twice."""
        counted = self.objective.counted if isinstance(self.objective, RatioObjective) else None
        computed = counted is not None and (counted.good is None or counted.total is None)
        return not computed and [other.good_ratio for other in self.ladder].count(judgement.good_ratio) == 1

    def _recorded(self, judgement: Judgement, title: str, good: float, after: int) -> Case:
        """Told what is recorded: silent so many evaluations after `for` is over."""
        end = evaluations(judgement.hold, self.desk.step) + after
        labels = ((names.SERVICE, self.desk.service), *self._by())
        told = {
            judgement.good_ratio: good,
            judgement.bad_ratio: 1 - good,
            judgement.bad_increase: 10 * MINIMUM_BAD,
            judgement.events: 10 * MINIMUM_EVENTS,
        }
        return self.desk.case(
            f"{self.objective.alert}, {judgement.limit.severity}: {title}",
            [series(metric, labels, f"{value!r}x{end}") for metric, value in told.items()],
            [self.desk.look(end, self.objective.alert, [])],
        )

    def _case(self, judgement: Judgement, story: Story) -> Case:
        moments = sorted((*story.silent, story.firing, *story.kept))
        told = [moment for moment in moments if story.scenario.fires(moment, judgement)]
        if told != [story.firing, *story.kept]:
            raise ValueError(f"{judgement.objective.name}: the story '{story.title}' fires at {told}")
        alert = self.objective.alert
        looks = [self.desk.look(moment, alert, self._firing(story.scenario, moment, judgement)) for moment in moments]
        title = f"{alert}, {judgement.limit.severity}: {story.title}"
        return self.desk.case(title, self._series(story.scenario, judgement), looks)

    def _nothing(self, judgement: Judgement) -> Case:
        """No traffic here, and a violation recorded by the rules of another service."""
        scenario = stories.no_traffic(judgement, self.desk.step)
        end = scenario.steps
        labels = ((names.SERVICE, ANOTHER), *self._by())
        share = max(0.0, 1 - 2 * judgement.allowed)
        foreign = {
            judgement.good_ratio: share,
            judgement.bad_ratio: 1 - share,
            judgement.bad_increase: 10 * MINIMUM_BAD,
            judgement.events: 10 * MINIMUM_EVENTS,
        }
        own = f'{judgement.good_ratio}{{service="{self.desk.service}"}}'
        return self.desk.case(
            f"{self.objective.alert}, {judgement.limit.severity}: without traffic silent and without a value, "
            "whatever another service does",
            [
                *self._series(scenario, judgement),
                *(series(metric, labels, f"{value:.12g}x{end}") for metric, value in foreign.items()),
            ],
            [self.desk.look(end, self.objective.alert, [])],
            [self.desk.value(end, own, [])],
        )

    # --- what must fire -----------------------------------------------------------------------------------------
    def _firing(self, scenario: Scenario, step: int, about: Judgement) -> list[Case]:
        """Every step of the ladder that must fire at this moment, with its whole text."""
        ladder = (judgement for judgement in self.ladder if judgement.limit.scope == about.limit.scope)
        told = ((scenario.fired(step, judgement, _is_bad_for(judgement, about)), judgement) for judgement in ladder)
        return [self._alert(scenario, last, judgement, about) for last, judgement in told if last is not None]

    def _alert(self, scenario: Scenario, step: int, judgement: Judgement, about: Judgement) -> Case:
        alert = self.alerts[str(judgement.limit.severity)]
        counted = scenario.in_window(step, judgement.window)
        if counted is None:
            raise ValueError(f"{judgement.objective.name}: nothing was counted where it fires")
        good, bad = counted
        value = float((good if judgement.shows_good else bad) / (good + bad))
        labels = {names.SERVICE: self.desk.service, **dict(self._by())}
        shown = {}
        if isinstance(self.objective, QuantileObjective):
            edge = (about.bound or 0.0) * self.objective.scale
            buckets = [(upper, float(good if upper <= edge else good + bad)) for upper in self._edges()]
            quantile = expected.bucket_quantile(self.objective.quantile, buckets)
            shown[messages.shown_quantile(self.objective, judgement.window)] = expected.humanize_duration(
                quantile / self.objective.scale
            )
        return self._told(alert, labels, value, shown)

    def _told(self, alert: Alert, labels: dict[str, str], value: float, shown: dict[str, str]) -> Case:
        return {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, value, shown),
        }

    # --- input series -------------------------------------------------------------------------------------------
    def _by(self) -> Labels:
        return tuple((label, self.desk.value_of(label)) for label in self.objective.by)

    def _series(self, scenario: Scenario, about: Judgement) -> list[Case]:
        if self.objective.foreign:
            return declared_share_cases.traffic(self.desk, about, self._edges(), scenario)
        if isinstance(self.objective, QuantileObjective):
            pair = (names.COMPUTE, names.SUCCESS)
            return [
                *(
                    self.desk.bucket(pair, edge, scenario.notation(GOOD if edge <= (about.bound or 0.0) else ALL))
                    for edge in self._edges()
                ),
                self.desk.count(pair, scenario.notation(ALL)),
            ]
        answered = [pair for pair in names.EXTRACTION_SERIES if pair[1] != names.CANCELLED]
        event = next(pair for pair in answered if is_event(self.objective, pair))
        other = next(pair for pair in answered if not is_event(self.objective, pair))
        good, bad = (event, other) if self.objective.counts == "good" else (other, event)
        return [self.desk.count(good, scenario.notation(GOOD)), self.desk.count(bad, scenario.notation(BAD))]

    def _edges(self) -> list[float]:
        """Upper edges of the buckets in the tests, in the histogram's own unit."""
        if isinstance(self.objective, QuantileObjective) and self.objective.foreign:
            bounds = {round((judgement.bound or 0.0) * self.objective.scale, 9) for judgement in self.ladder}
            return [*sorted({min(bounds) / 2, *bounds, 2 * max(bounds)}), math.inf]
        if self.objective.foreign:
            return []
        return [*edges_around(judgement.bound or 0.0 for judgement in self.ladder), math.inf]


def is_event(objective: RatioObjective, pair: tuple[str, str]) -> bool:
    """Whether extractions of this (served_from, outcome) are those that the objective names."""
    labels = {names.SERVED_FROM: pair[0], names.OUTCOME: pair[1]}
    return all(labels[label] == value for label, value in objective.events)


def _is_bad_for(judgement: Judgement, about: Judgement) -> bool:
    """Bad events lie just beyond the edge in question, so they are good for a farther edge."""
    return judgement.bound is None or about.bound is None or judgement.bound <= about.bound
