"""The example's settings, read from the environment once, at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "FEATUREWATCH_EXAMPLE_"


class SettingsError(Exception):
    """A setting has a value that it cannot have; the message names the variable and what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the example runs. Each has an environment variable: `ttl_seconds` is FEATUREWATCH_EXAMPLE_TTL_SECONDS."""

    ttl_seconds: float = 60.0
    """How long computed features are served from the cache."""
    cache_entries: int = 1024
    """How many features the cache keeps before the least recently used ones leave."""
    budget_seconds: float = 0.25
    """How long the main extractor may take before the fallback serves."""
    workers: int = 2
    """Threads that run the main extractor."""
    admin: bool = False
    """Whether the /admin endpoints exist at all (they answer to this machine only)."""

    def __post_init__(self) -> None:
        for name in ("ttl_seconds", "cache_entries", "budget_seconds", "workers"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise SettingsError(f"{PREFIX}{name.upper()} is {value}; it takes a finite number above 0")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that the environment gives, the defaults for the rest."""
        default = cls()
        return cls(
            ttl_seconds=_number(environment, "TTL_SECONDS", default.ttl_seconds),
            cache_entries=_whole(environment, "CACHE_ENTRIES", default.cache_entries),
            budget_seconds=_number(environment, "BUDGET_SECONDS", default.budget_seconds),
            workers=_whole(environment, "WORKERS", default.workers),
            admin=_switch(environment, "ADMIN", default.admin),
        )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(PREFIX + name)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{PREFIX}{name} is {text!r}; it takes a finite number above 0") from None


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(PREFIX + name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{PREFIX}{name} is {text!r}; it takes a whole number above 0") from None


def _switch(environment: Mapping[str, str], name: str, default: bool) -> bool:
    text = environment.get(PREFIX + name)
    if text is None:
        return default
    if text not in {"0", "1"}:
        raise SettingsError(f"{PREFIX}{name} is {text!r}; it takes 0 or 1")
    return text == "1"
