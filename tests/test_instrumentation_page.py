"""The page on measuring runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import featurewatch
from featurewatch.bench import hot_path, verdict
from featurewatch.bench.verdict import Row

PAGE = Path(__file__).parent.parent / "docs" / "instrumentation.md"


def test_the_example_on_the_page_runs_without_anything_else_installed(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    root = str(Path(featurewatch.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", found[1]],
        env={"PYTHONPATH": root},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("metrics are at http://127.0.0.1:")


def test_the_page_names_every_public_way_in() -> None:
    text = PAGE.read_text()
    for name in ("monitor.measure", "monitor.extraction()", "monitor.record", "served_from(", "failed(", "metrics_app"):
        assert name in text


def test_a_goal_missed_by_more_than_the_tolerance_fails_the_run() -> None:
    rows = [
        Row("reached", 1.9, "x", goal=2.0),
        Row("just missed", 2.2, "x", goal=2.0),
        Row("at least", 13, "x", goal=12, bound="at least"),
        Row("no goal", 99, "x"),
    ]
    assert [row.verdict for row in rows] == ["reached", "missed, within tolerance", "reached", ""]
    assert not verdict.failed(rows)
    assert verdict.failed([*rows, Row("missed", 2.4, "x", goal=2.0)])
    assert verdict.failed([Row("missed", 10, "x", goal=12, bound="at least")])
    assert "MISSED" in verdict.table([Row("missed", 10, "x", goal=12, bound="at least")])


def test_the_benchmark_measures_every_row() -> None:
    from featurewatch import ExtractionMonitor, Registry

    registry = Registry()
    monitor = ExtractionMonitor("bench", service="bench", registry=registry)
    rows = [*hot_path.cost_rows(monitor, registry, 1), *hot_path.async_rows(monitor, 1), *hot_path.fold_rows(1)]
    names = [row.name for row in rows]
    assert len(set(names)) == len(names) >= 16
    assert all(row.measured > 0 for row in rows if row.name != hot_path.IN_PROGRESS)
