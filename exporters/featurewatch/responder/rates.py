"""How often one caller may ask: a bucket of tokens each, filled at a constant rate."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CALLERS: Final = 10_000
"""How many are remembered; whoever was not heard of for longest is forgotten, which gives them a full bucket."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """One bucket for each caller. Thread-safe."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, caller: str) -> int:
        """Count one request: 0 when it may pass, otherwise in how many seconds to come again."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
            self._buckets.move_to_end(caller)
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
            bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
            bucket.at = now
            if bucket.left < 1:
                return max(1, math.ceil((1 - bucket.left) / self._per_second))
            bucket.left -= 1
            return 0
