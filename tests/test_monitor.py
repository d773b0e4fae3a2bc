from __future__ import annotations

import math
from decimal import Decimal

import pytest
from tests.exposed import counts, exposed, monitored, value

import featurewatch
from featurewatch import DuplicateSeries, ExtractionMonitor, Registry, names


def test_every_series_is_there_at_zero_before_anything_happens() -> None:
    registry, _ = monitored()
    found = {
        (dict(labels)[names.SERVED_FROM], dict(labels)[names.OUTCOME]): number
        for (name, labels), number in exposed(registry).items()
        if name == names.EXTRACTION_DURATION + "_count"
    }
    assert found == dict.fromkeys(names.EXTRACTION_SERIES, 0)


def test_an_edge_is_part_of_its_own_bucket() -> None:
    registry, monitor = monitored()
    monitor.record(0.1)
    monitor.record(math.nextafter(0.1, 1))
    bucket = names.EXTRACTION_DURATION + "_bucket"
    assert value(registry, bucket, served_from="compute", le="0.09") == 0
    assert value(registry, bucket, served_from="compute", le="0.1") == 1
    assert value(registry, bucket, served_from="compute", le="0.11") == 2


def test_a_recorded_extraction_goes_to_its_source_and_a_failed_one_to_none() -> None:
    registry, monitor = monitored()
    monitor.record(0.01)
    monitor.record(0.02, served_from="cache")
    monitor.record(0.03, served_from="fallback")
    monitor.record(0.04, error="TimeoutError")
    assert counts(registry) == {
        ("compute", "success"): 1,
        ("cache", "success"): 1,
        ("fallback", "success"): 1,
        ("none", "error"): 1,
    }
    assert value(registry, names.EXTRACTION_DURATION + "_sum", served_from="cache") == 0.02


@pytest.mark.parametrize("error", ["KeyError", KeyError, KeyError("k")])
def test_an_error_may_be_given_as_a_word_a_class_or_an_exception(error: str | type[KeyError] | KeyError) -> None:
    registry, monitor = monitored()
    monitor.record(0.1, error=error)
    assert value(registry, names.EXTRACTION_ERRORS, error_type="KeyError") == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (math.nan, "nan"),
        (math.inf, "infinite"),
        (-math.inf, "infinite"),
        (-1e-9, "negative"),
        ("0.1", "type"),
        (None, "type"),
        (10**400, "infinite"),
    ],
)
def test_what_is_no_duration_is_refused_and_counted_and_takes_nothing_with_it(bad: float, reason: str) -> None:
    registry, monitor = monitored()
    monitor.record(0.2)
    monitor.record(bad)
    monitor.record(0.3)
    assert value(registry, names.OBSERVATIONS_REFUSED, reason=reason) == 1
    assert value(registry, names.EXTRACTION_DURATION + "_count", served_from="compute") == 2
    assert value(registry, names.EXTRACTION_DURATION + "_sum", served_from="compute") == 0.5
    assert value(registry, names.INTERNAL_ERRORS) == 0


@pytest.mark.parametrize("number", [1, True, Decimal("1"), -0.0])
def test_any_real_number_is_a_duration(number: float) -> None:
    registry, monitor = monitored()
    monitor.record(0.5)
    monitor.record(number)
    assert value(registry, names.EXTRACTION_DURATION + "_count", served_from="compute") == 2
    assert value(registry, names.EXTRACTION_DURATION + "_sum", served_from="compute") == 0.5 + float(number)


def test_an_unknown_source_is_refused_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    registry, monitor = monitored()
    monitor.record(0.1, served_from="cahce")  # type: ignore[arg-type]
    monitor.record(0.1, served_from="cahce")  # type: ignore[arg-type]
    with monitor.extraction() as extraction:
        extraction.served_from = ["unhashable"]  # type: ignore[assignment]
    assert counts(registry) == {}
    assert value(registry, names.OBSERVATIONS_REFUSED, reason="served_from") == 2
    assert [record.getMessage() for record in caplog.records if "cahce" in record.getMessage()] == [
        "featurewatch knows no served_from='cahce', only compute, cache, fallback"
    ]


def test_error_types_beyond_the_cap_become_other_and_are_counted_as_folded() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, error_types=2)
    for error in ("A", "B", "A", "C", "D", "C", names.OTHER):
        monitor.record(0.1, error=error)
    errors = {
        dict(labels)[names.ERROR_TYPE]: number
        for (name, labels), number in exposed(registry).items()
        if name == names.EXTRACTION_ERRORS
    }
    assert errors == {"A": 2, "B": 1, names.OTHER: 4}
    assert value(registry, names.LABEL_VALUES_FOLDED) == 3


def test_a_long_error_type_is_cut_and_a_broken_one_is_made_sendable() -> None:
    registry, monitor = monitored()
    monitor.record(0.1, error="x" * 5000)
    monitor.record(0.1, error="broken \ud800 surrogate")
    assert value(registry, names.EXTRACTION_ERRORS, error_type="x" * 100) == 1
    assert value(registry, names.EXTRACTION_ERRORS, error_type="broken ? surrogate") == 1


@pytest.mark.parametrize(
    ("edges", "complaint"),
    [
        ((), "at least one"),
        ((0.1, 0.1), "rise"),
        ((0.2, 0.1), "rise"),
        ((0.0, 0.1), "0.0"),
        ((-1.0, 0.1), "-1.0"),
        ((0.1, math.inf), "inf"),
        ((0.1, math.nan), "nan"),
        (("a",), "numbers"),
    ],
)
def test_edges_that_are_none_are_refused_by_name(edges: tuple[float, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ExtractionMonitor("technical", service="s", registry=Registry(), edges=edges)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "\ud800", 7])
def test_a_name_that_cannot_be_a_label_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="extractor"):
        ExtractionMonitor(name, service="s", registry=Registry())
    with pytest.raises(ValueError, match="service"):
        ExtractionMonitor("e", service=name, registry=Registry())


def test_a_second_monitor_of_the_same_extractor_is_refused_and_harms_nothing() -> None:
    registry, monitor = monitored()
    monitor.record(0.1)
    before = exposed(registry)
    with pytest.raises(DuplicateSeries, match="market-features"):
        ExtractionMonitor("technical", service="market-features", registry=registry)
    assert exposed(registry) == before


def test_two_extractors_of_a_service_share_what_belongs_to_the_service() -> None:
    registry, _ = monitored()
    ExtractionMonitor("sentiment", service="market-features", registry=registry)
    assert value(registry, names.BUILD_INFO) == 1
    assert value(registry, names.INTERNAL_ERRORS) == 0


def test_edges_of_ones_own_are_exported_as_they_are() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, edges=(0.25, 1))
    monitor.record(0.5)
    found = {
        dict(labels)["le"]: number
        for (name, labels), number in exposed(registry).items()
        if name == names.EXTRACTION_DURATION + "_bucket" and dict(labels)[names.SERVED_FROM] == "compute"
    }
    assert found == {"0.25": 0, "1.0": 1, "+Inf": 1}


def test_a_block_counts_its_time_and_what_was_said_in_it() -> None:
    registry = Registry()
    moments = iter([10.0, 10.25])
    monitor = ExtractionMonitor("technical", service="s", registry=registry, clock=lambda: next(moments))
    with monitor.extraction() as extraction:
        assert extraction.served_from == "compute"
        extraction.served_from = "cache"
    assert counts(registry) == {("cache", "success"): 1}
    assert value(registry, names.EXTRACTION_DURATION + "_sum", served_from="cache") == 0.25


def test_a_block_can_fail_without_an_exception() -> None:
    registry, monitor = monitored()
    with monitor.extraction() as extraction:
        extraction.failed("StaleInput")
    assert counts(registry) == {("none", "error"): 1}
    assert value(registry, names.EXTRACTION_ERRORS, error_type="StaleInput") == 1


def test_an_exception_leaves_a_block_as_it_was_raised() -> None:
    registry, monitor = monitored()
    error = RuntimeError("no")

    def extract() -> None:
        with monitor.extraction() as extraction:
            extraction.served_from = "cache"
            raise error

    with pytest.raises(RuntimeError, match="no") as caught:
        extract()
    assert caught.value is error
    assert counts(registry) == {("none", "error"): 1}


def test_a_mark_belongs_to_the_innermost_extraction() -> None:
    registry, monitor = monitored()
    outer = ExtractionMonitor("outer", service="market-features", registry=registry)

    @monitor.measure
    def inner(source: names.ServedFrom | None) -> None:
        if source:
            featurewatch.served_from(source)

    with outer.extraction():
        featurewatch.served_from("fallback")
        inner(None)
        inner("cache")
    with outer.extraction():
        inner("cache")
    name = names.EXTRACTION_DURATION + "_count"
    assert value(registry, name, extractor="outer", served_from="fallback") == 1
    assert value(registry, name, extractor="outer", served_from="compute") == 1
    assert value(registry, name, extractor="outer", served_from="cache") == 0
    assert value(registry, name, extractor="technical", served_from="compute") == 1
    assert value(registry, name, extractor="technical", served_from="cache") == 2


def test_a_mark_made_outside_of_any_extraction_changes_nothing() -> None:
    registry, monitor = monitored()
    featurewatch.served_from("cache")
    with monitor.extraction():
        pass
    assert counts(registry) == {("compute", "success"): 1}


def test_thousands_of_lost_marks_neither_grow_without_bound_nor_break_later_ones() -> None:
    from featurewatch.measure.marks import MANY, outstanding

    registry, monitor = monitored()
    for _ in range(3 * MANY):
        featurewatch.served_from("cache")
    assert len(outstanding) <= MANY

    @monitor.measure
    def extract() -> None:
        featurewatch.served_from("fallback")

    extract()
    assert counts(registry) == {("fallback", "success"): 1}
    outstanding.clear()


def test_a_mark_can_say_that_it_failed() -> None:
    registry, monitor = monitored()

    @monitor.measure
    def extract() -> str:
        featurewatch.failed("StaleInput")
        return "still something"

    assert extract() == "still something"
    assert counts(registry) == {("none", "error"): 1}


def test_what_is_in_progress_is_counted_when_asked_for() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, in_progress=True)
    seen: list[float] = []

    @monitor.measure
    def extract(fail: bool) -> None:
        seen.append(value(registry, names.EXTRACTIONS_IN_PROGRESS))
        if fail:
            raise TimeoutError

    with monitor.extraction():
        extract(False)
        with pytest.raises(TimeoutError):
            extract(True)
    assert seen == [2, 2]
    assert value(registry, names.EXTRACTIONS_IN_PROGRESS) == 0


def test_the_public_names_are_the_ones_that_exist() -> None:
    for name in featurewatch.__all__:
        assert getattr(featurewatch, name).__doc__
    assert set(featurewatch.__all__) <= set(dir(featurewatch))
    with pytest.raises(AttributeError, match="no attribute 'Regsitry'"):
        featurewatch.Regsitry  # noqa: B018


def test_further_labels_of_a_registry_stand_on_every_series_in_it() -> None:
    registry = Registry({"application": "a", "deployment": "d"})
    monitor = ExtractionMonitor("x", service="s", registry=registry, in_progress=True)
    monitor.record(0.1, error="Oops")
    ExtractionMonitor("y", service="s", registry=registry)
    for family, members in registry.families():
        for series in members:
            assert series.labels[-2:] == (("application", "a"), ("deployment", "d")), family.name
            assert len(dict(series.labels)) == len(series.labels)


def test_further_labels_do_not_hide_that_two_write_the_same_series() -> None:
    registry = Registry({"deployment": "d"})
    ExtractionMonitor("x", service="s", registry=registry)
    with pytest.raises(DuplicateSeries):
        ExtractionMonitor("x", service="s", registry=registry)


@pytest.mark.parametrize("label", ["le", "service", "outcome", "__name", "with-hyphen", "", "9"])
def test_a_further_label_that_cannot_be_one_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="cannot be a further label"):
        Registry({label: "d"})
