"""Tests of the values that are recorded of declared series: gauges, rates, increases, ages."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.model import BoundObjective
from featurewatch.rules import declared_feed
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels
from featurewatch.rules.declared_feed import SAMPLES, STEPS, Feed
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.plan import Comparison
from featurewatch.rules.scenario import notation


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
        values=[declared_feed.sample(feed, comparison.value, end, wanted)],
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
        if objective.kind == "gauge":
            little = Feed(desk, objective)
            little.add(objective.series.metric, little.labels(objective.series.where), f"0.125x{end}")
            little.add(objective.per.metric, little.labels(objective.per.where), f"0.5x{end}")
            yield desk.case(
                f"{objective.name}: its value where there is less than one to divide by",
                little.inputs,
                values=[declared_feed.sample(little, comparison.value, end, 0.25)],
            )
    elif objective.kind == "rate" and objective.side == "below":
        young = Feed(desk, objective)
        begun = STEPS
        young.add(objective.series.metric, young.labels(objective.series.where), f"_x{begun} 0+8x{end - begun}")
        young.disturb(objective.series.metric, objective.series.where, f"0+700x{end}")
        own = f'{comparison.value}{{service="{desk.service}"}}'
        yield desk.case(
            f"{objective.name}: no value before a whole window was counted",
            young.inputs,
            values=[
                desk.value(begun + SAMPLES // 2, own, []),
                desk.value(begun + SAMPLES + 2, f"count({own})", [{"labels": "{}", "value": 1}]),
            ],
        )


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


def _rate(feed: Feed, comparison: Comparison, end: int) -> float:
    objective, window = comparison.objective, comparison.window
    own = [
        declared_feed.counter(
            feed, objective.series.metric, feed.labels(objective.series.where, which), increment, end, window
        )
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
        more = declared_feed.counter(feed, per.metric, (*{**rest, label: "the-rest"}.items(),), 120, end, window)
        feed.add(per.metric, (*{**rest, names.SERVICE: ANOTHER}.items(),), f"0+1000x{end}")
        return _combined(objective, own) / _combined(objective, [*own, more])
    below = [
        declared_feed.counter(feed, per.metric, feed.labels(per.where, which), increment, end, window)
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
        found = increase([increment * step for step in range(end + 1)], end, *declared_feed.exact(desk, window))
        counted.append(float(found or 0))
    feed.disturb(metric, where, f"0+1000x{end}")
    for which in range(3):
        feed.add("up", ((names.SERVICE, desk.service), *jobs[which]), f"1x{end}")
    yield desk.case(
        f"{objective.name}: events over several series",
        feed.inputs,
        values=[declared_feed.sample(feed, comparison.value, end, sum(counted))],
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
        look = declared_feed.sample(feed, comparison.value, end, wanted)
        yield desk.case(f"{objective.name}: {title}", feed.inputs, values=[look])
