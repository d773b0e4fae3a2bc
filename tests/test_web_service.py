"""The example under real gunicorn with real uvicorn workers, and the page about it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import prometheus_client
import pytest
from prometheus_client import multiprocess
from tests import running_prometheus
from tests.conftest import CHECKOUT
from tests.exposed import samples_of
from tests.native_sample import eventually

import featurewatch
from featurewatch import names
from featurewatch.measure.scrape import Scrapes
from featurewatch.native.ports import free_port
from featurewatch.tools.toolbox import Tools

COUNT = names.EXTRACTION_DURATION + "_count"


@contextmanager
def _gunicorn(folder: Path, workers: int = 2) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    bin_folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT / "exporters"),
        "WEB_SERVICE_BIND": address,
        "WEB_SERVICE_WORKERS": str(workers),
        "WEB_SERVICE_SHARED": str(folder / "shared"),
    }
    with (folder / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(
            [bin_folder / "gunicorn", "-c", "examples/web_service/gunicorn.conf.py"],
            cwd=CHECKOUT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: _answers(f"http://{address}/metrics/"), 60)
            yield f"http://{address}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _extractions(url: str) -> float:
    found = samples_of(httpx.get(f"{url}/metrics/", trust_env=False).raise_for_status().text)
    return sum(number for (name, _), number in found.items() if name == COUNT)


@pytest.mark.long
def test_all_workers_are_on_every_page_and_a_killed_one_keeps_its_counts(tmp_path: Path) -> None:
    with _gunicorn(tmp_path) as url:
        pids = set()
        for number in range(40):
            with httpx.Client(trust_env=False) as client:  # a connection each, so that both workers are reached
                pids.add(client.get(f"{url}/features/S{number}").raise_for_status().json()["worker"])
        eventually(lambda: _extractions(url) == 40)
        os.kill(min(pids), signal.SIGKILL)
        seen = [40.0]

        def again() -> bool:
            try:
                seen.append(_extractions(url))
            except httpx.TransportError:  # the connection of the one that was killed
                return False
            return len(seen) > 20

        eventually(again)
        assert set(seen) == {40.0}
        assert httpx.get(f"{url}/nowhere", trust_env=False).status_code == 404
        assert _extractions(url) == 40
        shared = tmp_path / "shared"
        eventually(lambda: (shared / "ended.json").exists())
        assert len(list(shared.glob("*.series"))) <= 2


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_real_prometheus_sees_the_service_as_one(tools: Tools, tmp_path: Path) -> None:
    with _gunicorn(tmp_path) as url:
        for number in range(10):
            httpx.get(f"{url}/features/S{number}", trust_env=False).raise_for_status()
        target = url.removeprefix("http://")
        with running_prometheus.prometheus(tools.prometheus.path, tmp_path, {"web": (target, {})}) as server:

            def sees() -> bool:
                query = {"query": f"sum({COUNT}{{extractor='GET /features/{{symbol}}'}})"}
                answer = httpx.get(f"{server}/api/v1/query", params=query, trust_env=False).json()
                return bool(answer["data"]["result"]) and answer["data"]["result"][0]["value"][1] == "10"

            eventually(sees, 30)


def test_the_example_on_the_page_runs(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs/instrumentation/web-workers.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (tmp_path / "example.py").write_text(found[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        env={"PYTHONPATH": str(CHECKOUT / "exporters")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("sum of squares 328350\nmetrics of all processes are at http://127.0.0.1:")


def test_prometheus_clients_own_multiprocess_mode_works_beside_ours(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    code = (
        "import sys, featurewatch, prometheus_client\n"
        "registry = featurewatch.MultiprocessRegistry(sys.argv[1])\n"
        "featurewatch.ExtractionMonitor('e', service='s', registry=registry).record(0.1)\n"
        "prometheus_client.Counter('own', 'Own.').inc(2)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT / "exporters"),
        "PROMETHEUS_MULTIPROC_DIR": str(theirs),
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, str(ours)], env=environment, check=True)
    own = prometheus_client.CollectorRegistry()
    multiprocess.MultiProcessCollector(own, path=str(theirs))  # type: ignore[no-untyped-call]
    page = Scrapes(featurewatch.MultiprocessRegistry(ours), own).answer("GET").body.decode()
    found = {name: number for (name, _), number in samples_of(page).items() if number}
    assert found["own_total"] == 4
    assert found[COUNT] == 2
    assert b"own_total 4.0" in prometheus_client.generate_latest(own)
