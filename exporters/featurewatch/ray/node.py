"""One metrics endpoint per node for all replicas on it.

Replicas share their series through a folder of the node (`MultiprocessRegistry`), and one small actor per node serves
the sum. So no replica needs a port; a replica that ends, restarts or is scaled away leaves its counts behind, in series
that go on; and Prometheus' targets change when nodes do, not when replicas do.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from featurewatch.measure.multiprocess import MultiprocessRegistry
from featurewatch.ray.exporter import NAMESPACE, NodeExporter, name_of

log = logging.getLogger("featurewatch")

FOLDER = "FEATUREWATCH_RAY_FOLDER"
ADDRESS = "FEATUREWATCH_RAY_ADDRESS"
PORT = "FEATUREWATCH_RAY_PORT"

DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORT = 9465


@dataclass(frozen=True, slots=True)
class Node:
    """What the replicas and the exporter of one node agree on."""

    id: str
    folder: Path
    address: str
    port: int

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Node:
        """The node of this process, as the environment wants it. ValueError for a port that is none."""
        environment = os.environ if environment is None else environment
        node = ray.get_runtime_context().get_node_id()
        above = environment.get(FOLDER) or f"{tempfile.gettempdir()}/featurewatch-ray-{os.getuid()}"
        text = environment.get(PORT) or str(DEFAULT_PORT)
        if not (text.isascii() and text.isdigit() and int(text) < 65536):
            raise ValueError(f"{PORT}={text!r} is not a port: a number up to 65535, 0 for any free one")
        return cls(node, Path(above) / node, environment.get(ADDRESS) or DEFAULT_ADDRESS, int(text))


def shared_registry(labels: Mapping[str, str]) -> MultiprocessRegistry:
    """A registry of this process that the node's exporter includes. OSError when its folder cannot be made."""
    return MultiprocessRegistry(Node.here().folder, labels)


def ensure_exporter() -> None:
    """Start this node's exporter unless it runs. Whatever goes wrong is logged, and tried again by the next replica.

    It is detached: it outlives the replicas whose counts it keeps, and ends with the cluster. Ray restarts it when it
    dies, on this node only.
    """
    try:
        here = Node.here()
        ray.remote(NodeExporter).options(
            name=name_of(here.id),
            namespace=NAMESPACE,
            get_if_exists=True,
            lifetime="detached",
            max_restarts=-1,
            num_cpus=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(here.id, soft=False),
        ).remote(here.id, str(here.folder), here.address, here.port)
    except Exception:
        log.exception("featurewatch could not start the exporter of this node; its replicas measure, nobody sees it")
