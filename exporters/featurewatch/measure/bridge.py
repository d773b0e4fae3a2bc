"""prometheus_client's metrics as protobuf: a service keeps its own metrics when Prometheus asks for that format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any

from featurewatch.measure import protobuf

Labels = tuple[tuple[str, str], ...]

_COUNTER, _GAUGE, _SUMMARY, _UNTYPED, _HISTOGRAM = 0, 1, 2, 3, 4
_FIELDS = {_COUNTER: 3, _GAUGE: 2, _SUMMARY: 4, _UNTYPED: 5, _HISTOGRAM: 7}


def as_protobuf(families: Iterable[Any]) -> bytes:
    """What a prometheus_client registry's `collect()` gives, as delimited MetricFamily messages.

    Native histograms (those of a `featurewatch.NativeHistogram`, and samples that any other collector gives as
    `prometheus_client.samples.NativeHistogram`) go out as such, with the classic buckets of the same labels beside
    them; so do exemplars. Kinds that Prometheus does not store as such (info, state sets) become untyped values, and
    `_created` is left out, as everywhere in featurewatch.
    """
    bodies = (body for family in families for body in _families(family))
    return b"".join(protobuf.varint(len(body)) + body for body in bodies)


def _families(family: Any) -> Iterator[bytes]:
    samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    if family.type in ("histogram", "summary"):
        kind, key = (_HISTOGRAM, "le") if family.type == "histogram" else (_SUMMARY, "quantile")
        natives = {_pairs(sample.labels): sample.native_histogram for sample in _natives(family)}
        groups = _by_labels([sample for sample in samples if not _is_native(sample)], key)
        metrics = [
            _metric(kind, labels, _grouped(groups.get(labels, []), key, natives.get(labels)))
            for labels in dict.fromkeys((*groups, *natives))
        ]
        yield _family(family.name, family.documentation, kind, metrics)
        return
    kind = {"counter": _COUNTER, "gauge": _GAUGE}.get(family.type, _UNTYPED)
    for name in dict.fromkeys(sample.name for sample in samples):
        metrics = [
            _metric(kind, _pairs(sample.labels), _value(kind, sample), sample.timestamp)
            for sample in samples
            if sample.name == name
        ]
        yield _family(name, family.documentation, kind, metrics)


class WithoutNative:
    """A registry for the text formats: prometheus_client would write a line of nonsense for each native histogram."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Any]:
        for family in self._registry.collect():
            if any(map(_is_native, family.samples)):
                family = copy(family)
                family.samples = [sample for sample in family.samples if not _is_native(sample)]
            yield family


def _is_native(sample: Any) -> bool:
    return getattr(sample, "native_histogram", None) is not None


def _natives(family: Any) -> list[Any]:
    return [*filter(_is_native, family.samples), *getattr(family, "native_samples", ())]


def _pairs(labels: Any) -> Labels:
    return tuple(labels.items())


def _value(kind: int, sample: Any) -> bytes:
    value = protobuf.double(1, float(sample.value))
    return value + protobuf.message(2, _exemplar(sample.exemplar)) if kind == _COUNTER and sample.exemplar else value


def _exemplar(exemplar: Any) -> bytes:
    encoded = _label_pairs(_pairs(exemplar.labels)) + protobuf.double(2, float(exemplar.value))
    if exemplar.timestamp is None:
        return encoded
    seconds, rest = divmod(float(exemplar.timestamp), 1)
    return encoded + protobuf.message(3, protobuf.uint(1, int(seconds)) + protobuf.uint(2, int(rest * 1e9)))


def _native(native: Any) -> list[bytes]:
    """Schema, zero bucket, negative and positive buckets of a native histogram."""
    parts = [
        protobuf.sint(5, native.schema),
        protobuf.double(6, float(native.zero_threshold)),
        protobuf.uint(7, int(native.zero_count)),
    ]
    for field, spans, deltas in ((9, native.neg_spans, native.neg_deltas), (12, native.pos_spans, native.pos_deltas)):
        parts += [
            protobuf.message(field, protobuf.sint(1, span.offset) + protobuf.uint(2, span.length))
            for span in spans or ()
        ]
        if deltas:
            parts.append(protobuf.packed_sint(field + 1, deltas))
    if not (native.pos_spans or native.neg_spans or native.zero_count or native.zero_threshold):
        parts.append(protobuf.message(12, protobuf.sint(1, 0) + protobuf.uint(2, 0)))  # so an empty one is known by
    return parts


def _by_labels(samples: list[Any], key: str) -> dict[Labels, list[Any]]:
    groups: dict[Labels, list[Any]] = {}
    for sample in samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != key)
        groups.setdefault(labels, []).append(sample)
    return groups


def _grouped(samples: list[Any], key: str, native: Any = None) -> bytes:
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
            seen = protobuf.message(3, _exemplar(sample.exemplar)) if sample.exemplar else b""
            parts.append(protobuf.message(3, protobuf.uint(1, int(sample.value)) + edge + seen))
            if math.isinf(float(sample.labels[key])):
                count = sample.value
        else:
            quantile = protobuf.double(1, float(sample.labels[key]))
            parts.append(protobuf.message(3, quantile + protobuf.double(2, float(sample.value))))
    if native is not None:
        if not samples:
            count = native.count_value
            parts.append(protobuf.double(2, float(native.sum_value)))
        parts += _native(native)
    return protobuf.uint(1, int(count)) + b"".join(parts)


def _metric(kind: int, labels: Labels, content: bytes, timestamp: float | None = None) -> bytes:
    pairs = _label_pairs(labels)
    moment = b"" if timestamp is None else protobuf.uint(6, int(float(timestamp) * 1000))
    return protobuf.message(4, pairs + protobuf.message(_FIELDS[kind], content) + moment)


def _label_pairs(labels: Labels) -> bytes:
    return b"".join(protobuf.message(1, protobuf.text(1, name) + protobuf.text(2, value)) for name, value in labels)


def _family(name: str, documentation: str, kind: int, metrics: list[bytes]) -> bytes:
    return b"".join((protobuf.text(1, name), protobuf.text(2, documentation), protobuf.uint(3, kind), *metrics))
