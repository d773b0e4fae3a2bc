"""Tests of the quantiles of parts, each source and each stage: native histograms where there are any, else classic.

The mix of fast and slow changes before the window and within it: one that is too long, too short, or looks at the last
two samples only, shows another quantile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from featurewatch import names
from featurewatch.rules import expected, quantiles, recorded
from featurewatch.rules.cases import ANOTHER, EXTRACTOR, Case, Desk, Labels, series
from featurewatch.rules.expressions import le, selector
from featurewatch.rules.plan import Plan
from featurewatch.rules.recorded_cases import step_of

BEFORE, EARLY, LATE, QUIET = 20, 5, 4, 30
"""Steps of the stretches. A window reaches over the second and the third; the last one is three windows."""
LOOK = BEFORE + EARLY + LATE

Mix = tuple[int, ...]
"""How many end in a step, between each two edges."""
EDGES = (0.025, 0.1, 0.25, math.inf)
CLASSIC: tuple[Mix, Mix, Mix] = (90, 8, 2, 0), (50, 40, 10, 0), (30, 30, 40, 0)
"""Before, early and late."""
SECOND: tuple[Mix, Mix, Mix] = ((0, 0, 7, 0),) * 3
"""Of another process."""
BESIDE: tuple[Mix, Mix, Mix] = ((7, 0, 0, 0),) * 3
"""Classic buckets beside a native histogram say something else, to tell which of the two is read."""
FOREIGN: tuple[Mix, Mix, Mix] = ((0, 9, 99, 0),) * 3
NATIVE: tuple[Mix, Mix, Mix] = (50, 2), (20, 3), (3, 5)
"""From 1 to 2 seconds, and from 2 to 4: the buckets of schema 0."""
FOREIGN_NATIVE: tuple[Mix, Mix, Mix] = ((0, 99),) * 3


@dataclass(frozen=True, slots=True)
class _Part:
    """What is looked at one by one."""

    histogram: str
    label: str
    two: tuple[str, str]
    """Values of the label: one with classic buckets only, one with native histograms as well."""
    more: Labels
    """Labels of what counts."""
    other: Labels
    """Labels of what does not; empty where everything does."""
    quantiles: tuple[float, ...]
    recorded: Callable[[float, float], str]


PARTS = (
    _Part(
        names.EXTRACTION_DURATION,
        names.SERVED_FROM,
        (names.CACHE, names.COMPUTE),
        ((names.OUTCOME, names.SUCCESS),),
        ((names.OUTCOME, names.CANCELLED),),
        quantiles.SHOWN_BY_SOURCE,
        recorded.source_quantile_seconds,
    ),
    _Part(
        names.STAGE_DURATION,
        names.STAGE,
        ("fetch", "transform"),
        (),
        (),
        quantiles.SHOWN_BY_STAGE,
        recorded.stage_quantile_seconds,
    ),
)


def cases(plan: Plan) -> Iterator[Case]:
    """One for each kind of part."""
    for part in PARTS:
        yield _case(part, plan.show_window, Desk(plan.objectives.service, step_of(plan.show_window)))


def _case(part: _Part, window: float, desk: Desk) -> Case:
    classic, native = part.two
    foreign = (*_labels(part, ANOTHER, classic), *part.more), (*_labels(part, ANOTHER, native), *part.more)
    inputs = [
        *_classic(part, (*_labels(part, desk.service, classic), *part.more), "a:1", CLASSIC),
        *_classic(part, (*_labels(part, desk.service, classic), *part.more), "b:1", SECOND),
        *_classic(part, (*_labels(part, desk.service, native), *part.more), "a:1", BESIDE),
        _native(part, (*_labels(part, desk.service, native), *part.more), NATIVE),
        *_classic(part, foreign[0], "a:1", FOREIGN),
        _native(part, foreign[1], FOREIGN_NATIVE),
    ]
    if part.other:
        inputs += _classic(part, (*_labels(part, desk.service, classic), *part.other), "a:1", FOREIGN)
        inputs.append(_native(part, (*_labels(part, desk.service, native), *part.other), FOREIGN_NATIVE))
    checks = []
    for quantile in part.quantiles:
        expr = f"round({part.recorded(quantile, window)} * 1e9)"
        counts = [float(count) for count in accumulate(map(sum, zip(_seen(CLASSIC), _seen(SECOND), strict=True)))]
        found = {
            classic: expected.bucket_quantile(quantile, list(zip(EDGES, counts, strict=True))),
            native: _native_quantile(_seen(NATIVE), quantile),
        }
        samples = [
            {"labels": selector("", _labels(part, desk.service, value)), "value": round(seconds * 1e9)}
            for value, seconds in found.items()
        ]
        checks += [desk.value(LOOK, expr, samples), desk.value(LOOK + QUIET, expr, [])]
    return desk.case(f"each {part.label} in two processes, then nothing", inputs, values=checks)


def _labels(part: _Part, service: str, value: str) -> Labels:
    return (names.SERVICE, service), (names.EXTRACTOR, EXTRACTOR), (part.label, value)


def _seen(mixes: tuple[Mix, Mix, Mix]) -> list[int]:
    """What a window counts between each two edges."""
    return [early * EARLY + late * LATE for early, late in zip(*mixes[1:], strict=True)]


def _native_quantile(counts: Sequence[int], quantile: float) -> float:
    """Interpolated exponentially, as Prometheus does between powers of two."""
    low, high = counts
    rank = quantile * (low + high)
    return math.pow(2, rank / low if rank <= low else 1 + (rank - low) / high)


def _classic(part: _Part, labels: Labels, instance: str, mixes: tuple[Mix, Mix, Mix]) -> Iterator[Case]:
    for upto, edge in enumerate(EDGES, start=1):
        before, early, late = (sum(mix[:upto]) for mix in mixes)
        begun = before * BEFORE
        middle = begun + early * EARLY
        end = middle + late * LATE
        stretches = (
            f"0+{before}x{BEFORE}",
            f"{begun + early}+{early}x{EARLY - 1}",
            f"{middle + late}+{late}x{LATE - 1}",
            f"{end}x{QUIET - 1}",
        )
        upper = "+Inf" if edge == math.inf else le(edge)
        yield series(f"{part.histogram}_bucket", (*labels, ("instance", instance), ("le", upper)), " ".join(stretches))


def _native(part: _Part, labels: Labels, mixes: tuple[Mix, Mix, Mix]) -> Case:
    before, early, late = mixes
    begun = _times(before, BEFORE)
    middle = _added(begun, _times(early, EARLY))
    end = _added(middle, _times(late, LATE))
    values = (
        f"{_histogram(_times(before, 0))}+{_histogram(before)}x{BEFORE} "
        f"{_histogram(_added(begun, early))}+{_histogram(early)}x{EARLY - 1} "
        f"{_histogram(_added(middle, late))}+{_histogram(late)}x{LATE - 1} "
        f"{_histogram(end)}x{QUIET - 1}"
    )
    return series(part.histogram, (*labels, ("instance", "a:1")), values)


def _times(mix: Mix, times: int) -> Mix:
    return tuple(number * times for number in mix)


def _added(one: Mix, other: Mix) -> Mix:
    return tuple(map(sum, zip(one, other, strict=True)))


def _histogram(mix: Mix) -> str:
    low, high = mix
    return f"{{{{schema:0 sum:{1.5 * low + 3 * high:g} count:{low + high} offset:1 buckets:[{low} {high}]}}}}"
