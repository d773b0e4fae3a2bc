"""The feature cache: least recently used entries leave when it is full, every entry leaves when it is too old."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cachetools import TTLCache

from featurewatch import CacheMonitor


class Key(NamedTuple):
    """What features depend on: the symbol, the session, and the revision of the series they were computed from."""

    symbol: str
    session: datetime.date
    revision: int


class FeatureCache:
    """A TTL + LRU cache of features, safe to use from several threads."""

    def __init__(
        self,
        entries: int,
        ttl_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        monitor: CacheMonitor | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._kept: TTLCache[Key, Mapping[str, float]] = TTLCache(entries, ttl_seconds, timer=clock)
        if monitor is not None:
            monitor.watch(self._kept)

    def get(self, key: Key) -> Mapping[str, float] | None:
        """The features kept under `key`, or None when there are none or they are too old."""
        # cachetools leaves locking to its users: even a look-up reorders the entries.
        with self._lock:
            return self._kept.get(key)

    def put(self, key: Key, features: Mapping[str, float]) -> None:
        """Keeps the features for the cache's time to live, which starts now."""
        with self._lock:
            self._kept[key] = features

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)
