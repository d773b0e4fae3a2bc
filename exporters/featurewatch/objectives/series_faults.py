"""What is wrong with the series that an objective is about: unknown, without edges, or not enough of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from featurewatch.faults import Fault
from featurewatch.objectives import kinds
from featurewatch.objectives.known import Known, series_of
from featurewatch.objectives.source import KeyPath, Source

SCALES = {"seconds": 1.0, "milliseconds": 1000.0}
"""How many of a histogram's own units a second has."""

COUNTERS = ("_total", "_count", "_sum")
"""How the name of a counter ends."""


def is_foreign(item: kinds.AnyObjective) -> bool:
    """Whether it is about declared series instead of featurewatch's own measurements of extractions."""
    match item:
        case kinds.Quantile():
            return isinstance(item.of, kinds.SeriesSpec)
        case kinds.RatioOf():
            return any(isinstance(events, kinds.SeriesSpec) for events in (item.good, item.bad))
        case kinds.Presence():
            return isinstance(item.of, kinds.SeriesSpec)
        case _:
            return True


def counts(item: kinds.RatioOf) -> Literal["good", "bad"] | None:
    """Whose share is limited: of the two, the one that stands there; of both, what the first limit says."""
    if item.good is not None and item.bad is not None:
        return "good" if item.limits[0].above is None else "bad"
    if item.good is None and item.bad is None:
        return None
    return "good" if item.good is not None else "bad"


def missing(item: kinds.AnyObjective, known: Known) -> tuple[str, ...]:
    """Series that the objective asks for and nobody exports; a histogram by its own name."""
    found = [series for series in series_of(item) if series not in known]
    if isinstance(item, kinds.Quantile) and found:
        found = [found[0].removesuffix("_bucket")]
    return tuple(dict.fromkeys(found))


def declaration(item: kinds.AnyObjective, metric: str) -> str:
    """The line under `metrics` by which it becomes known."""
    if isinstance(item, kinds.Quantile):
        edges = ", ".join(f"{step.above * SCALES[item.unit]:g}" for step in item.limits)
        return f"`{metric}: {{ type: histogram, edges: [{edges}] }}` with all its edges"
    return f"`{metric}: {{ type: {'counter' if metric.endswith(COUNTERS) else 'gauge'} }}`"


def find(source: Source, path: KeyPath, item: kinds.AnyObjective, known: Known) -> Iterator[Fault]:
    """Faults of one objective of the file."""

    def fault(key: str, what: str, remedy: str) -> Fault:
        place = (*path, key) if key else path
        dotted = f"objectives[{path[1]}]" + (f".{key}" if key else "")
        return source.fault(place, f"{dotted}: {what}", remedy)

    if item.enabled:
        for metric in missing(item, known):
            remedy = f"declare it under `metrics`, as {declaration(item, metric)}, or write `enabled: false`"
            yield fault("", f"nobody exports {metric}", remedy)
    if isinstance(item, kinds.RatioOf):
        yield from _ratio(item, fault)
    elif isinstance(item, kinds.Quantile) and not is_foreign(item) and item.by:
        yield fault("by", "is known here", "leave it out: each extractor is judged for itself")
    elif isinstance(item, kinds.Quantile) and isinstance(item.of, kinds.SeriesSpec):
        metric = item.of.metric
        if item.enabled and not known.edges(metric) and f"{metric}_bucket" in known:
            yield fault("of", f"the bucket edges of {metric} are unknown", f"list them: metrics.{metric}.edges")
    elif isinstance(item, kinds.Gauge) and item.per and item.aggregate not in (None, "sum"):
        yield fault("aggregate", f"{item.aggregate} of a quotient", "leave it out: both sides are summed up")
    if isinstance(item, kinds.RateOf | kinds.Increase) and not item.of.metric.endswith(COUNTERS):
        yield fault("of", f"{item.of.metric} is no counter by its name", f"a counter ends in {', '.join(COUNTERS)}")


Telling = Callable[[str, str, str], Fault]
"""Makes a fault of the key below the objective, what is wrong, and the remedy."""


def _ratio(item: kinds.RatioOf, fault: Telling) -> Iterator[Fault]:
    given = [events for events in (item.good, item.bad, item.total) if events is not None]
    if not is_foreign(item):
        if (item.good is None) == (item.bad is None):
            yield fault("", "needs `good` or `bad`", "name one of the two")
        if item.total is not None:
            yield fault("total", "is known here", "leave it out: all extractions that ended by themselves")
        if item.by:
            yield fault("by", "is known here", "leave it out: each extractor is judged for itself")
        return
    if any(isinstance(events, str) for events in given):
        yield fault("", "mixes our events with other counters", "name the metric of each")
    if len(given) != 2:
        yield fault("", "needs two of `good`, `bad` and `total`", "the third one follows from them")
    for key, events in (("good", item.good), ("bad", item.bad), ("total", item.total)):
        if isinstance(events, kinds.SeriesSpec) and not events.metric.endswith(COUNTERS):
            yield fault(key, f"{events.metric} is no counter by its name", f"a counter ends in {', '.join(COUNTERS)}")
