"""Declared series as the tests write them: those that count, and beside them those that do not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from featurewatch import names
from featurewatch.objectives.model import Promise
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.scenario import notation

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


def sample(feed: Feed, name: str, step: int, wanted: float | None) -> Case:
    """In whole millionths: both sides add up in another order, and promtool compares nearly the last bit."""
    by = {names.SERVICE: feed.desk.service, **{label: feed.desk.value_of(label) for label in feed.promise.by}}
    inner = ",".join(f'{label}="{text}"' for label, text in by.items())
    samples = [] if wanted is None else [{"labels": f"{{{inner}}}", "value": round(wanted * 1e6)}]
    return feed.desk.value(step, f"round({name} * 1e6)", samples)


def counter(feed: Feed, metric: str, labels: Labels, increment: int, end: int, window: float) -> float:
    """Add a counter; returns its rate at the end."""
    late = SAMPLES // 2  # the pace changes inside the window, so that a wrong window shows
    feed.add(metric, labels, notation([(end - late, increment), (late, 3 * increment)]))
    values = [increment * (step + 2 * max(0, step - end + late)) for step in range(end + 1)]
    found = increase(values, end, *exact(feed.desk, window))
    return float((found or Fraction(0)) / Fraction(str(window)))


def exact(desk: Desk, window: float) -> tuple[Fraction, Fraction]:
    """The window and the step as they were written, for sums without rounding."""
    return Fraction(str(window)), Fraction(str(desk.step))
