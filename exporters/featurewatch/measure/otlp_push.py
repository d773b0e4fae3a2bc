"""Metrics pushed over OTLP at an interval, by one thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import time_ns
from typing import Any, Self

from featurewatch.measure.otlp_counting import Counting
from featurewatch.measure.otlp_metrics import Histograms, OtlpMetrics
from featurewatch.measure.registry import Registry

__all__ = ["Histograms", "MetricsPush"]

log = logging.getLogger("featurewatch")


class MetricsPush:
    """Pushes a registry every `every` seconds, from `start()` to `close()`. Also a context manager.

    A push that fails is counted and not repeated: the next one carries the same counts and more. A push that takes
    longer than the interval delays the next one; pushes do not pile up.
    """

    def __init__(
        self,
        registry: Registry,
        exporter: Counting,
        resource: Any,
        every: float,
        histograms: Histograms = "explicit",
        clock: Callable[[], int] = time_ns,
    ) -> None:
        if not every > 0:
            raise ValueError(f"every must be a number of seconds above 0, found {every!r}")
        if histograms not in ("explicit", "exponential"):
            raise ValueError(f"histograms must be explicit or exponential, found {histograms!r}")
        self._registry = registry
        self._exporter = exporter
        self._metrics = OtlpMetrics(resource, histograms)
        self._every = every
        self._clock = clock
        self._ending = threading.Event()
        self._told = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. Does nothing when it has begun already."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="featurewatch-otlp-push", daemon=True)
            self._thread.start()

    def push(self) -> bool:
        """Push once, now, in this thread. Never raises; False when it did not arrive."""
        self._exporter.offered.add()
        try:
            result = self._exporter.export(self._metrics.read(self._registry, self._registry.started, self._clock()))
        except Exception as error:  # a series that fails to be read, or a bug of the exporter's
            if not self._told:
                self._told = True
                log.error("featurewatch could not push metrics and goes on: %s", type(error).__name__, exc_info=error)
            return False
        return bool(result.name == "SUCCESS")

    def close(self, timeout: float = 5.0) -> None:
        """Push a last time and end, in at most `timeout` seconds. Safe to call twice."""
        if self._thread is None:
            return
        self._ending.set()
        self._thread.join(timeout)
        self._thread = None
        self._exporter.shutdown()  # interrupts a push that waits to try again

    def _run(self) -> None:
        self.push()
        while not self._ending.wait(self._every):
            self.push()
        self.push()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
