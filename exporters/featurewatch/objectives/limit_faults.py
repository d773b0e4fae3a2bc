"""What is wrong with the limits of an objective: twice, on the wrong side, off a bucket's edge, or out of order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from featurewatch import names
from featurewatch.faults import Fault
from featurewatch.objectives import kinds, model, series_faults
from featurewatch.objectives.known import Known
from featurewatch.objectives.source import KeyPath, Source, dotted
from featurewatch.objectives.units import duration_text, percent_text


def find(
    source: Source, path: KeyPath, item: kinds.AnyObjective, limits: list[Any], known_series: Known
) -> Iterator[Fault]:
    """Faults of the limits at `path`, those of the objective or of one override."""
    yield from _duplicate_severities(source, path, limits)
    if isinstance(item, kinds.Quantile):
        yield from _edge_faults(source, path, item, limits, known_series)
    elif isinstance(item, kinds.RatioOf):
        yield from _ratio_faults(source, path, item, limits)
    elif isinstance(item, kinds.Gauge | kinds.RateOf):
        yield from _bound_faults(source, path, limits)
    elif isinstance(item, kinds.Increase):
        yield from _ladder_faults(source, path, [(step.severity, step.at_least) for step in limits], rising=True)
    elif isinstance(item, kinds.Freshness):
        yield from _ladder_faults(source, path, [(step.severity, step.above) for step in limits], rising=True)


def _duplicate_severities(source: Source, path: KeyPath, limits: list[Any]) -> Iterator[Fault]:
    ranked = [model.Severity[limit.severity.upper()] for limit in limits]
    for index, severity in enumerate(ranked):
        if severity in ranked[:index]:
            where = (*path, "limits", index, "severity")
            yield source.fault(where, f"{dotted(where)}: {severity} again", "give each severity one limit")


def _edge_faults(
    source: Source, path: KeyPath, item: kinds.Quantile, limits: list[kinds.Above], known_series: Known
) -> Iterator[Fault]:
    metric = item.of.metric if isinstance(item.of, kinds.SeriesSpec) else names.EXTRACTION_DURATION
    title = item.of.metric if isinstance(item.of, kinds.SeriesSpec) else item.of
    scale = series_faults.SCALES[item.unit]
    exported = known_series.edges(metric)
    for index, limit in enumerate(limits):
        if exported and round(limit.above * scale, 9) not in exported:
            edges = ", ".join(duration_text(round(edge / scale, 9)) for edge in exported)
            where = (*path, "limits", index, "above")
            yield source.fault(
                where,
                f"{dotted(where)}: {duration_text(limit.above)} is not a bucket edge of {title}",
                f"choose one of {edges}",
            )
    yield from _ladder_faults(source, path, [(step.severity, step.above) for step in limits], rising=True)


def _ratio_faults(source: Source, path: KeyPath, item: kinds.RatioOf, limits: list[kinds.RatioStep]) -> Iterator[Fault]:
    counts = series_faults.counts(item)
    if counts is None:
        return  # told of the objective
    wanted, other = ("below", "above") if counts == "good" else ("above", "below")
    bounds: list[tuple[str, float]] = []
    for index, limit in enumerate(limits):
        where = (*path, "limits", index)
        bound = getattr(limit, wanted)
        if bound is None or getattr(limit, other) is not None:
            yield source.fault(
                where,
                f"{dotted(where)}: needs `{wanted}`",
                f"a share of {counts} events has `{wanted}` alone",
            )
        elif not 0 < bound < 1:
            yield source.fault(
                (*where, wanted),
                f"{dotted(where)}.{wanted}: found {percent_text(bound)}",
                "a limit of 0 % or 100 % would fire always or never",
            )
        else:
            bounds.append((limit.severity, bound))
    yield from _ladder_faults(source, path, bounds, rising=counts == "bad")


def _bound_faults(source: Source, path: KeyPath, limits: list[kinds.BoundStep]) -> Iterator[Fault]:
    """All steps lie on one side."""
    side = "below" if limits[0].above is None else "above"
    bounds: list[tuple[str, float]] = []
    for index, limit in enumerate(limits):
        where = (*path, "limits", index)
        if (limit.above is None) == (limit.below is None):
            yield source.fault(where, f"{dotted(where)}: needs `above` or `below`", "name one of the two")
        elif getattr(limit, side) is None:
            yield source.fault(where, f"{dotted(where)}: needs `{side}`", f"the first limit has `{side}`")
        else:
            bounds.append((limit.severity, getattr(limit, side)))
    yield from _ladder_faults(source, path, bounds, rising=side == "above")


def _ladder_faults(source: Source, path: KeyPath, steps: list[tuple[str, float]], *, rising: bool) -> Iterator[Fault]:
    """A more severe step must lie beyond a less severe one, or inhibition would outlive what it inhibits."""
    ladder = sorted(steps, key=lambda step: model.Severity[step[0].upper()])
    for (low, nearer), (high, farther) in pairwise(ladder):
        if (farther <= nearer) if rising else (farther >= nearer):
            yield source.fault(
                (*path, "limits"),
                f"{dotted(path)}.limits: {high} does not lie beyond {low}",
                "the more severe, the farther from what is promised",
            )
