"""A registry as delimited `io.prometheus.client.MetricFamily` messages: classic and native buckets in one family."""

from __future__ import annotations

import math

from featurewatch.measure import protobuf
from featurewatch.measure.exemplars import Exemplar
from featurewatch.measure.family import Family, Kind, Series, Totals
from featurewatch.measure.labels import Labels
from featurewatch.measure.native import SCHEMA, ZERO_THRESHOLD, spans
from featurewatch.measure.registry import Registry

CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

# Numbers of the fields and of the enum in io/prometheus/client/metrics.proto, written down where they are used.
_TYPES: dict[Kind, int] = {"counter": 0, "gauge": 1, "histogram": 4}
_VALUES: dict[Kind, int] = {"gauge": 2, "counter": 3}
_HISTOGRAM = 7


class ProtobufExposition:
    """Writes one registry in protobuf, remembering the parts that do not change."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._labels: dict[Series, bytes] = {}
        self._edges: dict[tuple[float, ...], tuple[bytes, ...]] = {}

    def render(self) -> bytes:
        """The registry as it is now: each family with its length before it."""
        parts: list[bytes] = []
        for family, members in self._registry.families():
            body = b"".join((_header(family), *(self._metric(family, series) for series in members)))
            parts += (protobuf.varint(len(body)), body)
        return b"".join(parts)

    def _metric(self, family: Family, series: Series) -> bytes:
        labels = self._labels.get(series)
        if labels is None:
            labels = self._labels[series] = _label_pairs(series.labels)
        reading = series.read()
        if isinstance(reading, Totals):
            content = protobuf.message(_HISTOGRAM, self._histogram(series, reading))
        else:
            content = protobuf.message(_VALUES[family.kind], protobuf.double(1, reading))
        return protobuf.message(4, labels + content)

    def _histogram(self, series: Series, totals: Totals) -> bytes:
        edges: tuple[float, ...] = series.edges  # type: ignore[union-attr]  # what reads as Totals has edges
        uppers = self._edges.get(edges)
        if uppers is None:
            uppers = self._edges[edges] = tuple(protobuf.double(2, edge) for edge in (*edges, math.inf))
        parts = [protobuf.uint(1, totals.cumulative[-1]), protobuf.double(2, totals.sum)]
        buckets = [protobuf.uint(1, count) + upper for count, upper in zip(totals.cumulative, uppers, strict=True)]
        exemplars = getattr(series, "exemplars", None)
        for place, exemplar in exemplars().items() if exemplars else ():
            buckets[place] += protobuf.message(3, _exemplar(exemplar))
        parts += [protobuf.message(3, bucket) for bucket in buckets]
        if totals.native is not None:
            zero, runs, deltas = spans(totals.native)
            parts += [protobuf.sint(5, SCHEMA), protobuf.double(6, ZERO_THRESHOLD), protobuf.uint(7, zero)]
            parts += [
                protobuf.message(12, protobuf.sint(1, offset) + protobuf.uint(2, length)) for offset, length in runs
            ]
            parts.append(protobuf.packed_sint(13, deltas))
        return b"".join(parts)


def _header(family: Family) -> bytes:
    return protobuf.text(1, family.name) + protobuf.text(2, family.help) + protobuf.uint(3, _TYPES[family.kind])


def _exemplar(exemplar: Exemplar) -> bytes:
    seconds, rest = divmod(exemplar.at, 1)
    at = protobuf.uint(1, int(seconds)) + protobuf.uint(2, int(rest * 1e9))
    return _label_pairs(exemplar.labels()) + protobuf.double(2, exemplar.value) + protobuf.message(3, at)


def _label_pairs(labels: Labels) -> bytes:
    return b"".join(protobuf.message(1, protobuf.text(1, name) + protobuf.text(2, value)) for name, value in labels)
