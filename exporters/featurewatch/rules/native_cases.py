"""Tests of what native histograms show, with samples of their own kind; classic buckets beside them must then be still.

The histogram of the tests has schema 0, whose buckets end at powers of two: between 1 and 2 seconds, and between 2 and
4. Prometheus interpolates in them exponentially, so the median of one full bucket from 1 to 2 is the root of 2.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate

from featurewatch import names
from featurewatch.rules import quantiles, recorded
from featurewatch.rules.cases import ANOTHER, BUCKET, EXTRACTOR, Case, Desk, Labels, recorded_labels, series
from featurewatch.rules.expressions import le
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.plan import Plan
from featurewatch.rules.recorded_cases import step_of

SECOND = "sentiment"
STEPS = 30
FAST, FASTER = 5, 3
"""Steps at the end, in which so many times as much happens: a wrong window shows."""
FULL, HALF = (4, 0), (2, 2)
"""Extractions a step from 1 to 2 seconds, and from 2 to 4."""


def case(plan: Plan, window: float) -> Case:
    """Two processes of one extractor in native histograms, and another extractor that has classic ones only."""
    desk = Desk(plan.objectives.service, step_of(window))
    succeeded, failed = (names.COMPUTE, names.SUCCESS), (names.COMPUTE, names.ERROR)
    native = names.EXTRACTION_DURATION
    inputs = [
        series(native, (*desk.labels(succeeded), ("instance", "a:1")), _histograms(FULL)),
        series(native, (*desk.labels((names.CACHE, names.SUCCESS)), ("instance", "b:1")), _histograms(HALF)),
        series(native, (*desk.labels(failed), ("instance", "a:1")), _histograms((0, 50))),
        series(native, (*Desk(ANOTHER, desk.step).labels(succeeded), ("instance", "a:1")), _histograms((0, 70))),
        # The classic buckets beside the native histogram say something else, to tell which of the two is read.
        *_classic(desk.labels(succeeded), 0.1),
        *_classic(Desk(desk.service, desk.step, SECOND).labels(succeeded), 0.1),
        *(
            series(
                recorded.buckets_rate(window),
                ((names.SERVICE, ANOTHER), (names.EXTRACTOR, EXTRACTOR), ("le", upper)),
                f"7x{STEPS}",
            )
            for upper in (le(0.1), "+Inf")
        ),
        series(
            recorded.native_rate(window),
            ((names.SERVICE, ANOTHER), (names.EXTRACTOR, EXTRACTOR)),
            f"{{{{schema:0 sum:1 count:4 buckets:[4]}}}}x{STEPS}",
        ),
    ]
    low, high = FULL[0] + HALF[0], FULL[1] + HALF[1]
    paces = [*[1] * (STEPS - FAST), *[FASTER] * FAST]
    grown = increase([0, *accumulate(paces)], STEPS, Fraction(str(window)), Fraction(str(desk.step)))
    checks = [
        desk.value(
            STEPS,
            f'{what}({recorded.native_rate(window)}{{{names.SERVICE}="{desk.service}"}}) * {window:g}',
            [{"labels": recorded_labels(desk.service, EXTRACTOR), "value": number * float(grown or 0)}],
        )
        for what, number in (("histogram_count", low + high), ("histogram_sum", 1.5 * low + 3 * high))
    ]
    for quantile in sorted(quantile for quantile, over in quantiles.of(plan) if over == window):
        name, rank = recorded.quantile_seconds(quantile, window), quantile * (low + high)
        exponent = rank / low if rank <= low else 1 + (rank - low) / high
        checks.append(
            desk.value(
                STEPS,
                f"round({name} * 1e9)",
                [
                    {"labels": recorded_labels(desk.service, SECOND), "value": round(quantile * 0.1 * 1e9)},
                    {"labels": recorded_labels(desk.service, EXTRACTOR), "value": round(math.pow(2, exponent) * 1e9)},
                ],
            )
        )
    return desk.case(
        "native histograms show their own quantiles, classic ones where there are no others", inputs, values=checks
    )


def _histograms(each: tuple[int, int]) -> str:
    """A counter of native histograms that grows by these in its two buckets, and faster at last."""
    late = STEPS - FAST
    phases = (0, 1, late), (late + FASTER, FASTER, FAST - 1)
    return " ".join(f"{_histogram(each, begun)}+{_histogram(each, pace)}x{steps}" for begun, pace, steps in phases)


def _histogram(each: tuple[int, int], times: int) -> str:
    low, high = (number * times for number in each)
    return f"{{{{schema:0 sum:{1.5 * low + 3 * high:g} count:{low + high} offset:1 buckets:[{low} {high}]}}}}"


def _classic(labels: Labels, edge: float) -> list[Case]:
    """All durations up to this edge."""
    return [
        series(BUCKET, (*labels, ("instance", "a:1"), ("le", upper)), f"0+3x{STEPS}") for upper in (le(edge), "+Inf")
    ]
