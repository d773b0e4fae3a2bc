"""promtool unit tests, generated for every alert: silent at exactly the limit and until `for` is over, firing one
event later with its whole text, resolved after recovery, silent on little and on no traffic, absent twin firing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from featurewatch import names
from featurewatch.objectives.load import COUNT
from featurewatch.objectives.model import PresenceObjective, QuantileObjective, RatioObjective
from featurewatch.objectives.units import duration_text
from featurewatch.rules import build, expected, messages, recorded, scenario
from featurewatch.rules.expressions import le, selector
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import Judgement, Plan, Watch

EXTRACTOR = "technical"

Case = dict[str, Any]


def test_files(plan: Plan, groups: tuple[Group, ...]) -> dict[str, Case]:
    """File name to content, one file per objective and one for the chain's own alerts."""
    alerts = {(alert.name, alert.labels[names.SEVERITY]): alert for group in groups for alert in group.alerts}
    files = {}
    for objective in plan.objectives.objectives:
        maker = _PresenceTests if isinstance(objective, PresenceObjective) else _ShareTests
        files[f"{objective.name}.test.yaml"] = _file(plan, groups, list(maker(plan, alerts, objective).cases()))
    files["monitoring.test.yaml"] = _file(plan, groups, [_watchdog(plan, alerts[build.WATCHDOG, "none"])])
    return files


def _file(plan: Plan, groups: tuple[Group, ...], cases: list[Case]) -> Case:
    return {
        "rule_files": [f"../{group.name}.rules.yaml" for group in groups],
        "evaluation_interval": duration_text(plan.timing.evaluation_interval),
        "tests": cases,
    }


def _watchdog(plan: Plan, alert: Alert) -> Case:
    return {
        "name": "Watchdog fires from the first evaluation, without any data",
        "interval": duration_text(plan.timing.evaluation_interval),
        "input_series": [],
        "alert_rule_test": [
            {
                "eval_time": "0s",
                "alertname": alert.name,
                "exp_alerts": [{"exp_labels": alert.labels, "exp_annotations": alert.annotations}],
            }
        ],
    }


class _Tests:
    def __init__(self, plan: Plan, alerts: dict[tuple[str, str], Alert]) -> None:
        self.plan = plan
        self.alerts = alerts
        self.step = plan.timing.evaluation_interval
        self.service = plan.objectives.service

    def case(self, name: str, series: list[Case], looks: list[Case], expressions: list[Case] | None = None) -> Case:
        case: Case = {"name": name, "interval": duration_text(self.step), "input_series": series}
        case["alert_rule_test"] = looks
        if expressions:
            case["promql_expr_test"] = expressions
        return case

    def look(self, step: int, alert: str, firing: list[Case]) -> Case:
        return {"eval_time": f"{step * self.step:g}s", "alertname": alert, "exp_alerts": firing}

    def up(self, values: str) -> Case:
        job = (("job", build.EXTRACTORS_JOB), (names.SERVICE, self.service))
        return {"series": selector("up", job), "values": values}

    def count(self, pair: tuple[str, str], values: str) -> Case:
        return {"series": selector(COUNT, self.labels(pair)), "values": values}

    def labels(self, pair: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        served_from, outcome = pair
        return (
            (names.SERVICE, self.service),
            (names.EXTRACTOR, EXTRACTOR),
            (names.SERVED_FROM, served_from),
            (names.OUTCOME, outcome),
        )


class _ShareTests(_Tests):
    """Quantiles and ratios: a share of bad events against what is allowed."""

    def __init__(self, plan: Plan, alerts: dict[tuple[str, str], Alert], objective: Any) -> None:
        super().__init__(plan, alerts)
        self.objective: QuantileObjective | RatioObjective = objective
        self.ladder = [judgement for judgement in plan.judgements if judgement.objective is objective]

    def cases(self) -> Iterator[Case]:
        for judgement in self.ladder:
            yield self._one_over(judgement)
            yield self._little(judgement)
        yield self._none(self.ladder[0])

    def _one_over(self, judgement: Judgement) -> Case:
        story = scenario.one_over(judgement, self.step)
        moments = (story.at_limit, story.before, story.firing, story.recovered)
        if [story.scenario.fires(moment, judgement) for moment in moments] != [False, False, True, False]:
            raise ValueError(f"{judgement.objective.name}: the story does not tell what it should")
        good, bad = story.scenario.in_window(story.firing, judgement.window)
        name = self.objective.name
        ratio = recorded.good_ratio(name, judgement.window, judgement.bound)
        exact = good / (good + bad)
        return self.case(
            f"{self.objective.alert}, {judgement.limit.severity}: silent at exactly the limit and until `for` is over, "
            "fires one event over, resolves",
            self._series(story.scenario, judgement),
            [
                self.look(moment, self.objective.alert, self._firing(story.scenario, moment, judgement))
                for moment in moments
            ],
            [
                {
                    # Equal but for rounding; promtool compares the last bit.
                    "expr": f"abs({ratio} - {exact!r}) < bool 1e-12",
                    "eval_time": f"{story.firing * self.step:g}s",
                    "exp_samples": [{"labels": self._recorded_labels(), "value": 1}],
                }
            ],
        )

    def _little(self, judgement: Judgement) -> Case:
        story = scenario.little_traffic(judgement, self.step)
        width = int(judgement.window / self.step)
        looks = [self.look(step, self.objective.alert, []) for step in (width + 1, story.steps - 1)]
        return self.case(
            f"{self.objective.alert}, {judgement.limit.severity}: silent when nearly nothing happens, "
            "although all of it is bad",
            self._series(story, judgement),
            looks,
        )

    def _none(self, judgement: Judgement) -> Case:
        story = scenario.no_traffic(judgement, self.step)
        metric = recorded.good_ratio(self.objective.name, judgement.window, judgement.bound)
        end = f"{story.steps * self.step:g}s"
        return self.case(
            f"{self.objective.alert}: without traffic silent, and its share has no value instead of NaN",
            self._series(story, judgement),
            [self.look(story.steps, self.objective.alert, [])],
            [{"expr": metric, "eval_time": end, "exp_samples": []}],
        )

    def _recorded_labels(self) -> str:
        return selector("", ((names.SERVICE, self.service), (names.EXTRACTOR, EXTRACTOR)))

    def _firing(self, story: scenario.Scenario, step: int, about: Judgement) -> list[Case]:
        """Every step of the ladder that must fire at this moment, with its whole text."""
        return [
            self._alert(story, step, judgement, about)
            for judgement in self.ladder
            if story.fires(step, judgement, self._bad_for(judgement, about))
        ]

    def _bad_for(self, judgement: Judgement, about: Judgement) -> bool:
        """Bad events lie just beyond the edge in question, so they are good for a farther edge."""
        return judgement.bound is None or about.bound is None or judgement.bound <= about.bound

    def _alert(self, story: scenario.Scenario, step: int, judgement: Judgement, about: Judgement) -> Case:
        alert = self.alerts[judgement.objective.alert, str(judgement.limit.severity)]
        good, bad = story.in_window(step, judgement.window)
        shows_good = isinstance(self.objective, RatioObjective) and self.objective.counts == "good"
        value = (good if shows_good else bad) / (good + bad)
        labels = {names.SERVICE: self.service, names.EXTRACTOR: EXTRACTOR}
        shown = {}
        if isinstance(self.objective, QuantileObjective):
            buckets = self._buckets(good, bad, about)
            quantile = expected.bucket_quantile(self.objective.quantile, buckets)
            placeholder = messages.shown_quantile(self.objective, judgement.window)
            shown = {placeholder: expected.humanize_duration(quantile)}
        return {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, value, shown),
        }

    # --- input series -------------------------------------------------------------------------------------------
    def _series(self, story: scenario.Scenario, about: Judgement) -> list[Case]:
        if isinstance(self.objective, QuantileObjective):
            return self._histogram(story, about)
        event = next(pair for pair in names.EXTRACTION_SERIES if self._is_event(pair))
        other = next(
            pair for pair in names.EXTRACTION_SERIES if not self._is_event(pair) and pair[1] != names.CANCELLED
        )
        good, bad = (event, other) if self.objective.counts == "good" else (other, event)
        return [self.count(good, story.counter(0)), self.count(bad, story.counter(1))]

    def _is_event(self, pair: tuple[str, str]) -> bool:
        assert isinstance(self.objective, RatioObjective)
        labels = dict(self.labels(pair))
        return all(labels[label] == value for label, value in self.objective.events)

    def _histogram(self, story: scenario.Scenario, about: Judgement) -> list[Case]:
        labels = self.labels((names.COMPUTE, names.SUCCESS))
        bound = about.bound or 0.0
        series = []
        for edge in self._edges():
            inside = 0 if edge <= bound else 2
            bucket = selector(f"{names.EXTRACTION_DURATION}_bucket", (*labels, ("le", le(edge))))
            series.append({"series": bucket, "values": story.counter(inside)})
        bucket = selector(f"{names.EXTRACTION_DURATION}_bucket", (*labels, ("le", "+Inf")))
        series.append({"series": bucket, "values": story.counter(2)})
        series.append({"series": selector(COUNT, labels), "values": story.counter(2)})
        return series

    def _edges(self) -> list[float]:
        """Each limit with the edges beside it."""
        all_edges = names.DURATION_EDGES_SECONDS
        chosen: set[float] = set()
        for judgement in self.ladder:
            index = all_edges.index(judgement.bound or 0.0)
            chosen.update(all_edges[max(index - 1, 0) : index + 2])
        return sorted(chosen)

    def _buckets(self, good: int, bad: int, about: Judgement) -> list[tuple[float, float]]:
        bound = about.bound or 0.0
        return [
            *((edge, float(good if edge <= bound else good + bad)) for edge in self._edges()),
            (float("inf"), float(good + bad)),
        ]


class _PresenceTests(_Tests):
    """Something is gone: the target, or what it measures."""

    def __init__(self, plan: Plan, alerts: dict[tuple[str, str], Alert], objective: Any) -> None:
        super().__init__(plan, alerts)
        self.objective: PresenceObjective = objective
        self.watches = [watch for watch in plan.watches if watch.objective is objective]

    def cases(self) -> Iterator[Case]:
        for watch in self.watches:
            yield from self._target(watch) if self.objective.of == "target" else self._events(watch)

    def _target(self, watch: Watch) -> Iterator[Case]:
        hold = math.ceil(watch.hold / self.step)
        title = f"{self.objective.alert}, {watch.limit.severity}"
        yield self.case(
            f"{title}: silent while up and until `for` is over, fires when down, resolves when up again",
            [self.up(f"1x9 0x{hold + 4} 1x5")],
            [
                self.look(9, self.objective.alert, []),
                self.look(9 + hold, self.objective.alert, []),
                self.look(10 + hold, self.objective.alert, self._firing(10 + hold, 10)),
                self.look(10 + hold + 5, self.objective.alert, []),
            ],
        )
        yield self.case(
            f"{title}: fires when its target is not there at all",
            [],
            [
                self.look(hold - 1, self.objective.alert, []),
                self.look(hold, self.objective.alert, self._firing(hold, 0)),
            ],
        )

    def _events(self, watch: Watch) -> Iterator[Case]:
        hold = math.ceil(watch.hold / self.step)
        window = int(self.plan.show_window / self.step)
        title = f"{self.objective.alert}, {watch.limit.severity}"
        others = sorted({o.alert for o in self.plan.objectives.objectives} - {self.objective.alert})
        yield self.case(
            f"{title}: fires alone when the target is up and exports no extraction",
            [self.up(f"1x{hold + 2}")],
            [
                self.look(hold - 1, self.objective.alert, []),
                self.look(hold, self.objective.alert, self._firing(hold, 0)),
                *(self.look(hold + 1, alert, []) for alert in others),
            ],
        )
        stopped = 20
        silent = stopped + window - 1
        end = silent + hold
        pair = (names.COMPUTE, names.SUCCESS)
        last = stopped * 80
        yield self.case(
            f"{title}: fires when traffic stops for a whole window and `for`, resolves when it comes back",
            [self.up(f"1x{end + 10}"), self.count(pair, f"0+80x{stopped} {last}x{end - stopped} {last + 80}+80x5")],
            [
                self.look(end - 1, self.objective.alert, []),
                self.look(end, self.objective.alert, self._firing(end, silent, extractor=True)),
                self.look(end + 3, self.objective.alert, []),
            ],
        )
        yield self.case(
            f"{title}: silent while the target is down, which has its own alert",
            [self.up(f"0x{hold + 2}")],
            [self.look(hold + 1, self.objective.alert, [])],
        )

    def _firing(self, step: int, since: int, *, extractor: bool = False) -> list[Case]:
        """Every step of the ladder that has been violated since then for long enough."""
        labels = {names.SERVICE: self.service} | ({names.EXTRACTOR: EXTRACTOR} if extractor else {})
        firing = []
        for watch in self.watches:
            if step - since < math.ceil(watch.hold / self.step):
                continue
            alert = self.alerts[self.objective.alert, str(watch.limit.severity)]
            firing.append(
                {
                    "exp_labels": {**labels, **alert.labels},
                    "exp_annotations": expected.filled(alert.annotations, labels, 0.0, {}),
                }
            )
        return firing
