"""Counting what is sent over OTLP, and what is not."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, Literal

from featurewatch import names
from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family
from featurewatch.measure.registry import Registry

Signal = Literal["traces", "metrics", "logs"]

ITEMS = Family(
    names.OTLP_ITEMS, "counter", "Spans, log records and pushes of metrics: offered to be sent, sent, and failed."
)


class Counting:
    """An exporter of OpenTelemetry's around another one."""

    def __init__(self, exporter: Any, signal: Signal, registry: Registry) -> None:
        self._exporter = exporter
        self.offered = self._counter(registry, signal, "offered")
        self._sent = self._counter(registry, signal, "sent")
        self._failed = self._counter(registry, signal, "failed")

    @staticmethod
    def _counter(registry: Registry, signal: Signal, result: str) -> Counter:
        return registry.counter(ITEMS, ((names.SIGNAL, signal), (names.RESULT, result)))

    def export(self, batch: Any, *_: Any, **__: Any) -> Any:
        """Send it, and count how that went. Raises what the exporter raises: its caller is a thread that logs."""
        count = len(batch) if isinstance(batch, Sized) else 1
        try:
            result = self._exporter.export(batch)
        except Exception:
            self._failed.add(count)
            raise
        # The enums of the three signals all call it so.
        (self._sent if result.name == "SUCCESS" else self._failed).add(count)
        return result

    def shutdown(self, *_: Any, **__: Any) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 5000) -> bool:
        return bool(self._exporter.force_flush(timeout_millis))
