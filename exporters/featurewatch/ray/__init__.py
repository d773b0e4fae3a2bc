"""Ray Serve: deployments measured in every replica, exported once per node, scaled by what was measured.

    from ray import serve
    from featurewatch.ray import measured

    @serve.deployment
    @measured(service="market-features")
    class Features:
        async def __call__(self, symbol): ...

`measured` (deployment) makes each replica measure its calls and `@serve.batch` methods (batches) with what `replica`
holds; the replicas of a node share one metrics endpoint (node); `SlowShare` (autoscaling) lets Ray add replicas while
an objective is missed. Importing this needs Ray Serve: ImportError says how to install it.
"""

from __future__ import annotations

from importlib import import_module, util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurewatch.ray.autoscaling import SlowShare
    from featurewatch.ray.deployment import extraction, measured, monitor_of

__all__ = ["SlowShare", "extraction", "measured", "monitor_of"]

_HOMES = {
    "SlowShare": "autoscaling",
    "extraction": "deployment",
    "measured": "deployment",
    "monitor_of": "deployment",
}

if util.find_spec("ray") is None:
    raise ImportError("featurewatch.ray needs Ray Serve: pip install 'featurewatch[ray]'")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'featurewatch.ray' has no attribute {name!r}")
    value = getattr(import_module(f"featurewatch.ray.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
