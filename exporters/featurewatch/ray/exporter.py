"""The actor that exports what the replicas of its node have shared, and knows where the others of its kind are."""

from __future__ import annotations

import json
import logging
import socket
import threading
from pathlib import Path

import ray
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from featurewatch.measure.metrics_app import metrics_app
from featurewatch.measure.multiprocess import MultiprocessRegistry
from featurewatch.ray import leftovers

log = logging.getLogger("featurewatch")

NAMESPACE = "featurewatch"
PREFIX = "exporter-"
PATIENCE_SECONDS = 2.0
"""How long a list of targets waits for exporters that do not say where they are."""

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound


def name_of(node: str) -> str:
    """The name of the exporter of a node, in NAMESPACE."""
    return f"{PREFIX}{node}"


class NodeExporter:
    """Serves `/metrics` of its node, and `/targets` with every node's address for Prometheus' HTTP service discovery.

    When the port is taken, by the exporter of another node on the same machine say, it takes any free one: `/targets`
    of each exporter knows it.
    """

    def __init__(self, node: str, folder: str, address: str, port: int) -> None:
        self._node = node
        self._known: dict[str, str] = {}
        listening = _listening(address, port)
        host = str(ray.util.get_node_ip_address()) if address in WILDCARDS else address
        taken = listening.getsockname()[1]
        self._address = f"[{host}]:{taken}" if ":" in host else f"{host}:{taken}"
        # Open for as long as this process lives.
        self._held = leftovers.hold(Path(folder))
        leftovers.remove_beside(Path(folder))
        metrics = metrics_app(MultiprocessRegistry(folder))
        app = Starlette(routes=[Route("/targets", self._answer), Mount("/", metrics)])
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, lifespan="off"))
        threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="featurewatch-exporter", daemon=True
        ).start()

    def address(self) -> str:
        """Where Prometheus finds it: host:port."""
        return self._address

    def targets(self) -> list[dict[str, object]]:
        """All living nodes with an exporter, as Prometheus' HTTP service discovery wants them.

        One that does not answer in time is listed where it was before, so that it is seen to be down.
        """
        names = {
            found["name"]
            for found in ray.util.list_named_actors(all_namespaces=True)
            if found["namespace"] == NAMESPACE and found["name"].startswith(PREFIX)
        }
        own = name_of(self._node)
        asked: dict[ray.ObjectRef[str], str] = {}
        for name in names - {own}:
            try:
                asked[ray.get_actor(name, NAMESPACE).address.remote()] = name
            except ValueError:  # ended since it was listed
                names.discard(name)
        ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE_SECONDS) if asked else ([], [])
        for reference in ready:
            try:
                self._known[asked[reference]] = ray.get(reference)
            except ray.exceptions.RayError:
                log.warning("featurewatch: %s does not say where it is", asked[reference])
        self._known = {name: address for name, address in self._known.items() if name in names} | {own: self._address}
        return [
            {"targets": [address], "labels": {"__meta_featurewatch_ray_node": name.removeprefix(PREFIX)}}
            for name, address in sorted(self._known.items())
        ]

    def _answer(self, _: Request) -> Response:
        return Response(json.dumps(self.targets()), media_type="application/json")


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        if not port:
            raise
        log.warning("featurewatch: port %d of %s is not to be had (%s); taking a free one", port, address, error)
        return socket.create_server((address, 0), family=family)
