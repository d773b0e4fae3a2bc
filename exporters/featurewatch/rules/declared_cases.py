"""Tests of what is recorded of declared series, and of the twin that fires when they are gone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from featurewatch import names
from featurewatch.objectives.model import BoundObjective, Counted, Promise, QuantileObjective, RatioObjective, Series
from featurewatch.rules import clashes, declared, expected
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import Comparison, Judgement, Plan, Twin
from featurewatch.rules.scenario import ALL, BAD, GOOD, Scenario, evaluations, notation

SAMPLES = 10
"""Samples in a window."""
STEPS = 3 * SAMPLES
"""Steps of a stretch: the last window lies in it as a whole."""
MARK = names.OUTCOME
"""Tells apart series of one metric where the objective asks for no other label of them."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Series of one metric as the exporters would show them: counters by increment per step, gauges by value."""

    desk: Desk
    promise: Promise
    inputs: list[Case] = field(default_factory=list)

    def labels(self, where: tuple[tuple[str, str], ...], which: int = 0) -> Labels:
        """Of the series number `which`; a label with several values takes them in turn."""
        taken = {label: values.split("|") for label, values in where}
        by = tuple((label, self.desk.value_of(label)) for label in self.promise.by if label not in taken)
        own = tuple((label, values[which % len(values)]) for label, values in taken.items())
        mark = () if MARK in taken or MARK in self.promise.by else ((MARK, f"mark-{which}"),)
        apart = (
            (("instance", f"host-{which}"),) if "instance" not in self.promise.by and "instance" not in taken else ()
        )
        return ((names.SERVICE, self.desk.service), *by, *own, *mark, *apart)

    def add(self, metric: str, labels: Labels, values: str) -> None:
        self.inputs.append(series(metric, labels, values))

    def disturb(self, metric: str, where: tuple[tuple[str, str], ...], values: str, *more: tuple[str, str]) -> None:
        """Series that do not count: of another service, and for each label that is asked for, of another value."""
        plain = dict(self.labels(where))
        for label in (names.SERVICE, *(label for label, _ in where)):
            other = ANOTHER if label == names.SERVICE else "something-else"
            self.add(metric, (*{**plain, label: other}.items(), *more), values)


def step_of(window: float, interval: float) -> float:
    """Seconds between samples: as coarse as the window allows."""
    return max(interval, math.ceil(window * 1000 / SAMPLES) / 1000) if window else interval


def value_cases(comparison: Comparison, desk: Desk) -> Iterator[Case]:
    """What is recorded of two series, with others beside them that do not count."""
    objective = comparison.objective
    feed = Feed(desk, objective)
    end = 2 * STEPS
    match objective.kind:
        case "gauge":
            wanted = _gauge(feed, comparison, end)
        case "rate":
            wanted = _rate(feed, comparison, end)
        case "increase":
            yield from _increase(comparison, desk)
            return
        case "freshness":
            wanted = _freshness(feed, comparison, end)
    yield desk.case(
        f"{objective.name}: its value over several series",
        feed.inputs,
        values=[_sample(feed, comparison.value, end, wanted)],
    )
    if objective.per is not None:
        nothing = Feed(desk, objective)
        more = "0+7x" if objective.kind == "rate" else "7x"
        still = "0x"
        nothing.add(objective.series.metric, nothing.labels(objective.series.where), f"{more}{end}")
        if objective.per.metric != objective.series.metric:
            nothing.add(objective.per.metric, nothing.labels(objective.per.where), f"{still}{end}")
        else:
            nothing.inputs[-1]["values"] = f"{still}{end}"
        yield desk.case(
            f"{objective.name}: no value where there is nothing to divide by",
            nothing.inputs,
            values=[desk.value(end, f'{comparison.value}{{service="{desk.service}"}}', [])],
        )
    elif objective.kind == "rate" and objective.side == "below":
        young = Feed(desk, objective)
        begun = STEPS
        young.add(objective.series.metric, young.labels(objective.series.where), f"_x{begun} 0+8x{end - begun}")
        late = begun + SAMPLES // 2
        yield desk.case(
            f"{objective.name}: no value before a whole window was counted",
            young.inputs,
            values=[desk.value(late, f'{comparison.value}{{service="{desk.service}"}}', [])],
        )


def _sample(feed: Feed, name: str, step: int, wanted: float | None) -> Case:
    """In whole billionths: both sides add up in another order, and promtool compares nearly the last bit."""
    by = {names.SERVICE: feed.desk.service, **{label: feed.desk.value_of(label) for label in feed.promise.by}}
    inner = ",".join(f'{label}="{text}"' for label, text in by.items())
    samples = [] if wanted is None else [{"labels": f"{{{inner}}}", "value": round(wanted * 1e6)}]
    return feed.desk.value(step, f"round({name} * 1e6)", samples)


def _combined(objective: BoundObjective, values: list[float]) -> float:
    match objective.aggregate:
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "avg":
            return sum(values) / len(values)
        case "sum":
            return sum(values)


def _gauge(feed: Feed, comparison: Comparison, end: int) -> float:
    objective = comparison.objective
    own = [3.0, 5.0]
    for which, value in enumerate(own):
        feed.add(objective.series.metric, feed.labels(objective.series.where, which), f"{value}x{end}")
    feed.disturb(objective.series.metric, objective.series.where, f"1000x{end}")
    if objective.per is None:
        return _combined(objective, own)
    per = [40.0, 60.0]
    for which, value in enumerate(per):
        feed.add(objective.per.metric, feed.labels(objective.per.where, which), f"{value}x{end}")
    feed.disturb(objective.per.metric, objective.per.where, f"9000x{end}")
    return sum(own) / sum(per)


def _counter(feed: Feed, metric: str, labels: Labels, increment: int, end: int, window: float) -> float:
    """Add one; returns its rate at the end."""
    late = SAMPLES // 2  # the pace changes inside the window, so that a wrong window shows
    feed.add(metric, labels, notation([(end - late, increment), (late, 3 * increment)]))
    counter = [increment * (step + 2 * max(0, step - end + late)) for step in range(end + 1)]
    found = increase(counter, end, *_exact(feed.desk, window))
    return float((found or Fraction(0)) / Fraction(str(window)))


def _exact(desk: Desk, window: float) -> tuple[Fraction, Fraction]:
    return Fraction(str(window)), Fraction(str(desk.step))


def _rate(feed: Feed, comparison: Comparison, end: int) -> float:
    objective, window = comparison.objective, comparison.window
    own = [
        _counter(feed, objective.series.metric, feed.labels(objective.series.where, which), increment, end, window)
        for which, increment in enumerate((30, 50))
    ]
    per = objective.per
    if per is None or per.metric != objective.series.metric:
        feed.disturb(objective.series.metric, objective.series.where, f"0+1000x{end}")
        if per is None:
            return _combined(objective, own)
    else:  # the dividend is a part of the divisor: what is not asked for counts below
        rest = dict(feed.labels(objective.series.where))
        label = next(label for label, _ in objective.series.where if label not in dict(per.where))
        more = _counter(feed, per.metric, (*{**rest, label: "the-rest"}.items(),), 120, end, window)
        feed.add(per.metric, (*{**rest, names.SERVICE: ANOTHER}.items(),), f"0+1000x{end}")
        return _combined(objective, own) / _combined(objective, [*own, more])
    below = [
        _counter(feed, per.metric, feed.labels(per.where, which), increment, end, window)
        for which, increment in enumerate((300, 500))
    ]
    feed.disturb(per.metric, per.where, f"0+9000x{end}")
    return _combined(objective, own) / _combined(objective, below)


def _freshness(feed: Feed, comparison: Comparison, end: int) -> float:
    objective = comparison.objective
    own = [3.0, 5.0]
    for which, value in enumerate(own):
        feed.add(objective.series.metric, feed.labels(objective.series.where, which), f"{value}x{end}")
    feed.add(objective.series.metric, feed.labels(objective.series.where, 2), f"0x{end}")
    far = 1000 if objective.aggregate == "max" else 1
    feed.disturb(objective.series.metric, objective.series.where, f"{far}x{end}")
    return end * feed.desk.step - _combined(objective, own)


def _increase(comparison: Comparison, desk: Desk) -> Iterator[Case]:
    objective, window = comparison.objective, comparison.window
    metric, where = objective.series.metric, objective.series.where
    end, begun = 2 * STEPS, 2 * STEPS - SAMPLES // 2
    feed = Feed(desk, objective)
    jobs = {which: (("job", "some-job"), ("instance", f"host-{which}")) for which in range(3)}

    def labels(which: int) -> Labels:
        return tuple({**dict(feed.labels(where, which)), **dict(jobs[which])}.items())

    apart = "instance" not in objective.by
    counted = []
    for which, increment in enumerate((3, 5) if apart else (3,)):
        feed.add(metric, labels(which), notation([(end, increment)]))
        found = increase([increment * step for step in range(end + 1)], end, *_exact(desk, window))
        counted.append(float(found or 0))
    feed.disturb(metric, where, f"0+1000x{end}")
    for which in range(3):
        feed.add("up", ((names.SERVICE, desk.service), *jobs[which]), f"1x{end}")
    yield desk.case(
        f"{objective.name}: events over several series",
        feed.inputs,
        values=[_sample(feed, comparison.value, end, sum(counted))],
    )
    own = [("up", ((names.SERVICE, desk.service), *jobs[0]), f"1x{end}")]
    stories = {
        "a counter that appears with its first events has counted them": (own, f"_x{begun} 2x{end - begun}", 2.0),
        "a counter that appears with its target has counted in another life": (
            [("up", ((names.SERVICE, desk.service), *jobs[0]), f"_x{begun} 1x{end - begun}")],
            f"_x{begun} 2x{end - begun}",
            0.0,
        ),
        "a counter that was hidden while its target was down is not counted anew": (
            [("up", ((names.SERVICE, desk.service), *jobs[0]), f"1x{STEPS} 0x{begun - STEPS - 1} 1x{end - begun}")],
            f"2x{STEPS} _x{begun - STEPS} 2x{end - begun}",
            0.0,
        ),
    }
    for title, (up, values, wanted) in stories.items():
        feed = Feed(desk, objective)
        for name, up_labels, up_values in up:
            feed.add(name, up_labels, up_values)
        feed.add(metric, labels(0), values)
        look = _sample(feed, comparison.value, end, wanted)
        yield desk.case(f"{objective.name}: {title}", feed.inputs, values=[look])


def traffic(desk: Desk, judgement: Judgement, edges: list[float], scenario: Scenario) -> list[Case]:
    """The counters or the histogram of a judgement, as a story has good and bad events."""
    objective = judgement.objective
    feed = Feed(desk, objective)
    if isinstance(objective, QuantileObjective):
        bound = round((judgement.bound or 0.0) * objective.scale, 9)
        labels = feed.labels(objective.population)
        for edge in edges:
            le = "+Inf" if edge == math.inf else repr(float(edge))
            values = scenario.notation(GOOD if edge <= bound else ALL)
            feed.add(f"{objective.metric}_bucket", (*labels, ("le", le)), values)
        feed.add(f"{objective.metric}_count", labels, scenario.notation(ALL))
    elif objective.counted is not None:
        counted = objective.counted
        for counter, which in ((counted.good, GOOD), (counted.bad, BAD)):
            if counter is not None:
                feed.add(counter.metric, feed.labels(counter.where), scenario.notation(which))
        part = counted.good or counted.bad
        if counted.total is not None and part is not None:
            if part.metric == counted.total.metric:
                label = next(label for label, _ in part.where if label not in dict(counted.total.where))
                rest = {**dict(feed.labels(part.where)), label: "the-rest"}
                feed.add(part.metric, tuple(rest.items()), scenario.notation(BAD if counted.good else GOOD))
            else:
                feed.add(counted.total.metric, feed.labels(counted.total.where), scenario.notation(ALL))
    return feed.inputs


# --- shares -----------------------------------------------------------------------------------------------------
def share_cases(judgement: Judgement, desk: Desk) -> Iterator[Case]:
    """What is recorded of declared counters, or of a declared histogram."""
    objective = judgement.objective
    if isinstance(objective, QuantileObjective):
        yield _histogram(judgement, objective, desk)
    elif objective.counted is not None:
        yield from _counters(judgement, objective, objective.counted, desk)


def _checks(feed: Feed, judgement: Judgement, good: float, bad: float, end: int) -> list[Case]:
    everything = good + bad
    known = {
        judgement.events: everything,
        judgement.bad_increase: bad,
        judgement.good_ratio: good / everything if everything else None,
        judgement.bad_ratio: bad / everything if everything else None,
    }
    return [_sample(feed, name, end, value) for name, value in known.items()]


def _counters(judgement: Judgement, objective: RatioObjective, counted: Counted, desk: Desk) -> Iterator[Case]:
    end = 2 * STEPS
    window = judgement.window
    for title, good, bad in (
        ("good and bad events", (190, 310), (10, 15)),
        ("no bad event yet, so its counter is not there", (190, 310), ()),
        ("no good event, so its counter is not there", (), (10, 15)),
        ("nothing happens", (0,), (0,)),
    ):
        feed = Feed(desk, objective)
        increments = {"good": good, "bad": bad}
        sums = {
            side: sum(_written(feed, counter, increments[side], end, window))
            for side, counter in (("good", counted.good), ("bad", counted.bad))
            if counter is not None
        }
        if counted.total is not None:
            given = counted.good or counted.bad
            other = (*good, *bad)
            if given is not None and given.metric == counted.total.metric:
                known = sum(good if counted.good else bad)
                other = (sum(other) - known,)
                everything = sums["good" if counted.good else "bad"] + sum(
                    _rest(feed, counted.total, given, other[0], end, window)
                )
            else:
                everything = sum(_written(feed, counted.total, other, end, window))
            sums["bad" if counted.good else "good"] = everything - sums["good" if counted.good else "bad"]
        for counter in counted.series:
            if counted.total is None or counter == counted.total or counter.metric != counted.total.metric:
                feed.disturb(counter.metric, () if counter == counted.total else counter.where, f"0+700x{end}")
        yield desk.case(
            f"{objective.name}: {title}",
            feed.inputs,
            values=_checks(feed, judgement, sums["good"], sums["bad"], end),
        )


def _written(feed: Feed, counter: Series, increments: tuple[int, ...], end: int, window: float) -> Iterator[float]:
    for which, increment in enumerate(increments):
        labels = feed.labels(counter.where, which)
        yield _counter(feed, counter.metric, labels, increment, end, window) * window


def _rest(feed: Feed, total: Series, part: Series, increment: int, end: int, window: float) -> Iterator[float]:
    """What is in the total and not in the part of the same metric."""
    label = next(label for label, _ in part.where if label not in dict(total.where))
    labels = {**dict(feed.labels(part.where)), label: "the-rest"}
    yield _counter(feed, total.metric, tuple(labels.items()), increment, end, window) * window


def _histogram(judgement: Judgement, objective: QuantileObjective, desk: Desk) -> Case:
    end, window = 2 * STEPS, judgement.window
    feed = Feed(desk, objective)
    edge = (judgement.bound or 0.0) * objective.scale
    edges = [round(edge / 2, 9), round(edge, 9), round(edge * 2, 9), math.inf]
    cumulative = {0: (40, 90, 97, 100), 1: (10, 40, 48, 50)}
    counts = [0.0] * len(edges)
    for which, upto in cumulative.items():
        labels = feed.labels(objective.population, which)
        for index, upper in enumerate(edges):
            le = "+Inf" if upper == math.inf else repr(float(upper))
            counts[index] += (
                _counter(feed, f"{objective.metric}_bucket", (*labels, ("le", le)), upto[index], end, window) * window
            )
        _counter(feed, f"{objective.metric}_count", labels, upto[-1], end, window)
    feed.disturb(f"{objective.metric}_count", objective.population, f"0+700x{end}")
    for upper in edges:
        le = "+Inf" if upper == math.inf else repr(float(upper))
        feed.disturb(f"{objective.metric}_bucket", objective.population, f"0+700x{end}", ("le", le))
    quantile = expected.bucket_quantile(objective.quantile, list(zip(edges, counts, strict=True))) / objective.scale
    checks = _checks(feed, judgement, counts[1], counts[-1] - counts[1], end)
    if judgement.quantile is not None:
        checks.append(_sample(feed, judgement.quantile, end, quantile))
    return desk.case(f"{objective.name}: shares and quantile of its histogram", feed.inputs, values=checks)


# --- twins ------------------------------------------------------------------------------------------------------
def twin_cases(plan: Plan, twin: Twin, alert: Alert, desk: Desk) -> Iterator[Case]:
    """It fires when the data are gone, and alone; not while they are there, nor for another service."""
    hold = evaluations(twin.hold, desk.step)
    name, objective = declared.twin_reads(plan, twin), twin.objective
    by = tuple((label, desk.value_of(label)) for label in objective.by)
    end = 2 * hold + 9
    up = desk.up(f"1x{end}")
    foreign = series(name, ((names.SERVICE, ANOTHER), *by), f"1x{end}")
    quiet = [
        series(declared.twin_reads(plan, other), ((names.SERVICE, desk.service),), f"1x{end}")
        for other in plan.twins
        if other != twin
    ]
    labels = {names.SERVICE: desk.service}
    told = [
        {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, 1.0, {}),
        }
    ]

    def look(step: int, fires: bool) -> Case:
        return desk.look(step, clashes.TWIN, told if fires else [])

    title = f"{clashes.TWIN}, {objective.name}: "
    yield desk.case(
        title + "fires alone when its data are gone, whatever another service has",
        [up, foreign, *quiet],
        [look(hold - 1, False), look(hold, True), desk.look(hold, objective.alert, [])],
    )
    there = series(name, ((names.SERVICE, desk.service), *by), f"1x2 _x{hold} 1x3")
    yield desk.case(
        title + "silent until `for` is over, and again when the data come back",
        [up, there, *quiet],
        [look(2 + hold, False), look(hold + 3, False)],
    )
    if declared.measured_here(twin):
        yield desk.case(
            title + "silent while the target is down, which has its own alert",
            [desk.up(f"0x{hold + 2}"), *quiet],
            [look(hold + 1, False)],
        )
