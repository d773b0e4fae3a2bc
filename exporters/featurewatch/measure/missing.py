"""Optional parts: what is missing, and how to get it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(module: str, user: str, extra: str) -> Any:
    """The module; ImportError says who needs it and which extra of featurewatch brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{user} needs the package of {package}: pip install 'featurewatch[{extra}]'") from error


def opentelemetry(module: str, user: str) -> Any:
    return needed(module, user, "otel")
