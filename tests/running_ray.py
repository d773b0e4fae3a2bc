"""A small real Ray cluster on this machine, for tests that serve something on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from unittest import mock

import httpx
import psutil
import ray
from ray import serve
from tests import running_prometheus

from featurewatch.native.ports import free_port
from featurewatch.ray.exporter import NAMESPACE, PREFIX

T = TypeVar("T")

HTTP_PORT = "FEATUREWATCH_TEST_RAY_HTTP_PORT"

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_LOG_TO_STDERR": "0",
    "RAY_AUTH_MODE": "disabled",
    # A container may have 64 MB of shared memory, and this is no production.
    "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",
    # On a busy machine a proxy is not broken because it takes its time: Serve would replace it again and again.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
}

LOGS = ("gcs_server.out", "gcs_server.err", "raylet.out", "raylet.err")
"""What of Ray's many logs says why it did not start."""


@contextmanager
def cluster(
    metrics_port: int | None = None, port: int = 0, dashboard_port: int | None = None, code: Path | None = None
) -> Iterator[Path]:
    """A node with 4 (pretended) processors, and nothing left of it afterwards; gives the folder of our own files.

    `metrics_port` is that of Ray's own metrics, `port` that of our exporter, `dashboard_port` that of Ray's REST API
    (None: there is none), `code` a folder whose modules applications can be made of. AssertionError says what Ray
    wrote when it does not start.
    """
    imports = {"PYTHONPATH": str(code)} if code is not None else {}
    with alone(port) as folder, mock.patch.dict(os.environ, imports):
        with starting(folder):
            ray.init(
                address="local",
                num_cpus=4,
                num_gpus=0,
                include_dashboard=dashboard_port is not None,
                dashboard_port=dashboard_port,
                object_store_memory=80 * 1024 * 1024,
                _temp_dir=str(folder / "ray"),
                _metrics_export_port=metrics_port,
                log_to_driver=False,
                logging_level="error",
                _system_config={"metrics_report_interval_ms": 1000},
            )
            entrance = free_port()
            os.environ[HTTP_PORT] = str(entrance)
            serve.start(http_options={"host": "127.0.0.1", "port": entrance})
        yield folder / "shared"


@contextmanager
def alone(port: int) -> Iterator[Path]:
    """A folder and an environment for one cluster, whose exporters want `port`.

    Ray, its processes, the folder and the environment are gone after the block, however it ends.
    """
    # Ray's sockets lie in its folder, and their paths must be short.
    folder = Path(tempfile.mkdtemp(prefix="fwray-", dir="/tmp"))
    before = set(psutil.Process().children(recursive=True))
    try:
        with mock.patch.dict(os.environ, environment(folder, port)):
            yield folder
    finally:
        own = set(psutil.Process().children(recursive=True)) - before
        try:
            disconnect()
        finally:
            bury(own | set(psutil.Process().children(recursive=True)) - before)
            shutil.rmtree(folder, ignore_errors=True)


def disconnect() -> None:
    """Shut down Serve and leave the cluster, which ends if this process has started it; if there is one at all."""
    try:
        # Where there is no Ray, this would start one, to look there for a Serve that it could shut down.
        if ray.is_initialized():
            serve.shutdown()
    finally:
        ray.shutdown()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program that has started a Ray of its own; what it leaves is killed, since Ray's processes outlive it."""
    try:
        own = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        own = []
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(60)
    bury(own)


def bury(processes: Collection[psutil.Process]) -> None:
    """See to it that these have ended: those that do not by themselves are killed."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=20)


@contextmanager
def starting(folder: Path) -> Iterator[None]:
    """Whatever keeps Ray from starting in the block becomes an AssertionError with the last lines of Ray's own logs."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"Ray did not start: {error!r}\n{last_words(folder)}") from error


def last_words(folder: Path, lines: int = 15) -> str:
    """The ends of what the cluster's own processes wrote."""
    found = sorted((folder / "ray").glob("session_2*/logs/*"))
    told = {log.name: log.read_text(errors="replace").splitlines()[-lines:] for log in found if log.name in LOGS}
    return "\n".join(f"{name}:\n  " + "\n  ".join(text) for name, text in told.items() if text) or "It wrote nothing."


def eventually(look: Callable[[], T | None], what: str, deadline: float = 120.0) -> T:
    """What `look` finds, as soon as it does; AssertionError names `what` when it has not by the deadline (seconds)."""
    end = time.monotonic() + deadline
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline:g} s, last seen {found!r}")
        time.sleep(0.2)


def entrance() -> str:
    """Where the cluster's applications answer over HTTP."""
    return f"http://127.0.0.1:{os.environ[HTTP_PORT]}"


def environment(folder: Path, port: int) -> dict[str, str]:
    """What a cluster of a test is started with."""
    shared = str(folder / "shared")
    return {**ENVIRONMENT, "FEATUREWATCH_RAY_FOLDER": shared, "FEATUREWATCH_RAY_PORT": str(port)}


def exporter(node: str = "") -> str:
    """The address (host:port) of the exporter of the node (of any, if it does not matter), once it is there."""

    def found() -> str | None:
        names = [
            actor["name"]
            for actor in ray.util.list_named_actors(all_namespaces=True)
            if actor["namespace"] == NAMESPACE and actor["name"].startswith(PREFIX + node)
        ]
        return str(ray.get(ray.get_actor(names[0], NAMESPACE).address.remote())) if names else None

    return eventually(found, "an exporter")


def page(address: str) -> str:
    """What it exports."""
    return httpx.get(f"http://{address}/metrics", trust_env=False, timeout=30).raise_for_status().text


def total(text: str, metric: str, **labels: str) -> float:
    """The sum of the metric's series with these labels on a page; 0 when there is none."""
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    lines = [line for line in text.splitlines() if line.startswith((f"{metric}{{", f"{metric} "))]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))


def missing(wanted: frozenset[str], url: str, stir: Callable[[], object], deadline: float = 120.0) -> frozenset[str]:
    """Those of `wanted` that a page of Ray's does not show by the deadline, while `stir` keeps it at work."""
    end = time.monotonic() + deadline
    while (lacking := wanted - running_prometheus.exported(url)) and time.monotonic() < end:
        stir()
        time.sleep(0.5)
    return lacking
