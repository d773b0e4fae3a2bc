"""What Prometheus prints and interpolates, against Prometheus itself and against NumPy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurewatch import names
from featurewatch.promtool import Promtool
from featurewatch.rules import messages
from featurewatch.rules.expected import bucket_quantile, filled, humanize_duration, humanize_percentage, steady
from featurewatch.tools.toolbox import Tools
from featurewatch.yaml_text import dump

VALUES = (
    *(0.0, 1e-9, 0.0000123456, 0.00099996, 0.001, 0.0123456, 0.1, 0.100019, 0.99996, 1.0, 1.5, 9.99996, 59.9999),
    *(60.0, 61.7, 3599.0, 3600.0, 86399.5, 86400.0, 200000.0),
)


def test_values_are_printed_as_prometheus_prints_them(tools: Tools, tmp_path: Path) -> None:
    rules = {
        "groups": [
            {
                "name": "x",
                "rules": [
                    {
                        "alert": "Printed",
                        "expr": "v",
                        "annotations": {
                            "percentage": "{{ $value | humanizePercentage }}",
                            "duration": "{{ $value | humanizeDuration }}",
                        },
                    }
                ],
            }
        ]
    }
    (tmp_path / "x.rules.yaml").write_text(dump(rules), encoding="utf-8")
    alerts = [
        {
            "exp_labels": {"n": str(number)},
            "exp_annotations": {"percentage": humanize_percentage(value), "duration": humanize_duration(value)},
        }
        for number, value in enumerate(VALUES)
    ]
    series = [{"series": f'v{{n="{number}"}}', "values": repr(value)} for number, value in enumerate(VALUES)]
    test = {
        "name": "printed",
        "interval": "1s",
        "input_series": series,
        "alert_rule_test": [{"eval_time": "0s", "alertname": "Printed", "exp_alerts": alerts}],
    }
    file = tmp_path / "x.test.yaml"
    file.write_text(dump({"rule_files": ["x.rules.yaml"], "tests": [test]}), encoding="utf-8")

    assert Promtool(tools.promtool.path).test_rules([file]).faults == ()


def test_a_tenth_of_a_per_cent_is_not_printed_as_nothing() -> None:
    assert humanize_percentage(0.001) == "0.1%"


def test_a_share_between_two_printed_values_is_known_to_be_unsteady() -> None:
    assert not steady(0.050125)
    assert steady(501 / 10001)


@given(st.lists(st.floats(0.0001, 9.9), min_size=20, max_size=400), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_bucket_quantile_lies_in_the_bucket_of_the_true_one(samples: list[float], quantile: float) -> None:
    edges = [*names.DURATION_EDGES_SECONDS, math.inf]
    cumulative = [(edge, float(sum(sample <= edge for sample in samples))) for edge in edges]

    found = bucket_quantile(quantile, cumulative)

    true = float(np.quantile(samples, quantile, method="inverted_cdf"))
    upper = next(edge for edge in edges if true <= edge)
    lower = max((edge for edge in edges if edge < true), default=0.0)
    assert lower <= found <= upper + 1e-12


def test_a_quantile_beyond_the_last_edge_is_that_edge() -> None:
    assert bucket_quantile(0.95, [(0.1, 1.0), (0.2, 2.0), (math.inf, 100.0)]) == 0.2


def test_a_quantile_of_nothing_is_no_number() -> None:
    assert math.isnan(bucket_quantile(0.95, [(0.1, 0.0), (math.inf, 0.0)]))


def test_a_quantile_is_interpolated_in_its_bucket() -> None:
    assert bucket_quantile(0.95, [(0.1, 90.0), (0.2, 100.0), (math.inf, 100.0)]) == pytest.approx(0.15)


def test_a_label_that_looks_like_a_template_stays_as_it_is() -> None:
    labels = {"service": "s", "extractor": messages.PERCENTAGE}

    assert filled({"summary": f"{messages.EXTRACTOR}: {messages.PERCENTAGE}"}, labels, 0.5, {}) == {
        "summary": f"{messages.PERCENTAGE}: 50%"
    }
