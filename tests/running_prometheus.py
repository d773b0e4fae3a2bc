"""A real Prometheus on real targets, for tests that ask it something."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from featurewatch.native.ports import free_port
from featurewatch.yaml_text import dump


@contextmanager
def running(argv: Sequence[str | Path], folder: Path, ready: str, deadline: float = 20.0) -> Iterator[None]:
    """A process that answers at the address `ready`; ends with the block."""
    log = folder / f"{Path(argv[0]).name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(argv, cwd=folder, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            end = time.monotonic() + deadline
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"{argv[0]} did not start:\n{log.read_text(errors='replace')}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def prometheus(
    binary: Path,
    folder: Path,
    targets: Mapping[str, tuple[str, Mapping[str, str]]],
    rules: Mapping[str, Any] | None = None,
    flags: Sequence[str] = (),
    *,
    jobs: Sequence[Mapping[str, Any]] = (),
) -> Iterator[str]:
    """Its address. Scrapes and evaluates every second; `targets` is job to (host:port, labels), `jobs` more of them."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["*.rules.yaml"],
        "scrape_configs": [
            {"job_name": job, "honor_labels": True, "static_configs": [{"targets": [address], "labels": dict(labels)}]}
            for job, (address, labels) in targets.items()
        ]
        + [dict(job) for job in jobs],
    }
    (folder / "prometheus.yaml").write_text(dump(config))
    for name, content in (rules or {}).items():
        (folder / f"{name}.rules.yaml").write_text(dump(content))
    port = free_port()
    address = f"127.0.0.1:{port}"
    argv: list[str | Path] = [
        binary,
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
        *flags,
    ]
    with running(argv, folder, f"http://{address}/-/ready"):
        yield f"http://{address}"


@contextmanager
def node_exporter(binary: Path, folder: Path) -> Iterator[str]:
    """Its host:port."""
    address = f"127.0.0.1:{free_port()}"
    with running([binary, f"--web.listen-address={address}"], folder, f"http://{address}/metrics"):
        yield address


def missing(wanted: frozenset[str], url: str, deadline: float = 15.0) -> frozenset[str]:
    """Those of `wanted` that the page still does not have when the time is over; some come with the first sample."""
    end = time.monotonic() + deadline
    while (lacking := wanted - exported(url)) and time.monotonic() < end:
        time.sleep(0.2)
    return lacking


def exported(url: str) -> frozenset[str]:
    """Names of all metrics that a /metrics page announces or shows."""
    lines = httpx.get(url, trust_env=False, timeout=30).raise_for_status().text.splitlines()
    announced = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    shown = {line.split("{")[0].split(" ")[0] for line in lines if line and not line.startswith("#")}
    return frozenset(announced | shown)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
