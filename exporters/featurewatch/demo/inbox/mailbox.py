"""Everything received, in memory, in order; the journal keeps it on disk."""

from __future__ import annotations

import asyncio
import dataclasses
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from featurewatch.demo.inbox.journal import Journal, Loaded
from featurewatch.demo.inbox.message import Delivery, Message, Query

DEFAULT_LIMIT: Final = 10_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class Mailbox:
    """The last `limit` deliveries. For use within one event loop."""

    def __init__(self, journal: Journal, limit: int = DEFAULT_LIMIT, now: Callable[[], datetime] = utc_now) -> None:
        self._journal = journal
        self._limit = limit
        self._now = now
        self._kept: deque[Delivery] = deque()
        self._arrival = asyncio.Event()
        self.last_id = 0
        self.dropped = 0
        """Deliveries forgotten because there were more than `limit`."""
        self.closed = False

    @property
    def journal(self) -> Journal:
        return self._journal

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        return tuple(self._kept)

    def open(self) -> Loaded:
        """Takes up what the journal holds. Raises OSError if the directory cannot be used."""
        loaded = self._journal.open()
        self._kept.extend(loaded.deliveries)
        self.last_id = loaded.last_id
        return loaded

    def receive(self, message: Message, raw: bytes, suffix: str, reason: str = "") -> Delivery:
        """Keeps a message, refused if there is a `reason`. On return it is on disk, unless the disk is full."""
        self.last_id += 1
        fields = {item.name: getattr(message, item.name) for item in dataclasses.fields(Message)}
        delivery = Delivery(
            **fields,
            id=self.last_id,
            received_at=self._now(),
            raw=self._journal.write_raw(self.last_id, suffix, raw),
            refused=bool(reason),
            reason=reason,
        )
        self._kept.append(delivery)
        while len(self._kept) > self._limit:
            self._journal.forget(self._kept.popleft())
            self.dropped += 1
        self._journal.append(delivery, self.deliveries)
        self._wake()
        return delivery

    def find(self, delivery_id: int) -> Delivery | None:
        return next((delivery for delivery in self._kept if delivery.id == delivery_id), None)

    def select(self, query: Query, *, since_id: int | None = None, limit: int = DEFAULT_LIMIT) -> list[Delivery]:
        """Matching deliveries, oldest first: the first `limit` after `since_id`, or without it the last `limit`."""
        start = bisect_right(self._kept, since_id, key=lambda delivery: delivery.id) if since_id is not None else 0
        matching = [delivery for delivery in islice(self._kept, start, None) if query.selects(delivery)]
        return matching[:limit] if since_id is not None else matching[max(0, len(matching) - limit) :]

    async def newer_than(self, since_id: int, seconds: float) -> bool:
        """Waits until something arrived after `since_id`; False if nothing has within `seconds`, or on closing."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.last_id <= since_id and not self.closed:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._arrival.wait(), left)
            except TimeoutError:
                return False
        return not self.closed

    def clear(self) -> int:
        """Forgets everything, on disk too; how many deliveries that were."""
        gone = self.deliveries
        self._kept.clear()
        self._journal.clear(gone, self.last_id)
        return len(gone)

    def close(self) -> None:
        """Wakes whoever waits, and closes the journal."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()
