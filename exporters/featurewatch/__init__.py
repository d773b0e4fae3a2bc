"""featurewatch: declare what feature extraction must achieve once; measure it, judge it, see each violation through.

In an extractor:

    registry = featurewatch.Registry()
    monitor = featurewatch.ExtractionMonitor("technical", service="market-features", registry=registry)

    @monitor.measure
    def extract(symbol): ...

    app.mount("/metrics", featurewatch.metrics_app(registry))

Importing this needs nothing but Python; the names below load their module when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurewatch.measure.asgi import ExtractionMiddleware
    from featurewatch.measure.batch import BatchMonitor
    from featurewatch.measure.cache import CacheMonitor
    from featurewatch.measure.extraction import Extraction
    from featurewatch.measure.log import ExtractionLog
    from featurewatch.measure.marks import failed, served_from
    from featurewatch.measure.metrics_app import metrics_app
    from featurewatch.measure.metrics_server import MetricsServer, start_metrics_server
    from featurewatch.measure.monitor import ExtractionMonitor
    from featurewatch.measure.multiprocess import MultiprocessRegistry, gather_ended
    from featurewatch.measure.otlp import Otlp
    from featurewatch.measure.registry import DuplicateSeries, Registry
    from featurewatch.measure.standalone import NativeHistogram

__all__ = [
    "BatchMonitor",
    "CacheMonitor",
    "DuplicateSeries",
    "Extraction",
    "ExtractionLog",
    "ExtractionMiddleware",
    "ExtractionMonitor",
    "MetricsServer",
    "MultiprocessRegistry",
    "NativeHistogram",
    "Otlp",
    "Registry",
    "failed",
    "gather_ended",
    "metrics_app",
    "served_from",
    "start_metrics_server",
]

_HOMES = {
    "BatchMonitor": "batch",
    "CacheMonitor": "cache",
    "DuplicateSeries": "registry",
    "Extraction": "extraction",
    "ExtractionMiddleware": "asgi",
    "ExtractionLog": "log",
    "ExtractionMonitor": "monitor",
    "MetricsServer": "metrics_server",
    "MultiprocessRegistry": "multiprocess",
    "NativeHistogram": "standalone",
    "Otlp": "otlp",
    "Registry": "registry",
    "failed": "marks",
    "gather_ended": "multiprocess",
    "metrics_app": "metrics_app",
    "served_from": "marks",
    "start_metrics_server": "metrics_server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'featurewatch' has no attribute {name!r}")
    value = getattr(import_module(f"featurewatch.measure.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
