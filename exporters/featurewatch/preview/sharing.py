"""One answer for all who ask the same at about the same time, so that a hundred viewers cost about what one costs."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from featurewatch.measure.counter import Counter
from featurewatch.preview.upstream import Answer

MOST_BYTES: Final = 64 * 1024 * 1024
FAILURE_SECONDS: Final = 1.0
"""A service that is down is asked again this soon, however many want to know."""

Key = tuple[object, ...]


class Sharing:
    """Remembers answers for moments, and lets those who ask meanwhile wait for the one request under way."""

    def __init__(self, asked: Counter, sent: Counter, clock: Callable[[], float], most_bytes: int = MOST_BYTES) -> None:
        self._asked = asked
        self._sent = sent
        self._clock = clock
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        self._under_way: dict[Key, asyncio.Task[Answer]] = {}

    async def get(self, key: Key, seconds: float, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        """The kept answer while it is younger than `seconds`, else what `fetch` returns. `fetch` must not raise."""
        self._asked.add()
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, seconds, fetch))
            self._under_way[key] = task
        # Whoever goes away must not take the answer from the others who wait for it.
        return await asyncio.shield(task)

    async def _fetch(self, key: Key, seconds: float, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        self._sent.add()
        try:
            answer = await fetch()
            self._keep(key, answer, seconds if answer.good else min(seconds, FAILURE_SECONDS))
            return answer
        finally:
            del self._under_way[key]

    def _keep(self, key: Key, answer: Answer, seconds: float) -> None:
        now = self._clock()
        self._drop(key)
        if seconds <= 0 or len(answer.body) > self._most_bytes:
            return
        self._kept[key] = (now + seconds, answer)
        self._bytes += len(answer.body)
        # The oldest come first; a few that end later than their successors only stay a little longer.
        while self._kept and (self._bytes > self._most_bytes or next(iter(self._kept.values()))[0] <= now):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone[1].body)
