"""`@serve.batch` methods of a measured deployment, measured as batches.

Serve's decorator stays the user's. What it wraps is replaced by a function that does the same and is measured, and each
item is given the moment of its arrival, so that its wait is that of the item and not (as in Ray's own
`ray_serve_batch_wait_time_ms`) that of the batch for its last item. Ray has no public way to do this: what is used of
`ray.serve.batching` is looked for first, and where it is not found, the method is left as it is and logged.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurewatch.ray.replica import Replica

log = logging.getLogger("featurewatch")

QUEUE_SETTER = "set_max_batch_size"
"""The method of Serve's queue that its decorator hangs on the method: the way to the queue."""


class Arrived:
    """An item and when it came."""

    __slots__ = ("at", "item")

    def __init__(self, item: object, at: float) -> None:
        self.item = item
        self.at = at


def measure_batches(cls: type, replica_of: Callable[[object], Replica]) -> tuple[tuple[str, int | None], ...]:
    """Replace the class's own `@serve.batch` methods by measured ones: their names, and how many items fit.

    Where the user's `batch_size_fn` says how large a batch is, nobody knows how many items fit: None.
    """
    found = tuple(name for name, member in vars(cls).items() if callable(getattr(member, QUEUE_SETTER, None)))
    return tuple((name, _items(queue)) for name in found if (queue := _measured(cls, name, replica_of)) is not None)


def _measured(cls: type, name: str, replica_of: Callable[[object], Replica]) -> Any | None:
    """Measure this method and give its queue; None when this Ray is not known."""
    method = vars(cls)[name]
    queue: Any = getattr(getattr(method, QUEUE_SETTER), "__self__", None)
    if not all(hasattr(queue, wanted) for wanted in ("handle_batch_func", "batch_size_fn", "max_batch_size")):
        log.warning("featurewatch does not know this Ray's @serve.batch: %s.%s is not measured", cls.__name__, name)
        return None
    function = queue.handle_batch_func
    queue.handle_batch_func = _handling(function, name, replica_of)
    if queue.batch_size_fn is not None:
        queue.batch_size_fn = _sizing(queue.batch_size_fn)
    setattr(cls, name, _enqueueing(method, function))
    return queue


def _items(queue: Any) -> int | None:
    return None if queue.batch_size_fn is not None else int(queue.max_batch_size)


def _enqueueing(method: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """The method as callers call it, with one item; its first argument carries the moment of the call."""
    parameters = list(inspect.signature(function).parameters)
    first = parameters[1] if len(parameters) > 1 else ""

    def stamped(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        now = perf_counter()
        if args:
            return (Arrived(args[0], now), *args[1:]), kwargs
        return args, {key: Arrived(value, now) if key == first else value for key, value in kwargs.items()}

    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def enqueue(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            args, kwargs = stamped(args, kwargs)
            return await method(self, *args, **kwargs)

    else:

        @functools.wraps(method)
        def enqueue(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            args, kwargs = stamped(args, kwargs)
            return method(self, *args, **kwargs)

    # By this Serve tells a method from a function.
    enqueue.__wrapped__ = function
    return enqueue


def _sizing(size: Callable[[list[Any]], int]) -> Callable[[list[Any]], int]:
    @functools.wraps(size)
    def sized(items: list[Any]) -> int:
        return size([_item(item) for item in items])

    return sized


def _handling(function: Callable[..., Any], name: str, replica_of: Callable[[object], Replica]) -> Callable[..., Any]:
    """The function that handles a whole batch, measured; it is given plain items."""

    def measuring(self: object, arrivals: list[Arrived]) -> AbstractContextManager[object]:
        now = perf_counter()
        return replica_of(self).batch(name, [now - item.at for item in arrivals])

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def generate(self: Any, /, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            plain, named, arrivals = _unpacked(args, kwargs)
            with measuring(self, arrivals):
                async for results in function(self, *plain, **named):
                    yield results

        return generate

    @functools.wraps(function)
    async def handle(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        plain, named, arrivals = _unpacked(args, kwargs)
        with measuring(self, arrivals):
            return await function(self, *plain, **named)

    return handle


def _unpacked(
    args: tuple[list[Any], ...], kwargs: dict[str, list[Any]]
) -> tuple[list[list[Any]], dict[str, list[Any]], list[Arrived]]:
    """Each argument is a list with one value per item; the first holds the moments."""
    arrivals = [item for items in (*args, *kwargs.values()) for item in items if isinstance(item, Arrived)]
    plain = [[_item(item) for item in items] for items in args]
    named = {key: [_item(item) for item in items] for key, items in kwargs.items()}
    return plain, named, arrivals


def _item(value: Any) -> Any:
    return value.item if isinstance(value, Arrived) else value
