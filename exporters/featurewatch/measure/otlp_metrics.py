"""A registry as OTLP metrics, in the values of OpenTelemetry's SDK, which its exporters encode."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from featurewatch.measure.family import Family, Series, Totals
from featurewatch.measure.missing import opentelemetry
from featurewatch.measure.native import FIRST_INDEX, SCHEMA
from featurewatch.measure.registry import Registry

Histograms = Literal["explicit", "exponential"]

_UNITS = {"_seconds": "s", "_bytes": "By"}


class OtlpMetrics:
    """Reads a registry into one `MetricsData`: cumulative, counts as they are, names as they are scraped.

    Prometheus' receiver adds a unit or `_total` only where the name does not end in it, so that pushed and scraped
    series have the same names there; VictoriaMetrics adds nothing by default.
    """

    def __init__(self, resource: Any, histograms: Histograms = "explicit") -> None:
        self._sdk: Any = opentelemetry("opentelemetry.sdk.metrics.export", "OtlpMetrics")
        exemplars: Any = opentelemetry("opentelemetry.sdk.metrics", "OtlpMetrics")
        scope: Any = opentelemetry("opentelemetry.sdk.util.instrumentation", "OtlpMetrics")
        self._exemplar = exemplars.Exemplar
        self._scope = scope.InstrumentationScope("featurewatch")
        self._resource = resource
        self._exponential = histograms == "exponential"

    def read(self, registry: Registry, start: int, now: int) -> Any:
        """The registry as it is `now`, counted since `start`, both in nanoseconds of Unix time."""
        metrics = []
        for family, members in registry.families():
            readings = [(series, series.read()) for series in members]
            metrics += self._metrics(family, readings, start, now)
        scopes = [self._sdk.ScopeMetrics(scope=self._scope, metrics=metrics, schema_url="")]
        whole = self._sdk.ResourceMetrics(resource=self._resource, scope_metrics=scopes, schema_url="")
        return self._sdk.MetricsData(resource_metrics=[whole])

    def _metrics(self, family: Family, readings: list[tuple[Series, Any]], start: int, now: int) -> list[Any]:
        sdk = self._sdk
        cumulative = sdk.AggregationTemporality.CUMULATIVE
        if family.kind == "histogram":
            exponential = [pair for pair in readings if self._exponential and pair[1].native is not None]
            explicit = [pair for pair in readings if pair not in exponential]
            kinds = (
                (sdk.ExponentialHistogram, self._exponential_point, exponential),
                (sdk.Histogram, self._explicit_point, explicit),
            )
            data = [
                kind(data_points=[point(*pair, start, now) for pair in pairs], aggregation_temporality=cumulative)
                for kind, point, pairs in kinds
                if pairs
            ]
        else:
            points = [
                sdk.NumberDataPoint(
                    attributes=dict(series.labels), start_time_unix_nano=start, time_unix_nano=now, value=value
                )
                for series, value in readings
            ]
            if family.kind == "counter":
                data = [sdk.Sum(data_points=points, aggregation_temporality=cumulative, is_monotonic=True)]
            else:
                data = [sdk.Gauge(data_points=points)]
        return [sdk.Metric(name=family.name, description=family.help, unit=_unit(family), data=each) for each in data]

    def _explicit_point(self, series: Any, totals: Totals, start: int, now: int) -> Any:
        # An edge belongs to the bucket below it, in OTLP as in Prometheus.
        counts = [after - before for before, after in pairwise((0, *totals.cumulative))]
        return self._sdk.HistogramDataPoint(
            **self._common(series, totals, start, now), bucket_counts=counts, explicit_bounds=list(series.edges)
        )

    def _exponential_point(self, series: Any, totals: Totals, start: int, now: int) -> Any:
        zero, offset, counts = exponential_buckets(totals.native or {})
        return self._sdk.ExponentialHistogramDataPoint(
            **self._common(series, totals, start, now),
            scale=SCHEMA,
            zero_count=zero,
            positive=self._sdk.Buckets(offset=offset, bucket_counts=counts),
            negative=self._sdk.Buckets(offset=0, bucket_counts=[]),
            flags=0,
        )

    def _common(self, series: Any, totals: Totals, start: int, now: int) -> dict[str, Any]:
        return {
            "attributes": dict(series.labels),
            "start_time_unix_nano": start,
            "time_unix_nano": now,
            "count": totals.cumulative[-1],
            "sum": totals.sum,
            "min": None,  # since the start, a minimum or maximum says nothing: they are left out
            "max": None,
            "exemplars": self._exemplars(series),
        }

    def _exemplars(self, series: Any) -> list[Any]:
        kept = getattr(series, "exemplars", None)
        found = []
        for exemplar in kept().values() if kept else ():
            try:
                ids = {"trace_id": int(exemplar.trace_id, 16), "span_id": int(exemplar.span_id, 16)}
            except ValueError:
                continue  # an identifier of somebody's own; OTLP knows OpenTelemetry's only
            found.append(
                self._exemplar(
                    filtered_attributes={}, value=exemplar.value, time_unix_nano=int(exemplar.at * 1e9), **ids
                )
            )
        return found


def exponential_buckets(native: Mapping[int, int]) -> tuple[int, int, list[int]]:
    """The zero bucket's count, the offset of the first bucket, and the counts from there on without gaps.

    Prometheus numbers a bucket by its upper edge, OTLP by its lower one, hence one less.
    """
    used = {index: count for index, count in native.items() if index != FIRST_INDEX}
    zero = native.get(FIRST_INDEX, 0)
    if not used:
        return zero, 0, []
    low, high = min(used), max(used)
    return zero, low - 1, [used.get(index, 0) for index in range(low, high + 1)]


def _unit(family: Family) -> str:
    name = family.name.removesuffix("_total")
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")
