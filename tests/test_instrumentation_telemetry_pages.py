"""The pages on traces and on host and GPU run as they are printed, and name what is exported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.otlp_receiver import attributes, receiving

import featurewatch
from featurewatch import names
from featurewatch.gpu import families as gpu_families
from featurewatch.host import families as host_families
from featurewatch.measure.family import Family

PAGES = Path(__file__).parent.parent / "docs" / "instrumentation"


def run(page: str, folder: Path, endpoint: str = "") -> str:
    (block,) = re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    if endpoint:
        block = block.replace("http://127.0.0.1:4318", endpoint).replace("sample=0.1", "sample=1.0")
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        env={"PYTHONPATH": str(Path(featurewatch.__file__).parent.parent)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_the_example_on_traces_works_when_nothing_listens(tmp_path: Path) -> None:
    assert run("traces.md", tmp_path, "http://127.0.0.1:9") == "features: 0.5\n"


def test_the_example_on_traces_sends_spans_with_their_session_and_metrics(tmp_path: Path) -> None:
    with receiving("http") as received:
        run("traces.md", tmp_path, received.address)
        assert {span.name for span in received.spans()} == {"extraction technical", "stage fetch", "stage transform"}
        assert {attributes(span)["session.id"] for span in received.spans()} == {"s-42"}
        assert names.EXTRACTION_DURATION in {metric.name for metric in received.metrics()}


def test_the_example_on_host_and_gpu_serves_metrics(tmp_path: Path) -> None:
    assert run("host-and-gpu.md", tmp_path).startswith("metrics are at http://127.0.0.1:")


@pytest.mark.parametrize("module", [host_families, gpu_families], ids=["host", "gpu"])
def test_every_metric_of_a_machine_stands_on_its_page(module: ModuleType) -> None:
    text = (PAGES / "host-and-gpu.md").read_text()
    own = [value.name for value in vars(module).values() if isinstance(value, Family)]
    assert len(own) >= 18
    for metric in own:
        start = metric.split("_")[1]
        assert metric in text or f"`_{metric.removeprefix(f'featurewatch_{start}_')}" in text, metric
