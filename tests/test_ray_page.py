"""The page on Ray Serve and the example run as they are printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.running_ray import ENVIRONMENT, end, eventually

from featurewatch import manifests, names
from featurewatch.native.ports import free_port
from featurewatch.objectives import shipped
from featurewatch.tools.toolbox import Tools

CHECKOUT = Path(__file__).parent.parent
PAGE = (CHECKOUT / "docs" / "instrumentation" / "ray-serve.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@contextmanager
def folder() -> Iterator[Path]:
    """Short, since Ray's sockets lie in it."""
    made = Path(tempfile.mkdtemp(prefix="fwray-", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def environment(made: Path) -> dict[str, str]:
    search = os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "exporters")))
    return {**os.environ, **ENVIRONMENT, "FEATUREWATCH_RAY_FOLDER": str(made / "shared"), "PYTHONPATH": search}


@pytest.mark.long
def test_the_example_on_the_page_runs_as_it_is_printed() -> None:
    port, entrance = free_port(), free_port()
    code = BLOCKS[0].replace("9465", str(port))
    # The ports and folders of this machine may be taken.
    with folder() as made:
        ray = f'ray.init(_temp_dir="{made}/ray", object_store_memory=80 * 1024 * 1024, '
        script = made / "page.py"
        started = f'    serve.start(http_options={{"port": {entrance}}})\n    features = serve.run('
        script.write_text(code.replace("ray.init(", ray).replace("    features = serve.run(", started))
        done = subprocess.run(
            [sys.executable, script],
            env=environment(made) | {"FEATUREWATCH_RAY_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "[3.0, 3.0, 3.0]" in done.stdout
    labels = 'service="market-features",batch="Features.compute",outcome="success",application="trading"'
    assert f'featurewatch_batch_size_items_sum{{{labels},deployment="Features"}} 3.0' in done.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
def test_the_policy_on_the_page_can_be_made() -> None:
    made: dict[str, object] = {}
    exec(BLOCKS[1], made)
    assert made["scaled"]


def test_the_page_names_what_there_is() -> None:
    for objective in shipped.everything():
        if objective.name.startswith("ray-"):
            assert objective.name in PAGE
    used = re.findall(r"[\[ ](ray-[a-z-]+)[,\]]", PAGE[PAGE.index("use: [") :])
    assert set(used) == {item.name for item in shipped.everything() if item.name.startswith("ray-")}
    assert names.RAY_REPLICAS_STARTED in PAGE
    edges = ", ".join(f"{edge:g}" for edge in manifests.RAY_SERVE_EDGES_MS[:9])
    assert edges in PAGE


@pytest.mark.long
def test_one_command_starts_the_example_and_prometheus_sees_it(tools: Tools) -> None:
    ports = {name: free_port() for name in ("port", "metrics-port", "ray-metrics-port", "prometheus-port")}
    command = [sys.executable, "-m", "examples.ray_serve", "--rate", "8", "--seconds", "60"]
    command += [f"--{name}={port}" for name, port in ports.items()]
    with folder() as made, (made / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(made), cwd=made, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{ports['prometheus-port']}/api/v1/query"

            def asked(query: str) -> float:
                try:
                    answer = (
                        httpx.get(url, params={"query": query}, trust_env=False, timeout=30).raise_for_status().json()
                    )
                except httpx.HTTPError:  # not yet
                    assert process.poll() is None, (made / "log").read_text()
                    return 0
                return float(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else 0

            served = 'featurewatch_extraction_duration_seconds_count{extractor="technical-ray",outcome="success"}'
            eventually(lambda: asked(f"sum({served})") > 100, "its extractions in Prometheus", deadline=180)
            share = 'service_extractor:extraction_latency_100ms:bad_ratio_rate1m{extractor="technical-ray"}'
            eventually(lambda: asked(f"count({share})") == 1, "what its policy asks for", deadline=120)
            assert asked('sum(featurewatch_batch_size_items_sum{batch="TechnicalFeatures.computed"})') > 100
            answer = httpx.get(f"http://127.0.0.1:{ports['port']}/features?symbol=SP500", trust_env=False, timeout=60)
            assert len(answer.json()["features"]) == 35
            assert process.wait(300) == 0, (made / "log").read_text()
            assert b"failed 0" in (made / "log").read_bytes()
        finally:
            end(process)
