"""What is marked behind the lines, computed by Prometheus itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from featurewatch import names
from featurewatch.dashboards import promql, surroundings
from featurewatch.promtool import Promtool
from featurewatch.tools.toolbox import Tools

RUNS = f'{names.REPAIR_RUNS}{{action="grow",mode="real",outcome="%s"}}'
STOPPED = names.REPAIR_STOPPED
MARKED = '{action="grow",mode="real",outcome="recovered",title="real recovered"}'


def marks(name: str) -> str:
    [found] = [one["target"]["expr"] for one in surroundings.happenings() if one["name"] == name]
    return promql.fill(found, {"environment": ".*", "service": "shop", "extractor": ".*"})


@pytest.fixture
def promtool(tools: Tools) -> Promtool:
    return Promtool(tools.promtool.path)


def said(promtool: Promtool, folder: Path, series: dict[str, str], expected: dict[str, dict[str, float]]) -> str:
    """What promtool has against this: at each time, the marks with their values."""
    checks = [
        {
            "expr": marks("Automatic actions"),
            "eval_time": time,
            "exp_samples": [{"labels": labels, "value": value} for labels, value in found.items()],
        }
        for time, found in expected.items()
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test: dict[str, Any] = {"interval": "15s", "input_series": inputs, "promql_expr_test": checks}
    file = folder / "marks.test.yaml"
    file.write_text(yaml.safe_dump({"tests": [test]}))
    return "\n".join(map(str, promtool.test_rules([file]).faults))


def test_the_end_of_a_run_is_marked_for_a_minute_the_first_of_its_kind_too(promtool: Promtool, tmp_path: Path) -> None:
    series = {STOPPED: "0x60", RUNS % "recovered": "_x8 1x12 2x30", RUNS % "failed": "3x60"}
    expected: dict[str, dict[str, float]] = {
        "1m45s": {},
        "2m15s": {MARKED: 1},
        "4m": {},
        "5m30s": {MARKED: 2},
        "8m": {},
    }
    assert said(promtool, tmp_path, series, expected) == ""


def test_runs_of_the_past_are_not_marked_when_the_responder_is_first_asked(promtool: Promtool, tmp_path: Path) -> None:
    series = {STOPPED: "_x8 0x30", RUNS % "recovered": "_x8 7x30"}
    assert said(promtool, tmp_path, series, {"2m15s": {}, "4m": {}}) == ""


def test_a_run_is_marked_for_as_long_as_it_is_open(promtool: Promtool, tmp_path: Path) -> None:
    series = {f'{names.REPAIR_OPEN}{{action="grow",state="waiting"}}': "_x4 1x8 _x20", STOPPED: "0x60"}
    expected: dict[str, dict[str, float]] = {"30s": {}, "2m": {'{action="grow",state="waiting",title="waiting"}': 1}}
    assert said(promtool, tmp_path, series, expected) == ""
