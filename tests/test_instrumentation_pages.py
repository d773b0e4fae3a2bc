"""The pages on further kinds of instrumentation run as they are printed, and name what they export."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import featurewatch
from featurewatch import names

PAGES = Path(__file__).parent.parent / "docs" / "instrumentation"


def run(page: str, folder: Path) -> str:
    (block,) = re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        env={"PYTHONPATH": str(Path(featurewatch.__file__).parent.parent)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("page", ["stages.md", "caches.md", "batches.md"])
def test_the_example_on_a_page_runs_and_serves_metrics(page: str, tmp_path: Path) -> None:
    assert run(page, tmp_path).startswith("metrics are at http://127.0.0.1:")


def test_the_example_on_snapshots_adapts_to_its_latency(tmp_path: Path) -> None:
    assert re.match(r"p95 0\.\d+ s, hits \d+%|too slow", run("snapshots.md", tmp_path))


def test_the_example_on_logs_writes_lines_that_hold_no_value(tmp_path: Path) -> None:
    text = run("logs.md", tmp_path)
    asked, failed, told = map(json.loads, text.splitlines())
    assert (asked["message"], asked["extractor"]) == ("asked for %s", "technical")
    assert (failed["outcome"], failed["error_type"]) == ("error", "TimeoutError")
    assert told["exception"] == "TimeoutError"
    assert "BTC" not in text
    assert "64123" not in text


@pytest.mark.parametrize(
    ("page", "prefix"), [("caches.md", "featurewatch_cache_"), ("batches.md", "featurewatch_batch")]
)
def test_every_metric_of_a_kind_stands_on_its_page(page: str, prefix: str) -> None:
    text = (PAGES / page).read_text()
    own = [value for name, value in vars(names).items() if name.isupper() and str(value).startswith(prefix)]
    assert len(own) >= 7
    for metric in own:
        assert metric in text or f"`_{metric.removeprefix(prefix)}`" in text, metric
