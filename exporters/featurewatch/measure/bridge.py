"""prometheus_client's metrics as protobuf: a service keeps its own metrics when Prometheus asks for that format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from featurewatch.measure import protobuf

Labels = tuple[tuple[str, str], ...]

_COUNTER, _GAUGE, _SUMMARY, _UNTYPED, _HISTOGRAM = 0, 1, 2, 3, 4
_FIELDS = {_COUNTER: 3, _GAUGE: 2, _SUMMARY: 4, _UNTYPED: 5, _HISTOGRAM: 7}


def as_protobuf(families: Iterable[Any]) -> bytes:
    """What a prometheus_client registry's `collect()` gives, as delimited MetricFamily messages.

    Histograms stay classic. Kinds that Prometheus does not store as such (info, state sets) become untyped values, and
    `_created` is left out, as everywhere in featurewatch.
    """
    bodies = (body for family in families for body in _families(family))
    return b"".join(protobuf.varint(len(body)) + body for body in bodies)


def _families(family: Any) -> Iterator[bytes]:
    samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    if family.type in ("histogram", "summary"):
        kind, key = (_HISTOGRAM, "le") if family.type == "histogram" else (_SUMMARY, "quantile")
        metrics = [_metric(kind, labels, _grouped(group, key)) for labels, group in _by_labels(samples, key).items()]
        yield _family(family.name, family.documentation, kind, metrics)
        return
    kind = {"counter": _COUNTER, "gauge": _GAUGE}.get(family.type, _UNTYPED)
    for name in dict.fromkeys(sample.name for sample in samples):
        metrics = [
            _metric(kind, tuple(sample.labels.items()), protobuf.double(1, float(sample.value)), sample.timestamp)
            for sample in samples
            if sample.name == name
        ]
        yield _family(name, family.documentation, kind, metrics)


def _by_labels(samples: list[Any], key: str) -> dict[Labels, list[Any]]:
    groups: dict[Labels, list[Any]] = {}
    for sample in samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != key)
        groups.setdefault(labels, []).append(sample)
    return groups


def _grouped(samples: list[Any], key: str) -> bytes:
    """A Histogram or a Summary: both have the count in field 1, the sum in 2 and their parts in 3."""
    parts: list[bytes] = []
    count = 0.0
    for sample in samples:
        if sample.name.endswith("_sum"):
            parts.append(protobuf.double(2, float(sample.value)))
        elif sample.name.endswith("_count"):
            count = sample.value
        elif key == "le":
            edge = protobuf.double(2, float(sample.labels[key]))
            parts.append(protobuf.message(3, protobuf.uint(1, int(sample.value)) + edge))
            if math.isinf(float(sample.labels[key])):
                count = sample.value
        else:
            quantile = protobuf.double(1, float(sample.labels[key]))
            parts.append(protobuf.message(3, quantile + protobuf.double(2, float(sample.value))))
    return protobuf.uint(1, int(count)) + b"".join(parts)


def _metric(kind: int, labels: Labels, content: bytes, timestamp: float | None = None) -> bytes:
    pairs = b"".join(protobuf.message(1, protobuf.text(1, name) + protobuf.text(2, value)) for name, value in labels)
    moment = b"" if timestamp is None else protobuf.uint(6, int(float(timestamp) * 1000))
    return protobuf.message(4, pairs + protobuf.message(_FIELDS[kind], content) + moment)


def _family(name: str, documentation: str, kind: int, metrics: list[bytes]) -> bytes:
    return b"".join((protobuf.text(1, name), protobuf.text(2, documentation), protobuf.uint(3, kind), *metrics))
