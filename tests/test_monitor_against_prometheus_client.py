"""The same samples through prometheus_client give the same counts, and sums to the last digits."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from tests.exposed import exposed, value

from featurewatch import ExtractionMonitor, Registry, names

EDGES = st.lists(st.floats(min_value=1e-6, max_value=1e3, allow_nan=False), min_size=1, max_size=30, unique=True).map(
    sorted
)


@st.composite
def edges_and_samples(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    """Edges, and samples that like to lie exactly on an edge or one step beside it."""
    edges = draw(EDGES)
    on = st.sampled_from(edges)
    beside = st.tuples(on, st.sampled_from([0.0, math.inf])).map(lambda pair: math.nextafter(*pair))
    anywhere = st.floats(min_value=0, max_value=1e6)
    return edges, draw(st.lists(st.one_of(on, beside, anywhere), max_size=600))


@given(edges_and_samples(), st.integers(min_value=1, max_value=300))
def test_buckets_and_counts_are_equal_and_sums_agree(drawn: tuple[list[float], list[float]], buffer: int) -> None:
    edges, samples = drawn
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry, edges=edges, buffer=buffer)
    theirs = CollectorRegistry()
    histogram = Histogram("h", "H.", registry=theirs, buckets=edges)
    for sample in samples:
        monitor.record(sample)
        histogram.observe(sample)
    ours = {
        (name.removeprefix(names.EXTRACTION_DURATION), dict(labels).get("le")): number
        for (name, labels), number in exposed(registry).items()
        if name.startswith(names.EXTRACTION_DURATION) and dict(labels)[names.SERVED_FROM] == "compute"
    }
    expected = {
        (sample.name.removeprefix("h"), sample.labels.get("le")): sample.value
        for family in theirs.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    sums = ours.pop(("_sum", None)), expected.pop(("_sum", None))
    assert ours == expected
    assert math.isclose(*sums, rel_tol=1e-12)


def test_a_sum_of_many_durations_keeps_its_digits() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry)
    draw = random.Random(2)
    samples = [draw.lognormvariate(-2.3, 1.5) for _ in range(300_000)]
    for sample in samples:
        monitor.record(sample)
    found = value(registry, names.EXTRACTION_DURATION + "_sum", served_from="compute")
    assert math.isclose(found, math.fsum(samples), rel_tol=1e-12)


@given(st.lists(st.one_of(st.floats(), st.integers(), st.text(), st.none()), max_size=50))
def test_whatever_is_recorded_ends_either_in_a_bucket_or_among_the_refused(samples: list[float]) -> None:
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry)
    for sample in samples:
        monitor.record(sample)
    found = exposed(registry)
    counted = sum(n for (name, _), n in found.items() if name == names.EXTRACTION_DURATION + "_count")
    refused = sum(n for (name, _), n in found.items() if name == names.OBSERVATIONS_REFUSED)
    assert counted + refused == len(samples)
    assert sum(n for (name, _), n in found.items() if name == names.INTERNAL_ERRORS) == 0
