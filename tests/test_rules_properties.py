"""What rules compute from exported buckets, against NumPy on the same durations, over random distributions.

Our own histogram is fed the durations; what it exports is given to the real promtool, and the rules' own expressions
are asked.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests import exposed

from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.measure.native import FIRST_INDEX, PER_DOUBLING, SCHEMA, counted
from featurewatch.promtool import Promtool
from featurewatch.rules import expressions
from featurewatch.rules.cases import BUCKET, Case
from featurewatch.tools.toolbox import Tools
from featurewatch.yaml_text import dump

Durations = NDArray[np.float64]
EDGES = names.DURATION_EDGES_SECONDS
QUANTILES = (0.5, 0.95, 0.99)


@st.composite
def durations(draw: st.DrawFn) -> Durations:
    """Log-normal, gamma, uniform or two-humped; some values lie exactly on edges."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(50, 3000))
    centre = draw(st.floats(0.005, 0.3))
    match draw(st.sampled_from(["log-normal", "gamma", "uniform", "two humps"])):
        case "log-normal":
            found = random.lognormal(math.log(centre), draw(st.floats(0.1, 1.2)), size)
        case "gamma":
            found = random.gamma(draw(st.floats(0.5, 8)), centre / 4, size)
        case "uniform":
            found = random.uniform(centre / 10, centre * 2, size)
        case _:
            found = np.where(random.random(size) < 0.9, random.normal(centre / 3, centre / 30, size), centre * 2)
    found = np.clip(found, 0.0011, 9.9)
    on_edges = draw(st.lists(st.sampled_from(EDGES[1:-1]), max_size=20))
    found[: len(on_edges)] = on_edges
    return np.asarray(found, dtype=np.float64)


@st.composite
def smooth(draw: st.DrawFn) -> Durations:
    """So many log-normal or gamma durations that every bucket near a quantile holds dozens."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centre, size = draw(st.floats(0.005, 0.3)), 20_000
    if draw(st.booleans()):
        return random.lognormal(math.log(centre), draw(st.floats(0.1, 1.0)), size)
    return np.asarray(random.gamma(draw(st.floats(1, 8)), centre / 4, size) + 0.001, dtype=np.float64)


def exported(values: Durations) -> dict[float, int]:
    """The buckets that our exporter shows of these durations: upper edge to how many up to it."""
    registry = Registry()
    monitor = ExtractionMonitor("technical", service="market-features", registry=registry)
    for value in values:
        monitor.record(float(value), served_from=names.COMPUTE)
    return {
        float(dict(labels)["le"]): round(count)
        for (name, labels), count in exposed.exposed(registry).items()
        if name == BUCKET and dict(labels)[names.SERVED_FROM] == names.COMPUTE
    }


def series(metric: str, total: str, **labels: str) -> Case:
    """A counter that is 0, then `total` for a minute."""
    where = {names.SERVICE: "market-features", names.EXTRACTOR: "technical", **labels}
    inside = ",".join(f'{name}="{value}"' for name, value in where.items())
    return {"series": f"{metric}{{{inside}}}", "values": total}


def holds(condition: str) -> Case:
    """An expectation: a condition with `bool` is 1."""
    labels = '{extractor="technical", service="market-features"}'
    return {"expr": condition, "eval_time": "1m", "exp_samples": [{"labels": labels, "value": 1}]}


def verify(promtool: Promtool, inputs: list[Case], checks: list[Case]) -> None:
    test = {
        "evaluation_interval": "10s",
        "tests": [{"interval": "10s", "input_series": inputs, "promql_expr_test": checks}],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "properties.test.yaml"
        file.write_text(dump(test), encoding="utf-8")
        assert promtool.test_rules([file]).faults == ()


few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(values=durations())
def test_the_share_at_an_edge_is_exact(values: Durations, tools: Tools) -> None:
    buckets = exported(values)
    inputs = [series(BUCKET, f"0 {count}x5", le=_le(edge)) for edge, count in buckets.items()]
    inputs.append(series(f"{names.EXTRACTION_DURATION}_count", f"0 {len(values)}x5"))
    checks = []
    for edge in EDGES:
        good = f'{BUCKET}{{le="{_le(edge)}"}}'
        share = expressions.ratio(good, f"{names.EXTRACTION_DURATION}_count", 120.0)
        truth = float(np.mean(values <= edge))
        checks.append(holds(f"abs(({share}) - {truth!r}) <= bool 1e-12"))

    verify(Promtool(tools.promtool.path), inputs, checks)


@few
@given(values=durations())
def test_a_classic_quantile_lies_in_the_bucket_of_the_true_one(values: Durations, tools: Tools) -> None:
    inputs = [series(BUCKET, f"0 {count}x5", le=_le(edge)) for edge, count in exported(values).items()]
    checks = []
    for quantile in QUANTILES:
        truth = float(np.quantile(values, quantile, method="inverted_cdf"))
        upper = min(edge for edge in EDGES if truth <= edge)
        lower = max((edge for edge in EDGES if edge < truth), default=0.0)
        asked = expressions.quantile(quantile, BUCKET, 120.0)
        checks.append(holds(f"(({asked}) >= bool {lower!r} - 1e-9) * (({asked}) <= bool {upper!r} + 1e-9)"))

    verify(Promtool(tools.promtool.path), inputs, checks)


@few
@given(values=durations())
def test_a_native_quantile_lies_in_the_exponential_bucket_of_the_true_one(values: Durations, tools: Tools) -> None:
    checks = []
    for quantile in QUANTILES:
        truth = float(np.quantile(values, quantile, method="inverted_cdf"))
        index = math.ceil(math.log2(truth) * PER_DOUBLING - 1e-9)
        lower, upper = 2 ** ((index - 1) / PER_DOUBLING), 2 ** (index / PER_DOUBLING)
        asked = _native_quantile(quantile)
        checks.append(holds(f"(({asked}) >= bool {lower!r} - 1e-9) * (({asked}) <= bool {upper!r} + 1e-9)"))

    verify(Promtool(tools.promtool.path), [_native(values)], checks)


@few
@given(values=smooth())
def test_a_native_quantile_of_smooth_durations_is_within_one_percent(values: Durations, tools: Tools) -> None:
    checks = []
    for quantile in (0.5, 0.9, 0.95):
        truth = float(np.quantile(values, quantile, method="inverted_cdf"))
        checks.append(holds(f"abs(({_native_quantile(quantile)}) / {truth!r} - 1) <= bool 0.01"))

    verify(Promtool(tools.promtool.path), [_native(values)], checks)


def _native_quantile(quantile: float) -> str:
    return f"histogram_quantile({quantile}, sum by (service, extractor) (rate({names.EXTRACTION_DURATION}[2m])))"


def _native(values: Durations) -> Case:
    """Our exponential buckets, as promtool writes a native histogram."""
    buckets = dict(counted(sorted(map(float, values))))
    assert FIRST_INDEX not in buckets
    first, last = min(buckets), max(buckets)
    counts = " ".join(str(buckets.get(index, 0)) for index in range(first, last + 1))
    total = math.fsum(values)
    after = f"{{{{schema:{SCHEMA} count:{len(values)} sum:{total!r} offset:{first} buckets:[{counts}]}}}}"
    return series(names.EXTRACTION_DURATION, f"{{{{schema:{SCHEMA}}}}} {after}x5")


def _le(edge: float) -> str:
    return "+Inf" if math.isinf(edge) else expressions.le(edge)
