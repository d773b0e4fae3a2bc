"""Native histograms beside prometheus_client's own metrics: in its registry, and in a real Prometheus."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import prometheus_client
import pytest
from prometheus_client.core import Metric
from prometheus_client.samples import BucketSpan, NativeHistogram, Sample
from tests.conftest import CHECKOUT
from tests.exposed import samples_of
from tests.test_native_histograms import ACCEPT, prometheus

import featurewatch
from featurewatch import MultiprocessRegistry, Registry, names, start_metrics_server
from featurewatch.measure.scrape import Scrapes
from featurewatch.tools.toolbox import Tools


class Foreign:
    """Somebody else's collector, with a native histogram of its own: schema 0, zero bucket, negative values."""

    def collect(self) -> Iterator[Any]:
        metric = Metric("foreign", "Foreign.", "histogram")
        spans, deltas = [BucketSpan(0, 2)], [3, -1]  # 3 in (0.5, 1], 2 in (1, 2]
        native = NativeHistogram(
            8, 5.0, 0, 0.001, 2, pos_spans=spans, neg_spans=[BucketSpan(1, 1)], pos_deltas=deltas, neg_deltas=[1]
        )
        metric.samples.append(Sample("foreign", {"a": "b"}, 0.0, None, None, native))
        yield metric


@pytest.mark.end_to_end
def test_a_real_prometheus_reads_native_histograms_out_of_a_prometheus_client_registry(
    tools: Tools, tmp_path: Path
) -> None:
    own = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("things", "Things.", registry=own).inc(3)
    latency = featurewatch.NativeHistogram("latency_seconds", "Latency.", ["route"], registry=own)
    own.register(Foreign())
    values = np.random.default_rng(3).lognormal(math.log(0.1), 0.5, 20_000)
    child = latency.labels(route="/a")
    with (
        start_metrics_server(Registry(), also=own) as metrics,
        prometheus(tools, tmp_path, metrics.port, "always_scrape_classic_histograms: true") as server,
    ):
        server.until(lambda: server.total("count_over_time(up[1m])") >= 2, "two scrapes")
        assert server.number("min_over_time(up[1m])") == 1
        for value in values.tolist():
            child.observe(value)
        server.until(lambda: server.total('histogram_count(latency_seconds{route="/a"})') == 20_000, "all samples")
        p95 = server.number("histogram_quantile(0.95, latency_seconds)")
        assert p95 == pytest.approx(float(np.percentile(values, 95)), rel=0.005)
        assert server.number('latency_seconds_bucket{le="0.1"}') == int((values <= 0.1).sum())
        assert server.number("things_total") == 3
        assert server.number("histogram_count(foreign)") == 8
        assert server.number("histogram_sum(foreign)") == 5
        assert server.number("histogram_fraction(1, 2, foreign)") == pytest.approx(2 / 8)
        assert server.number("histogram_fraction(-4, -2, foreign)") == pytest.approx(0, abs=1e-9)
        assert server.number("histogram_fraction(-2, -1, foreign)") == pytest.approx(1 / 8)


def test_the_text_formats_show_the_classic_buckets_and_no_nonsense() -> None:
    own = prometheus_client.CollectorRegistry()
    histogram = featurewatch.NativeHistogram("h", "H.", registry=own, edges=(0.1, 1.0))
    own.register(Foreign())
    for value in (0.05, 0.5, 5.0):
        histogram.observe(value)
    for accept in ("text/plain", "application/openmetrics-text"):
        text = Scrapes(Registry(), own).answer("GET", accept).body.decode()
        assert 'h_bucket{le="0.1"} 1' in text
        assert "h_count 3" in text
        assert "foreign 0" not in text
        assert "foreign{" not in text
    found = samples_of(prometheus_client.generate_latest(prometheus_client_only(histogram)).decode())
    assert found["h_bucket", frozenset({("le", "+Inf")})] == 3


def prometheus_client_only(histogram: Any) -> prometheus_client.CollectorRegistry:
    registry = prometheus_client.CollectorRegistry()
    registry.register(histogram)
    return registry


def test_exemplars_reach_openmetrics_and_protobuf() -> None:
    own = prometheus_client.CollectorRegistry()
    histogram = featurewatch.NativeHistogram("h", "H.", registry=own, exemplars=lambda: ("trace1", "span1"))
    prometheus_client.Counter("c", "C.", registry=own).inc(1, {"trace_id": "trace2"})
    histogram.observe(0.05)
    scrapes = Scrapes(Registry(), own)
    openmetrics = scrapes.answer("GET", "application/openmetrics-text").body.decode()
    assert re.search(r'h_bucket\{le="0.05"\} 1.0 # \{span_id="span1",trace_id="trace1"\} 0.05', openmetrics)
    protobuf = scrapes.answer("GET", ACCEPT).body
    assert b"trace1" in protobuf
    assert b"trace2" in protobuf


def test_labels_are_checked_capped_and_may_be_named() -> None:
    registry = Registry()
    histogram = featurewatch.NativeHistogram("h", "H.", ["a", "b"], registry=registry, most_label_sets=2)
    assert histogram.labels("1", "2") is histogram.labels(b=2, a=1) is histogram.labels("1", b="2")
    for wrong in (("1",), ("1", "2", "3")):
        with pytest.raises(ValueError, match="has the labels"):
            histogram.labels(*wrong)
    with pytest.raises(ValueError, match="has the labels"):
        histogram.labels("1", c="2")
    others = {id(histogram.labels(str(number), "x")) for number in range(10)}
    assert len(others) == 2
    for name, labels in (("", ()), ("a b", ()), ("h", ("le",)), ("h", ("9",))):
        with pytest.raises(ValueError, match="is no name"):
            featurewatch.NativeHistogram(name, "H.", labels, registry=registry)


REFUSED = {"nan": math.nan, "infinite": math.inf, "negative": -1.0, "type": "0.1"}


def test_what_is_refused_is_counted_by_metric_and_reason() -> None:
    registry = Registry()
    histogram = featurewatch.NativeHistogram("h", "H.", ["a"], registry=registry)
    for wrong in REFUSED.values():
        histogram.labels("x").observe(wrong)  # type: ignore[arg-type]  # what a caller may do all the same
        histogram.labels("y").observe(wrong)  # type: ignore[arg-type]
    histogram.labels("x").observe(0.3)
    scrapes = Scrapes(registry)
    assert 'h_count{a="x"} 1' in scrapes.answer("GET").body.decode()
    assert samples_of(refusals(scrapes)) == {
        (names.OBSERVATIONS_REFUSED, frozenset({("metric", "h"), ("reason", reason)})): 2 for reason in REFUSED
    }


def refusals(scrapes: Scrapes) -> str:
    """The lines of a page that count refusals."""
    text = scrapes.answer("GET").body.decode()
    return "".join(f"{line}\n" for line in text.splitlines() if line.startswith(names.OBSERVATIONS_REFUSED))


def test_refusals_of_all_histograms_are_one_family_of_the_prometheus_client_registry() -> None:
    own = prometheus_client.CollectorRegistry()
    first, second = (featurewatch.NativeHistogram(name, "H.", registry=own) for name in ("first", "second"))
    assert names.OBSERVATIONS_REFUSED not in prometheus_client.generate_latest(own).decode()
    first.observe(math.nan)
    second.observe(-1)
    second.observe(-2)
    prometheus_client.generate_latest(own)  # folds
    text = prometheus_client.generate_latest(own).decode()
    assert text.count(f"# TYPE {names.OBSERVATIONS_REFUSED} counter") == 1
    found = samples_of(text)
    assert found[names.OBSERVATIONS_REFUSED, frozenset({("metric", "first"), ("reason", "nan")})] == 1
    assert found[names.OBSERVATIONS_REFUSED, frozenset({("metric", "second"), ("reason", "negative")})] == 2
    assert 'metric="second",reason="negative"' in refusals(Scrapes(Registry(), own))


def test_processes_add_up_when_the_registry_is_shared(tmp_path: Path) -> None:
    for _ in range(2):
        registry = MultiprocessRegistry(tmp_path, interval=60)
        featurewatch.NativeHistogram("h", "H.", registry=registry).observe(0.3)
        text = Scrapes(registry).answer("GET").body.decode()
        registry._file.abandon() if registry._file else None
    assert "h_count 2" in text


def test_the_example_on_the_page_runs(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs/instrumentation/native-histograms.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", found[1]],
        env={"PYTHONPATH": str(CHECKOUT / "exporters")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("metrics are at http://127.0.0.1:")
