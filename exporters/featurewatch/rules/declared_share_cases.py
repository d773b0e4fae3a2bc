"""Tests of the shares that are recorded of declared counters and histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator

from featurewatch.objectives.model import Counted, QuantileObjective, RatioObjective, Series
from featurewatch.rules import declared_feed, expected
from featurewatch.rules.cases import Case, Desk
from featurewatch.rules.declared_feed import STEPS, Feed
from featurewatch.rules.plan import Judgement
from featurewatch.rules.scenario import ALL, BAD, GOOD, Scenario


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
    return [declared_feed.sample(feed, name, end, value) for name, value in known.items()]


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
        yield declared_feed.counter(feed, counter.metric, labels, increment, end, window) * window


def _rest(feed: Feed, total: Series, part: Series, increment: int, end: int, window: float) -> Iterator[float]:
    """What is in the total and not in the part of the same metric."""
    label = next(label for label, _ in part.where if label not in dict(total.where))
    labels = {**dict(feed.labels(part.where)), label: "the-rest"}
    yield declared_feed.counter(feed, total.metric, tuple(labels.items()), increment, end, window) * window


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
                declared_feed.counter(
                    feed, f"{objective.metric}_bucket", (*labels, ("le", le)), upto[index], end, window
                )
                * window
            )
        declared_feed.counter(feed, f"{objective.metric}_count", labels, upto[-1], end, window)
    feed.disturb(f"{objective.metric}_count", objective.population, f"0+700x{end}")
    for upper in edges:
        le = "+Inf" if upper == math.inf else repr(float(upper))
        feed.disturb(f"{objective.metric}_bucket", objective.population, f"0+700x{end}", ("le", le))
    quantile = expected.bucket_quantile(objective.quantile, list(zip(edges, counts, strict=True))) / objective.scale
    checks = _checks(feed, judgement, counts[1], counts[-1] - counts[1], end)
    if judgement.quantile is not None:
        checks.append(declared_feed.sample(feed, judgement.quantile, end, quantile))
    return desk.case(f"{objective.name}: shares and quantile of its histogram", feed.inputs, values=checks)


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
