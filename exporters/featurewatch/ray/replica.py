"""What one replica measures with: its registry, shared with the other replicas of its node, and its monitor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ray import serve
from ray.serve.exceptions import RayServeException

from featurewatch import names
from featurewatch.measure.batch import BatchMonitor
from featurewatch.measure.family import Family
from featurewatch.measure.monitor import ExtractionMonitor
from featurewatch.measure.multiprocess import MultiprocessRegistry
from featurewatch.measure.registry import Registry
from featurewatch.ray import node

log = logging.getLogger("featurewatch")

STARTED = Family(names.RAY_REPLICAS_STARTED, "counter", "Replicas of the deployment that have begun to measure.")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the decorator was asked for; it travels to the replicas."""

    service: str | None = None
    extractor: str | None = None
    native: bool = True
    batches: tuple[tuple[str, int | None], ...] = ()
    """Methods that handle batches, each with the items that fit into one, where that is their number."""


class Replica:
    """The measuring of one replica. It lives in the instance of the deployment's class."""

    def __init__(self, wish: Wish, registry: Registry, application: str, deployment: str) -> None:
        self.registry = registry
        self.service = wish.service or application
        self.monitor = ExtractionMonitor(
            wish.extractor or deployment,
            service=self.service,
            registry=registry,
            native=wish.native,
            in_progress=True,
        )
        self._batches = {
            method: BatchMonitor(f"{deployment}.{method}", service=self.service, registry=registry, capacity=capacity)
            for method, capacity in wish.batches
        }
        self._timed: dict[Callable[..., Any], Callable[..., Any]] = {}

    @classmethod
    def here(cls, wish: Wish, otherwise: str) -> Replica:
        """That of the replica this process is; outside of one, and when it cannot be set up, one that nobody sees."""
        try:
            context = serve.get_replica_context()
        except RayServeException:
            return cls.nowhere(wish, otherwise)
        application, deployment = context.app_name or "default", context.deployment
        try:
            registry = node.shared_registry({names.APPLICATION: application, names.DEPLOYMENT: deployment})
            replica = cls(wish, registry, application, deployment)
            # Beside what it says, it makes all series of this replica be there before its first call.
            registry.counter(STARTED, ((names.SERVICE, replica.service),)).add()
        except Exception:
            log.exception("featurewatch cannot measure this replica of %s; it works unmeasured", deployment)
            return cls.nowhere(Wish(batches=wish.batches), otherwise)
        node.ensure_exporter()
        return replica

    @classmethod
    def nowhere(cls, wish: Wish, name: str) -> Replica:
        """One that measures and exports nothing, so that the class works in a unit test as it does in a replica."""
        return cls(wish, Registry(), "none", name)

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The method, measured by this replica's monitor."""
        known = self._timed.get(function)
        if known is None:
            known = self._timed[function] = self.monitor.measure(function)
        return known

    def batch(self, name: str, waited: Sequence[float]) -> AbstractContextManager[object]:
        """A batch of the method `name` that begins now; `waited` are the seconds that each of its items has waited."""
        monitor = self._batches.get(name)
        return nullcontext() if monitor is None else monitor.begin(len(waited), waited=waited)

    def share(self) -> None:
        """Let the node's exporter see everything, before the replica ends."""
        if isinstance(self.registry, MultiprocessRegistry):
            self.registry.share()
