"""What a Redis server says of itself, without making a scrape wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from featurewatch.measure.cache_state import UNKNOWN, CacheState
from featurewatch.measure.fork import restart_in_children

if TYPE_CHECKING:
    from featurewatch.measure.cache import Reason

FRESH_SECONDS = 2.0
"""For so long an answer serves all who ask: one scrape reads several gauges."""

PATIENCE_SECONDS = 0.05
"""How long a scrape waits for the server; with an older answer, or none, it goes on."""


class ServerState:
    """Entries, memory and its limit, evictions: from INFO and DBSIZE, asked in a thread or on the client's loop.

    The numbers are the whole server's. The server counts evictions since its own start; ours begin when this process
    first looks. An unreachable server makes the state unknown.
    """

    def __init__(
        self,
        evicted: Callable[[Reason, int], None],
        clock: Callable[[], float],
        execute: Callable[..., Any],
        is_async: bool,
    ) -> None:
        self._evicted = evicted
        self._clock = clock
        self._execute = execute
        self._is_async = is_async
        self._loop: asyncio.AbstractEventLoop | None = None
        self.restart()
        restart_in_children(self)

    def restart(self) -> None:
        """Begin anew in a forked child, which has no thread and no loop yet."""
        self._lock = threading.Lock()
        self._state = UNKNOWN
        self._asked = -math.inf
        self._answered = threading.Event()
        self._answered.set()
        self._gone: dict[Reason, int] = {}
        self._loop = None

    def here(self) -> None:
        """Remember the event loop of the client: only there can it be asked."""
        self._loop = asyncio.get_running_loop()

    def read(self) -> CacheState:
        """The last known state; asks anew when it is older than FRESH_SECONDS."""
        with self._lock:
            due = self._answered.is_set() and self._clock() - self._asked >= FRESH_SECONDS
            if due and (not self._is_async or (self._loop is not None and self._loop.is_running())):
                self._asked = self._clock()
                self._answered.clear()
            else:
                due = False
        if due:
            if self._is_async:
                asyncio.run_coroutine_threadsafe(self._ask_async(), self._loop)  # type: ignore[arg-type]  # not None
            else:
                threading.Thread(target=self._ask, name="featurewatch-redis", daemon=True).start()
        if not self._on_the_loop():
            self._answered.wait(PATIENCE_SECONDS)
        return self._state

    def _on_the_loop(self) -> bool:
        with contextlib.suppress(RuntimeError):
            return asyncio.get_running_loop() is self._loop
        return False

    def _ask(self) -> None:
        try:
            self._take(self._execute("INFO"), self._execute("DBSIZE"))
        except Exception:  # noqa: BLE001 - the server is away, which its users see as errors
            self._state = UNKNOWN
        finally:
            self._answered.set()

    async def _ask_async(self) -> None:
        try:
            self._take(await self._execute("INFO"), await self._execute("DBSIZE"))
        except Exception:  # noqa: BLE001 - the server is away, which its users see as errors
            self._state = UNKNOWN
        finally:
            self._answered.set()

    def _take(self, info: Mapping[str, Any], entries: int) -> None:
        limit = float(info.get("maxmemory", 0)) or math.nan
        self._state = CacheState(float(entries), math.nan, float(info["used_memory"]), limit)
        fields: tuple[tuple[Reason, str], ...] = (("capacity", "evicted_keys"), ("expired", "expired_keys"))
        for reason, field in fields:
            now = int(info.get(field, 0))
            before = self._gone.get(reason, now)
            # Fewer than before: the server was restarted and counts from zero.
            self._evicted(reason, now - before if now >= before else now)
            self._gone[reason] = now
