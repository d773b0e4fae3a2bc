"""A small Ray on this machine, for the length of an example."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray import serve

OBJECT_STORE_BYTES = 100 * 1024 * 1024
"""Nothing large passes through it; a container may have 64 MB of shared memory, and Ray then uses a file."""


@contextmanager
def cluster(
    folder: Path, port: int, metrics_port: int, ray_metrics_port: int | None = None, dashboard_port: int | None = None
) -> Iterator[None]:
    """A Ray of one node on loopback addresses; it ends with the block. `dashboard_port` is that of its REST API, over
    which others may deploy and scale; None: there is none."""
    # What the node's exporter and the replicas go by; Ray hands it on to them.
    os.environ.setdefault("FEATUREWATCH_RAY_PORT", str(metrics_port))
    os.environ.setdefault("FEATUREWATCH_RAY_FOLDER", str(folder / "shared"))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE", "1")
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=dashboard_port is not None,
        dashboard_port=dashboard_port,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level="warning",
        _temp_dir=str(folder / "ray"),
        _metrics_export_port=ray_metrics_port,
    )
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        yield
    finally:
        serve.shutdown()
        ray.shutdown()
