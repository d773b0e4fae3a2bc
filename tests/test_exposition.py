from __future__ import annotations

import math
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exposed import exposed, parsed_openmetrics, samples_of

from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.measure.counter import Counter, Gauge
from featurewatch.measure.exposition import TextExposition, number
from featurewatch.measure.family import Family
from featurewatch.measure.histogram import Histogram
from featurewatch.measure.labels import labels
from featurewatch.measure.negotiation import wanted_format, wants_gzip
from featurewatch.tools.toolbox import Tools

TIMES = Family("x_seconds", "histogram", "Times.\nAnd \\ more.")
EVENTS = Family("x_events_total", "counter", 'Things that "happened".')
LEVEL = Family("x_level", "gauge", "A level.")


def small() -> Registry:
    registry = Registry()
    histogram = Histogram((("who", "a"),), (0.1, 2.5), refused=lambda *_: None, trouble=lambda _: None)
    registry.add(TIMES, histogram)
    for sample in (0.1, 0.2, 3.0):
        histogram.append(sample)
    counter = Counter(())
    counter.add(3)
    registry.add(EVENTS, counter)
    registry.add(LEVEL, Gauge((("where", 'a "b"\\\n100%'),), lambda: math.inf))
    return registry


def test_the_text_format_in_full() -> None:
    assert (
        TextExposition(small()).render()
        == r"""# HELP x_seconds Times.\nAnd \\ more.
# TYPE x_seconds histogram
x_seconds_bucket{who="a",le="0.1"} 1
x_seconds_bucket{who="a",le="2.5"} 2
x_seconds_bucket{who="a",le="+Inf"} 3
x_seconds_sum{who="a"} 3.3
x_seconds_count{who="a"} 3
# HELP x_events_total Things that "happened".
# TYPE x_events_total counter
x_events_total 3
# HELP x_level A level.
# TYPE x_level gauge
x_level{where="a \"b\"\\\n100%"} +Inf
"""
    )


def test_openmetrics_names_a_counter_without_total_and_passes_the_strict_parser() -> None:
    text = TextExposition(small(), "openmetrics").render()
    assert '# HELP x_events Things that \\"happened\\".\n# TYPE x_events counter\nx_events_total 3\n' in text
    assert parsed_openmetrics(small()) == {"x_seconds": "histogram", "x_events": "counter", "x_level": "gauge"}


def test_a_monitor_passes_the_strict_openmetrics_parser() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="s", registry=registry, in_progress=True)
    monitor.record(0.1, error="E")
    families = parsed_openmetrics(registry)
    assert families[names.EXTRACTION_DURATION] == "histogram"
    assert families[names.EXTRACTION_ERRORS.removesuffix("_total")] == "counter"


@given(st.text(min_size=1, max_size=50), st.text(max_size=50))
def test_any_label_value_comes_back_as_it_was_sent(service: str, error: str) -> None:
    registry = Registry()
    try:
        monitor = ExtractionMonitor("e", service=service, registry=registry)
    except ValueError:
        return
    monitor.record(0.1, error=error)
    found = {
        (dict(pairs)[names.SERVICE], dict(pairs)[names.ERROR_TYPE])
        for (name, pairs), count in exposed(registry).items()
        if name == names.EXTRACTION_ERRORS and count
    }
    assert found == {(service, error.encode("utf-8", "replace").decode())}


def test_two_values_that_become_the_same_when_made_sendable_are_one_series() -> None:
    registry = Registry()
    monitor = ExtractionMonitor("e", service="s", registry=registry)
    for error in ("\ud800", "\ud801", "?"):
        monitor.record(0.1, error=error)
    assert [n for (name, _), n in exposed(registry).items() if name == names.EXTRACTION_ERRORS and n] == [3]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7, "7"), (0.1, "0.1"), (1.0, "1.0"), (1e300, "1e+300"), (-math.inf, "-Inf"), (math.nan, "NaN")],
)
def test_numbers_are_spelled_as_both_formats_want_them(value: float, text: str) -> None:
    assert number(value) == text


def test_a_name_cannot_mean_two_families() -> None:
    registry = Registry()
    registry.add(LEVEL, Gauge((), lambda: 1))
    with pytest.raises(ValueError, match="x_level is a gauge here already"):
        registry.add(Family("x_level", "histogram", "Other."), Gauge((("a", "b"),), lambda: 1))
    with pytest.raises(ValueError, match="end in _total"):
        Family("x_events", "counter", "No suffix.")


def test_a_refused_series_leaves_no_trace() -> None:
    registry = Registry()
    registry.add(LEVEL, Gauge(labels({"a": "b"}), lambda: 1))
    with pytest.raises(ValueError, match="exists in this registry"):
        registry.add(LEVEL, Gauge(labels({"a": "b"}), lambda: 2))
    assert samples_of(TextExposition(registry).render()) == {("x_level", frozenset({("a", "b")})): 1}


PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", "text"),
        ("*/*", "text"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text"),
        ("application/json", "text"),
        ("application/openmetrics-text", "openmetrics"),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"),
        ('application/openmetrics-text; version="1.0.0"', "openmetrics"),
        ("application/openmetrics-text; version=2.0.0", "text"),
        ("application/openmetrics-text;q=0", "text"),
        ("application/openmetrics-text;q=0.4,text/plain;q=0.5", "text"),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", "openmetrics"),
        ("application/openmetrics-text;q=nonsense", "text"),
        ("application/openmetrics-text;q=7", "text"),
        ("APPLICATION/OpenMetrics-Text; Version=1.0.0", "openmetrics"),
        (PROMETHEUS_3, "openmetrics"),
        (";;,,=", "text"),
    ],
)
def test_the_format_is_the_one_asked_for_most(accept: str, format_: str) -> None:
    assert wanted_format(accept) == format_


@pytest.mark.parametrize(
    ("accept_encoding", "gzip"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
    ],
)
def test_gzip_is_used_only_when_asked_for(accept_encoding: str, gzip: bool) -> None:
    assert wants_gzip(accept_encoding) is gzip


@given(st.text(max_size=100))
def test_no_header_breaks_the_negotiation(header: str) -> None:
    assert wanted_format(header) in ("text", "openmetrics")
    assert wants_gzip(header) in (True, False)


def test_the_real_promtool_finds_nothing_to_complain_of_in_the_syntax(tools: Tools) -> None:
    registry = Registry()
    ExtractionMonitor("technical", service="s", registry=registry).record(0.1, error='a "b"\\\n')
    text = TextExposition(registry).render().encode()
    done = subprocess.run([tools.promtool.path, "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
