"""A cachetools cache, measured in place: it becomes an instance of a subclass of its own class.

cachetools' methods call each other (a `get` looks with `in` and then by subscript, a full cache calls `popitem`), so
only the outermost call of a thread is an operation; what happens inside it tells why entries leave.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from featurewatch.measure.cache_state import CacheState

if TYPE_CHECKING:
    from featurewatch.measure.cache import CacheMonitor, Operation


def watch_cachetools(monitor: CacheMonitor, cache: Any) -> None:
    from cachetools import Cache

    # The timed caches' own `len` and `currsize` remove what has expired, which a scrape must not do behind its users'
    # locks; the base class only looks.
    size: Any = Cache.currsize
    by_entries = type(cache).getsizeof is Cache.getsizeof and "getsizeof" not in vars(cache)

    def state() -> CacheState:
        entries, used, limit = float(Cache.__len__(cache)), float(size.fget(cache)), float(cache.maxsize)
        if by_entries:
            return CacheState(entries, limit)
        return CacheState(entries, math.nan, used, limit)

    monitor.state = state
    cache.__class__ = _watched_class(monitor, type(cache))


def _watched_class(monitor: CacheMonitor, plain: type[Any]) -> type[Any]:
    from cachetools import Cache

    clock, done, evicted = monitor.clock, monitor.done, monitor.evicted
    hit, put, gone = monitor.hit, monitor.put, monitor.gone
    hits = monitor.series("get", "hit")
    hit_append, hit_buffer, hit_fold, capacity = hits.append, hits.buffer, hits.fold, hits.capacity
    plain_get, plain_getitem, warmed = plain.get, plain.__getitem__, monitor.warmed
    absent = object()

    def was_hit(key: Any, started: float) -> None:
        # What `done` does, for the one operation that must be cheap.
        try:
            hit_append(clock() - started)
            if len(hit_buffer) >= capacity:
                hit_fold()
            if warmed:
                hit(key)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            monitor.owner.trouble(error)

    class Inside(threading.local):
        operation: Operation | None = None
        missed = False

    inside = Inside()

    class Watched(plain):  # type: ignore[misc]  # a class made by a function
        _featurewatch = True

        def __getitem__(self, key: Any) -> Any:
            if inside.operation:
                return plain_getitem(self, key)
            inside.operation, inside.missed = "get", False
            started = clock()
            try:
                value = plain_getitem(self, key)
            except KeyError:
                done("get", "miss", started)
                raise
            except BaseException:
                done("get", "error", started)
                raise
            finally:
                inside.operation = None
            if inside.missed:
                done("get", "miss", started)
            else:
                was_hit(key, started)
            return value

        def __missing__(self, key: Any) -> Any:
            inside.missed = True
            # What a cache computes for a missing key, and puts into itself, is the users' work and not this look-up's.
            return super().__missing__(key)

        def get(self, key: Any, default: Any = None) -> Any:
            if inside.operation:
                return plain_get(self, key, default)
            inside.operation = "get"
            started = clock()
            try:
                value = plain_get(self, key, absent)
            except BaseException:
                done("get", "error", started)
                raise
            finally:
                inside.operation = None
            if value is absent:
                done("get", "miss", started)
                return default
            was_hit(key, started)
            return value

        def setdefault(self, key: Any, default: Any = None) -> Any:
            # An insertion, as `@cachetools.cached` uses it: it has looked the key up before.
            if inside.operation:
                return super().setdefault(key, default)
            inside.operation = "set"
            started = clock()
            try:
                value = super().setdefault(key, default)
            except BaseException:
                done("set", "error", started)
                raise
            finally:
                inside.operation = None
            done("set", "ok", started)
            put(key)
            return value

        def __setitem__(self, key: Any, value: Any) -> None:
            if inside.operation:
                super().__setitem__(key, value)
                return
            inside.operation = "set"
            started = clock()
            try:
                super().__setitem__(key, value)
            except BaseException:
                done("set", "error", started)
                raise
            finally:
                inside.operation = None
            done("set", "ok", started)
            put(key)

        def __delitem__(self, key: Any) -> None:
            if inside.operation:
                super().__delitem__(key)
                return
            inside.operation = "delete"
            started = clock()
            try:
                super().__delitem__(key)
            except BaseException:
                done("delete", "error", started)
                raise
            finally:
                inside.operation = None
            done("delete", "ok", started)
            evicted("deleted")
            gone(key)

        def pop(self, key: Any, *default: Any, **keywords: Any) -> Any:
            if inside.operation:
                return super().pop(key, *default, **keywords)
            inside.operation = "delete"
            started = clock()
            try:
                there = key in self
                value = super().pop(key, *default, **keywords)
            except BaseException:
                done("delete", "error", started)
                raise
            finally:
                inside.operation = None
            done("delete", "ok", started)
            if there:
                evicted("deleted")
                gone(key)
            return value

        def popitem(self) -> Any:
            reason = "capacity" if inside.operation == "set" else "deleted"
            outer, started = inside.operation, clock()
            inside.operation = outer or "delete"
            try:
                item = super().popitem()
            finally:
                inside.operation = outer
            if outer is None:
                done("delete", "ok", started)
            if outer != "clear":
                evicted(reason)  # type: ignore[arg-type]  # one of the two above
            gone(item[0])
            return item

        def expire(self, *arguments: Any, **keywords: Any) -> Any:
            expired = super().expire(*arguments, **keywords)
            if expired:
                evicted("expired", len(expired))
                for key, _ in expired:
                    gone(key)
            return expired

        def clear(self) -> None:
            outer, started = inside.operation, clock()
            kept = Cache.__len__(self)
            inside.operation = "clear"
            try:
                super().clear()
            finally:
                inside.operation = outer
            done("clear", "ok", started)
            evicted("cleared", kept)
            monitor.restart()

        def __reduce_ex__(self, protocol: Any) -> Any:
            # Pickled and copied, it is what it was: a copy is not the cache that is watched.
            function, arguments, *rest = super().__reduce_ex__(protocol)
            return remade, (function, *(plain if part is Watched else part for part in arguments)), *rest

    Watched.__name__, Watched.__qualname__, Watched.__module__ = plain.__name__, plain.__qualname__, plain.__module__
    Watched.__doc__ = plain.__doc__
    return Watched


def remade(function: Any, *arguments: Any) -> Any:
    """Pickle insists that `__newobj__` makes objects of the very class that it was given the object of."""
    return function(*arguments)
