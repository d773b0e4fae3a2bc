"""The service and the load generator as processes of their own, the way a user starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from featurewatch import names

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT / "exporters"), str(ROOT / "examples")]),
    "FEATUREWATCH_EXAMPLE_ADMIN": "1",
    "FEATUREWATCH_EXAMPLE_BUDGET_SECONDS": "30",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def service() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--app-dir", "examples", "market_features.service:create_app"]
    options = ["--factory", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, *options], cwd=ROOT, env=ENVIRONMENT)
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 30.0
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200:
                    break
            assert process.poll() is None, "the service ended before it was ready"
            assert time.monotonic() < until, "the service was not ready within 30 s"
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def load(url: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "market_features.load", "--url", url, "--json", *options]


def counted(url: str) -> dict[str, int]:
    text = httpx.get(f"{url}/metrics", follow_redirects=True, trust_env=False).text
    return {
        sample.labels[names.SERVED_FROM]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{names.EXTRACTION_DURATION}_count" and sample.value > 0
    }


def resident_bytes(pid: int) -> int:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("VmRSS:"))


def test_what_the_load_generator_sent_is_what_the_metrics_counted() -> None:
    with service() as (url, process):
        fault = {"mode": "fallback", "share": 0.1}
        httpx.put(f"{url}/admin/fault", json=fault, trust_env=False).raise_for_status()
        done = subprocess.run(
            load(url, "--rate", "60", "--seconds", "3"), env=ENVIRONMENT, capture_output=True, timeout=60, check=True
        )
        summary = json.loads(done.stdout)
        assert summary["errors"] == {}
        assert 120 <= summary["sent"] <= 180
        assert summary["served_from"]["fallback"] == summary["sent"] // 10
        assert counted(url) == summary["served_from"]
        # Reading the data without arch's own imports keeps it near 65 MB; with them it would be above 150.
        assert resident_bytes(process.pid) < 110e6
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_crash_answers_nothing_and_ends_the_process_with_its_own_status() -> None:
    with service() as (url, process):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.put(f"{url}/admin/fault", json={"mode": "crash"}, trust_env=False)
        assert process.wait(10) == 70


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_ends_with_its_summary_and_without_an_error(number: signal.Signals) -> None:
    with service() as (url, _):
        command = load(url, "--rate", "50", "--seconds", "600")
        generator = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            until = time.monotonic() + 30.0
            while sum(counted(url).values()) < 10:
                assert time.monotonic() < until, "no load arrived within 30 s"
                time.sleep(0.05)
            generator.send_signal(number)
            output, errors = generator.communicate(timeout=20)
        finally:
            generator.kill()
            generator.wait()
        assert (generator.returncode, errors) == (0, b"")
        summary = json.loads(output)
        assert summary["ok"] == summary["sent"] == sum(counted(url).values())
