"""Every kind of instrumentation stands in every format, and in a registry of several processes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cachetools import LRUCache
from tests.exposed import parsed_openmetrics, value

from featurewatch import BatchMonitor, CacheMonitor, ExtractionMonitor, MultiprocessRegistry, Registry, names
from featurewatch.measure.family import Totals
from featurewatch.measure.protobuf_exposition import ProtobufExposition

KINDS = {
    names.STAGE_DURATION,
    names.EXTRACTION_PAYLOAD,
    names.NEWEST_INPUT,
    names.CACHE_OPERATION_DURATION,
    names.CACHE_LOOKUPS,
    names.CACHE_EFFICIENCY,
    names.BATCH_DURATION,
    names.BATCH_SIZE,
    names.BATCH_UTILISATION,
    names.BATCHES_REAPED,
}


def use_everything(registry: Registry, *, native: bool = False) -> None:
    monitor = ExtractionMonitor("e", service="s", registry=registry, window=5, native=native)
    cache = CacheMonitor("c", service="s", registry=registry, native=native).watch(LRUCache[str, int](3))
    batches = BatchMonitor("b", service="s", registry=registry, capacity=3, native=native)
    with batches.begin(2, waited=0.1), monitor.extraction(), monitor.stage("fetch"):
        cache["a"] = 1
        cache.get("a")
        monitor.saw_input(time.time())
        monitor.payload(received=100, sent=1)


@pytest.fixture(params=["alone", "labelled", "multiprocess"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    if request.param == "multiprocess":
        return MultiprocessRegistry(tmp_path / "shared")
    return Registry({"deployment": "d"} if request.param == "labelled" else None)


def test_every_kind_is_valid_text_openmetrics_and_protobuf(registry: Registry) -> None:
    use_everything(registry)
    assert {name.removesuffix("_total") for name in KINDS} <= parsed_openmetrics(registry).keys()
    written = ProtobufExposition(registry).render()
    assert [name for name in KINDS if name.encode() not in written] == []
    assert value(registry, names.CACHE_LOOKUPS, result="hit") == 1
    assert value(registry, names.STAGE_DURATION + "_count") == 1
    assert value(registry, names.BATCH_SIZE + "_sum", outcome="success") == 2
    assert value(registry, names.INTERNAL_ERRORS, service="s") == 0


def test_native_buckets_are_kept_of_every_kind_where_asked_for() -> None:
    registry = Registry()
    use_everything(registry, native=True)
    seen = set()
    for family, members in registry.families():
        for series in members:
            reading = series.read()
            if isinstance(reading, Totals):
                assert reading.native is not None, family.name
                assert sum(reading.native.values()) == reading.cumulative[-1]
                seen.add(family.name)
    assert seen >= KINDS & names.HISTOGRAMS
