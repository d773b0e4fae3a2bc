"""Exponential buckets: counted right here, encoded right, and read right by the real Prometheus."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch import ExtractionMonitor, Registry, names, start_metrics_server
from featurewatch.measure.native import FIRST_INDEX, PER_DOUBLING, ZERO_THRESHOLD, counted, spans
from featurewatch.measure.negotiation import wanted_format
from featurewatch.measure.scrape import Scrapes
from featurewatch.native.ports import free_port
from featurewatch.tools.toolbox import Tools

ACCEPT = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,*/*;q=0.1"


@given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=300))
def test_each_sample_lies_in_the_bucket_it_is_counted_in(samples: list[float]) -> None:
    samples.sort()
    buckets = dict(counted(samples))
    assert sum(buckets.values()) == len(samples)
    for index, count in buckets.items():
        if index == FIRST_INDEX:
            inside = [sample for sample in samples if sample <= ZERO_THRESHOLD]
        else:
            lower, upper = 2 ** ((index - 1) / PER_DOUBLING), 2 ** (index / PER_DOUBLING)
            slack = 4 * math.ulp(upper)
            inside = [sample for sample in samples if lower - slack < sample <= upper + slack]
        assert len(inside) >= count


@given(st.dictionaries(st.integers(FIRST_INDEX, 200), st.integers(1, 10**9), max_size=60))
def test_spans_and_deltas_give_the_buckets_back(native: dict[int, int]) -> None:
    zero, runs, deltas = spans(native)
    found: dict[int, int] = {FIRST_INDEX: zero} if zero else {}
    position, count, remaining = 0, 0, iter(deltas)
    for offset, length in runs:
        position += offset
        for _ in range(length):
            count += next(remaining)
            found[position] = count
            position += 1
    assert next(remaining, None) is None
    assert found == native


def test_protobuf_is_given_only_when_asked_for_in_the_form_we_have() -> None:
    assert wanted_format(ACCEPT) == "protobuf"
    assert wanted_format("application/vnd.google.protobuf;proto=other;encoding=delimited") == "text"
    assert wanted_format(ACCEPT.replace("delimited", "text")) == "text"


def test_a_counter_in_protobuf_is_what_the_format_says_byte_for_byte() -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("own_things", "Own.", ["a"], registry=registry).labels("b").inc(2)
    answer = Scrapes(Registry(), registry).answer("GET", ACCEPT)
    assert dict(answer.headers)["Content-Type"].startswith("application/vnd.google.protobuf; proto=io.prometheus")
    pair = b"\x0a\x01a\x12\x01b"
    two = b"\x09" + b"\x00\x00\x00\x00\x00\x00\x00\x40"
    metric = b"\x0a\x06" + pair + b"\x1a\x09" + two
    family = b"\x0a\x10own_things_total\x12\x04Own.\x18\x00\x22" + bytes([len(metric)]) + metric
    assert answer.body == bytes([len(family)]) + family


class Server:
    """A real Prometheus that scrapes one target every second."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        with urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{urlencode({'query': expression})}") as answer:
            result = json.load(answer)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def number(self, expression: str) -> float:
        result = self.query(expression)
        assert len(result) == 1, f"{expression}: {result}"
        return result[0][1]

    def total(self, expression: str) -> float:
        """The sum over all series; 0 while there are none."""
        return sum(value for _, value in self.query(expression))

    def until(self, true: Callable[[], object], what: str, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except OSError:
                pass  # not up yet
            time.sleep(0.1)
        pytest.fail(f"Prometheus did not get there in {seconds} s: {what}")


@contextmanager
def prometheus(tools: Tools, folder: Path, target: int, scrape: str) -> Iterator[Server]:
    """`scrape` is more configuration for the one scrape job."""
    port = free_port()
    (folder / "prometheus.yaml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: x, static_configs: [{{targets: ['127.0.0.1:{target}']}}], {scrape}}}\n"
    )
    command = [
        *(str(tools.prometheus.path), f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=native-histograms", "--log.level=warn"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "2"})
        try:
            yield Server(port)
        finally:
            process.terminate()
            process.wait(20)


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "log-normal": lambda draw, n: draw.lognormal(math.log(0.1), 0.5, n),
    "bimodal": lambda draw, n: np.where(
        draw.random(n) < 0.6, draw.lognormal(math.log(0.03), 0.2, n), draw.lognormal(math.log(0.12), 0.3, n)
    ),
    "heavy-tailed": lambda draw, n: 0.05 * (1 + draw.pareto(2.5, n)),
}
SAMPLES = 20_000


@pytest.mark.end_to_end
@pytest.mark.parametrize("nhcb", [False, True], ids=["native", "custom-buckets"])
def test_the_real_prometheus_reads_native_and_classic_buckets_of_one_scrape(
    tools: Tools, tmp_path: Path, nhcb: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry()
    monitors = {
        name: ExtractionMonitor(name, service="s", registry=registry, native=not nhcb) for name in DISTRIBUTIONS
    }
    samples = {name: make(np.random.default_rng(5), SAMPLES).tolist() for name, make in DISTRIBUTIONS.items()}
    own = prometheus_client.CollectorRegistry()
    prometheus_client.Gauge("own_level", "Own.", registry=own).set(7)
    prometheus_client.Histogram("own_seconds", "Own.", registry=own).observe(0.3)
    prometheus_client.Summary("own_size", "Own.", registry=own).observe(3)
    prometheus_client.Info("own", "Own.", registry=own).info({"a": "b"})
    selector = f'{names.EXTRACTION_DURATION}{{served_from="compute"}}'
    more = "convert_classic_histograms_to_nhcb: true" if nhcb else "always_scrape_classic_histograms: true"
    with (
        start_metrics_server(registry, also=own) as metrics,
        prometheus(tools, tmp_path, metrics.port, more) as server,
    ):
        # Two scrapes at zero, then everything, then one more scrape: the rate is over exactly our samples.
        server.until(lambda: server.total("count_over_time(up[1m])") >= 2, "two scrapes")
        assert server.number("min_over_time(up[1m])") == 1
        for name, values in samples.items():
            for value in values:
                monitors[name].record(value)
        server.until(lambda: server.total(f"histogram_count({selector})") == 3 * SAMPLES, "all samples scraped")
        assert server.number("own_level") == 7
        assert server.number("own_size_sum") == 3
        assert server.query("own_info")[0][0]["a"] == "b"
        if nhcb:
            # Classic edges survive the conversion as they are: the share below an edge is exact.
            for name, values in samples.items():
                exact = sum(value <= 0.1 for value in values) / SAMPLES
                matching = f'{names.EXTRACTION_DURATION}{{extractor="{name}",served_from="compute"}}'
                assert server.number(f"histogram_fraction(0, 0.1, {matching})") == pytest.approx(exact, abs=1e-9)
            return
        assert server.number('own_seconds_bucket{le="0.5"}') == 1
        for name, values in samples.items():
            labels = f'extractor="{name}",served_from="compute"'
            exact = float(np.percentile(values, 95))
            native = server.number(f"histogram_quantile(0.95, sum(rate({names.EXTRACTION_DURATION}{{{labels}}}[5m])))")
            classic = server.number(
                f"histogram_quantile(0.95, sum by (le) (rate({names.EXTRACTION_DURATION}_bucket{{{labels}}}[5m])))"
            )
            with capsys.disabled():
                print(f"\np95 of {name}: native {native / exact - 1:+.2%}, classic {classic / exact - 1:+.2%}", end="")
            assert native == pytest.approx(exact, rel=0.005)
            at_edge = f'{names.EXTRACTION_DURATION}_bucket{{{labels},le="0.1"}}'
            assert server.number(at_edge) == sum(value <= 0.1 for value in values)
            edge = 2 ** (-26 / 8)  # an edge of the exponential buckets near 100 ms
            share = sum(value <= edge for value in values) / SAMPLES
            fraction = f"histogram_fraction(0, {edge!r}, {names.EXTRACTION_DURATION}{{{labels}}})"
            assert server.number(fraction) == pytest.approx(share, abs=1e-6)


def test_a_monitor_without_native_buckets_exports_none_and_one_with_them_counts_the_same() -> None:
    draw = random.Random(1)
    values = [draw.lognormvariate(-2.3, 0.5) for _ in range(700)]
    for native in (False, True):
        registry = Registry()
        monitor = ExtractionMonitor("e", service="s", registry=registry, native=native)
        for value in values:
            monitor.record(value)
        (compute, *_), *_ = (members for family, members in registry.families() if family.kind == "histogram")
        totals = compute.read()
        assert not isinstance(totals, (int, float))
        assert totals.cumulative[-1] == 700
        assert (sum(totals.native.values()) if totals.native is not None else None) == (700 if native else None)
