"""Tests of the recorded series: one mixed stretch of traffic, and what each of them must say about it.

Two extractors and a foreign service, every way to end, durations on both sides of every limit, and a mix that changes
inside the window: whatever a rule leaves out, takes in or looks at for too long shows in its value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from featurewatch import names
from featurewatch.objectives.model import QuantileObjective, RatioObjective
from featurewatch.rules import build, expected, quantiles, recorded
from featurewatch.rules.cases import ANOTHER, EXTRACTOR, Case, Desk, edges_around, recorded_labels, series
from featurewatch.rules.expressions import le, selector
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.plan import Judgement, Plan
from featurewatch.rules.scenario import notation
from featurewatch.rules.share_cases import is_event

Pair = tuple[str, str]
Value = Callable[[str, int], float | None]
"""What a series says of an extractor at a step; None where it must be absent."""

SECOND = "sentiment"
SELDOM = "seldom"
"""Has one extraction in the window."""
INSTANCES = ("a:1", "b:1")
SAMPLES = 10
"""Samples in a window."""
EARLY, LATE, QUIET = 12, 6, 22
"""Steps of the three stretches: the second one fills about half a window, the third two of them."""
LOOK = EARLY + LATE
FOREIGN = 0.5
"""What the rules of another service have recorded."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The extractions of one (extractor, served_from, outcome): how many in each bucket, early and late, per step."""

    extractor: str
    pair: Pair
    instance: str
    early: tuple[int, ...]
    late: tuple[int, ...]
    once: int | None = None
    """Instead of all that: so many in one step, in the first bucket."""

    def phases(self, upto: int) -> list[tuple[int, int]]:
        """The counter of those in the first `upto` buckets."""
        if self.once is not None:
            return [(LOOK - 2, 0), (1, self.once), (QUIET + 1, 0)]
        return [(EARLY, sum(self.early[:upto])), (LATE, sum(self.late[:upto])), (QUIET, 0)]

    def counter(self, upto: int) -> list[int]:
        values = [0]
        for steps, increment in self.phases(upto):
            values += [values[-1] + increment * (step + 1) for step in range(steps)]
        return values


def step_of(window: float) -> float:
    """Seconds between samples: as coarse as the window allows."""
    return math.ceil(window * 1000 / SAMPLES) / 1000


class RecordedCases:
    """The test of all series recorded over one window."""

    def __init__(self, plan: Plan, window: float, recordings: frozenset[str]) -> None:
        self._plan = plan
        self._window = window
        self._recordings = recordings
        self._judgements = [judgement for judgement in _own(plan) if judgement.window == window]
        self._desk = Desk(plan.objectives.service, step_of(window))
        bounds = [judgement.bound for judgement in _own(plan) if judgement.bound is not None]
        self._edges = [*edges_around(bounds or [0.1]), math.inf]
        self._histograms = any(j.bound is not None for j in self._judgements) or window == plan.show_window
        self._streams = list(_streams(len(self._edges)))

    def case(self) -> Case:
        end = LOOK + QUIET
        inputs: list[Case] = []
        checks: list[Case] = []
        for stream in self._streams:
            inputs += self._series(stream, Desk(self._plan.objectives.service, self._desk.step, stream.extractor))
        buckets = len(self._edges)
        for source in (names.COMPUTE, names.CACHE):
            foreign = Stream(EXTRACTOR, (source, names.SUCCESS), INSTANCES[0], (7,) * buckets, (9,) * buckets)
            inputs += self._series(foreign, Desk(ANOTHER, self._desk.step))
        inputs += [
            series(name, ((names.SERVICE, ANOTHER), (names.EXTRACTOR, EXTRACTOR)), f"{FOREIGN}x{end}")
            for name in self._foreign()
        ]
        for name, value in self._values():
            checks += [self._check(name, value, LOOK), self._check(name, value, end)]
        if recorded.buckets_rate(self._window) in self._recordings:
            checks += [self._buckets(LOOK), self._buckets(end)]
        return self._desk.case("mixed traffic, then none", inputs, values=checks)

    def _check(self, name: str, value: Value, step: int) -> Case:
        """In whole billionths: both sides add up in another order, and promtool compares nearly the last bit."""
        samples = [
            {"labels": recorded_labels(self._plan.objectives.service, extractor), "value": round(number * 1e9)}
            for extractor in (SECOND, SELDOM, EXTRACTOR)
            if (number := value(extractor, step)) is not None
        ]
        if name in self._foreign():
            samples.append({"labels": recorded_labels(ANOTHER, EXTRACTOR), "value": round(FOREIGN * 1e9)})
        return self._desk.value(step, f"round({name} * 1e9)", samples)

    def _buckets(self, step: int) -> Case:
        """Extractions per second up to each edge, in whole billionths as well."""
        name, window = recorded.buckets_rate(self._window), self._window
        samples = [
            {
                "labels": selector(
                    "",
                    (
                        (names.SERVICE, self._plan.objectives.service),
                        (names.EXTRACTOR, extractor),
                        ("le", "+Inf" if edge == math.inf else le(edge)),
                    ),
                ),
                "value": round(float(self._count(extractor, step, _succeeded, upto) / Fraction(str(window))) * 1e9),
            }
            for extractor in (SECOND, SELDOM, EXTRACTOR)
            for upto, edge in enumerate(self._edges, start=1)
        ]
        return self._desk.value(step, f"round({name} * 1e9)", samples)

    def _foreign(self) -> list[str]:
        """Series that other rules read, given here as another service's rules would have recorded them."""
        told = (name for j in self._judgements for name in (j.good_ratio, j.good_increase, j.events))
        return [name for name in dict.fromkeys(told) if name in self._recordings]

    def _series(self, stream: Stream, desk: Desk) -> Iterator[Case]:
        instance = ("instance", stream.instance)
        if self._histograms:
            for index, edge in enumerate(self._edges, start=1):
                yield desk.bucket(stream.pair, edge, notation(stream.phases(index)), instance)
        yield desk.count(stream.pair, notation(stream.phases(len(self._edges))), instance)

    # --- what the series must say -------------------------------------------------------------------------------
    def _values(self) -> Iterator[tuple[str, Value]]:
        """Every series recorded over this window, with its value for an extractor at a step (None: absent)."""
        window = self._window
        known: dict[str, Value] = {
            recorded.extractions_rate(window): lambda who, at: float(self._count(who, at, _answered)) / window,
            recorded.extractions_increase(window): lambda who, at: float(self._count(who, at, _answered)),
            recorded.successes_increase(window): lambda who, at: float(self._count(who, at, _succeeded)),
        }
        named = {*quantiles.SHOWN, *(q for j in self._judgements if (q := _quantile(j)) is not None)}
        for quantile in sorted(named):
            known[recorded.quantile_seconds(quantile, window)] = self._quantile(quantile)
        for judgement in self._judgements:
            known |= self._shares(judgement)
        yield from ((name, value) for name, value in known.items() if name in self._recordings)

    def _shares(self, judgement: Judgement) -> dict[str, Value]:
        name, window, bound = judgement.objective.name, judgement.window, judgement.bound

        def counted(who: str, at: int) -> tuple[Fraction, Fraction]:
            """(good, all)"""
            objective = judgement.objective
            if isinstance(objective, QuantileObjective):
                edge = self._edges.index(bound or 0.0) + 1
                return self._count(who, at, _succeeded, edge), self._count(who, at, _succeeded)
            everything = self._count(who, at, _answered)
            events = self._count(who, at, lambda pair: _answered(pair) and _names(objective, pair))
            return (events if objective.counts == "good" else everything - events), everything

        def good_ratio(who: str, at: int) -> float | None:
            good, everything = counted(who, at)
            return float(good / everything) if everything else None

        def bad_ratio(who: str, at: int) -> float | None:
            good, everything = counted(who, at)
            return float(1 - good / everything) if everything else None

        def good_increase(who: str, at: int) -> float | None:
            return float(counted(who, at)[0])

        def bad_increase(who: str, at: int) -> float | None:
            good, everything = counted(who, at)
            return float(everything - good)

        return {
            recorded.good_ratio(name, window, bound): good_ratio,
            recorded.bad_ratio(name, window, bound): bad_ratio,
            recorded.good_increase(name, window, bound): good_increase,
            recorded.bad_increase(name, window, bound): bad_increase,
        }

    def _quantile(self, quantile: float) -> Value:
        def value(who: str, at: int) -> float | None:
            counts = [self._count(who, at, _succeeded, upto) for upto in range(1, len(self._edges) + 1)]
            found = expected.bucket_quantile(quantile, list(zip(self._edges, map(float, counts), strict=True)))
            return None if math.isnan(found) else found

        return value

    def _count(self, who: str, at: int, wanted: Callable[[Pair], bool], upto: int | None = None) -> Fraction:
        """How many extractions ended in the window, in the first `upto` buckets."""
        window, step = Fraction(str(self._window)), Fraction(str(self._desk.step))
        found = (
            increase(stream.counter(len(self._edges) if upto is None else upto), at, window, step)
            for stream in self._streams
            if stream.extractor == who and wanted(stream.pair)
        )
        return sum((value or Fraction(0) for value in found), Fraction(0))


def _streams(buckets: int) -> Iterator[Stream]:
    """Two processes of one extractor and one of another; no two streams alike, none beyond the last edge."""
    pairs = [(EXTRACTOR, pair, instance) for instance in INSTANCES for pair in names.EXTRACTION_SERIES]
    # Not all instrumentation is ours: a cancelled extraction may say where it would have been served from.
    pairs.append((EXTRACTOR, (names.CACHE, names.CANCELLED), INSTANCES[0]))
    pairs += [(SECOND, (source, names.SUCCESS), INSTANCES[0]) for source in (names.COMPUTE, names.CACHE)]
    for number, (extractor, pair, instance) in enumerate(pairs, start=1):
        early = (20 * number, *(1 + (bucket * number) % 5 for bucket in range(2, buckets)), 0)
        late = (31 * number, *(2 + (bucket + number) % 7 for bucket in range(2, buckets)), 0)
        yield Stream(extractor, pair, instance, early, late)
    for source, events in ((names.COMPUTE, 1), (names.CACHE, 0)):
        yield Stream(SELDOM, (source, names.SUCCESS), INSTANCES[0], (), (), events)


def _answered(pair: Pair) -> bool:
    return pair[1] != names.CANCELLED


def _succeeded(pair: Pair) -> bool:
    return pair[1] == names.SUCCESS


def _names(objective: RatioObjective, pair: Pair) -> bool:
    return is_event(objective, pair)


def _own(plan: Plan) -> list[Judgement]:
    """Of our own measurements; declared series have tests of their own."""
    return [judgement for judgement in plan.judgements if not judgement.objective.foreign]


def _quantile(judgement: Judgement) -> float | None:
    return judgement.objective.quantile if isinstance(judgement.objective, QuantileObjective) else None


def service_cases(plan: Plan) -> Iterator[Case]:
    """Whether the service is up, and which part of a day it was, looked at every half an hour."""
    half_hours = 72
    desk = Desk(plan.objectives.service, 1800.0)
    # Out of service discovery for six hours, down for six, then two targets answer, then one of them.
    first = f"_x12 0x11 1x{half_hours - 24}"
    second = f"_x12 0x11 1x11 0x{half_hours - 36}"
    foreign = series("up", (("job", "node"), (names.SERVICE, plan.objectives.service)), f"1x{half_hours}")
    another = series("up", (("job", build.EXTRACTORS_JOB), (names.SERVICE, ANOTHER)), f"1x{half_hours}")
    name, availability = recorded.SERVICE_UP, recorded.availability(build.AVAILABILITY_WINDOW)

    def sample(step: int, series_name: str, value: float) -> Case:
        labels = f'{series_name}{{service="{plan.objectives.service}"}}'
        return desk.value(step, series_name, [{"labels": labels, "value": value}])

    yield desk.case(
        "gone, down, then two targets answer, then one of them",
        [desk.up(first, ("instance", "a:1")), desk.up(second, ("instance", "b:1")), foreign, another],
        values=[
            sample(6, name, 0),
            sample(18, name, 0),
            sample(30, name, 1),
            sample(42, name, 1),
            # A day has 48 samples; 24 of the first 48 were up, and all of those that end with the 71st.
            sample(47, availability, 24 / 48),
            sample(60, availability, 37 / 48),
            sample(71, availability, 1),
        ],
    )
    yield desk.case(
        "the availability of another service is its own affair",
        [series(name, ((names.SERVICE, ANOTHER),), f"1x{half_hours}")],
        values=[sample(60, availability, 0)],
    )
