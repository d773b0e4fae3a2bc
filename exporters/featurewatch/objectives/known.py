"""Which metrics an objective may be about: ours, those of the programs beside us, and those that the file declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from featurewatch import manifests
from featurewatch.objectives import kinds

_METRIC = TypeAdapter(kinds.MetricSpec)


class Known:
    """Series that exist, and the bucket edges of those that are histograms."""

    def __init__(self, declared: Mapping[str, kinds.MetricSpec]) -> None:
        self.declared = frozenset(
            name
            for metric, spec in declared.items()
            for name in (
                [f"{metric}{suffix}" for suffix in manifests.HISTOGRAM_SUFFIXES]
                if spec.type == "histogram"
                else [metric]
            )
        )
        """Series that the file says are exported."""
        self._series = self.declared | manifests.own() | manifests.THIRD_PARTY
        self._edges: dict[str, tuple[float, ...]] = {
            **manifests.EDGES,
            **{metric: tuple(spec.edges) for metric, spec in declared.items() if spec.edges},
        }

    def __contains__(self, series: str) -> bool:
        return series in self._series

    def edges(self, histogram: str) -> tuple[float, ...]:
        """Upper edges of its buckets in its own unit; empty where nobody has told."""
        return self._edges.get(histogram, ())


def known(data: Any) -> Known:
    """As a document declares it; what is malformed there is left out, and told elsewhere."""
    declared = {}
    metrics = data.get("metrics") if isinstance(data, dict) else None
    for name, item in metrics.items() if isinstance(metrics, dict) else ():
        try:
            declared[str(name)] = _METRIC.validate_python(item)
        except ValidationError:
            continue
    return Known(declared)


def series_of(item: kinds.AnyObjective) -> tuple[str, ...]:
    """Names of the series that an objective asks for."""
    match item:
        case kinds.Quantile(of=kinds.SeriesSpec(metric=metric)):
            return (f"{metric}_bucket", f"{metric}_count")
        case kinds.RatioOf():
            found = (item.good, item.bad, item.total)
            return tuple(series.metric for series in found if isinstance(series, kinds.SeriesSpec))
        case kinds.Gauge() | kinds.RateOf():
            return (item.of.metric, *([item.per.metric] if item.per else []))
        case kinds.Increase() | kinds.Freshness():
            return (item.of.metric,)
        case kinds.Presence(of=kinds.SeriesSpec(metric=metric)):
            return (metric,)
        case _:
            return ()
