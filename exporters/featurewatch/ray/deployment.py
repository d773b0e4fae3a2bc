"""The class decorator of a deployment: every replica measures the calls it serves.

A decorated class is sent to the replicas by value, so nothing that lives (locks, monitors) may hang on it. It carries
only what to measure; each replica makes its own monitor when it is constructed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from featurewatch.measure.monitor import ExtractionMonitor
from featurewatch.ray.batches import measure_batches
from featurewatch.ray.replica import Replica, Wish

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])

REPLICA = "_featurewatch_replica"
MARKED = "_featurewatch_extraction"


def measured(
    *,
    service: str | None = None,
    extractor: str | None = None,
    methods: Sequence[str] | None = None,
    native: bool = True,
) -> Callable[[C], C]:
    """Measure a deployment: put it below `@serve.deployment`, and above `@serve.ingress` if there is one.

    Each replica measures its calls as extractions, and its `@serve.batch` methods as batches. All series carry the
    labels `application` and `deployment` beside the usual ones; replicas are not told apart, since they come and go.

    Args:
        service: the label `service`; the application's name when left out.
        extractor: the label `extractor`; the deployment's name when left out.
        methods: names of the methods whose calls are extractions; when left out, those that are decorated with
            `@extraction`, or else `__call__`.
        native: keep exponential buckets, too.

    TypeError when this is not the class itself, or a method is not there or cannot be timed. Whatever goes wrong later,
    in the replica, is logged and leaves the deployment working, unmeasured.
    """

    def decorate(cls: C) -> C:
        if not isinstance(cls, type):
            raise TypeError(f"put @measured below @serve.deployment, on the class itself, not on {cls!r}")
        chosen = _chosen(cls, methods)
        for name in chosen:
            function = inspect.getattr_static(cls, name, None)
            if getattr(function, MARKED, False):
                continue
            if not inspect.isfunction(function):
                raise TypeError(f"{cls.__name__} has no method {name} that could be measured")
            setattr(cls, name, extraction(function))
        batches = measure_batches(cls, _replica_of)
        _with_replica(cls, Wish(service, extractor, native, batches))
        return cls

    return decorate


def extraction(function: F) -> F:
    """Measure the calls of this method of a `measured` class as extractions: put it next to the method.

    Needed where another decorator takes the method before the class is complete, such as FastAPI's `@app.get(…)`. In a
    class that is not `measured`, or not in a replica, the method works and nothing is exported.
    TypeError for generators.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator: its call returns before it works. Put "
            "`with monitor_of(self).extraction():` around the work that shall be timed"
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await _replica_of(self).timed(function)(self, *args, **kwargs)

    else:

        @functools.wraps(function)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _replica_of(self).timed(function)(self, *args, **kwargs)

    setattr(wrapper, MARKED, True)
    return wrapper  # type: ignore[return-value]  # same parameters, same result


def monitor_of(instance: object) -> ExtractionMonitor:
    """The monitor of a replica, for its own code: `monitor_of(self).stage("fetch")`."""
    return _replica_of(instance).monitor


def _chosen(cls: type, methods: Sequence[str] | None) -> Sequence[str]:
    if methods is not None:
        return methods
    marked = [name for name, member in vars(cls).items() if getattr(member, MARKED, False)]
    return marked or [name for name in ("__call__",) if name in vars(cls)]


def _with_replica(cls: type, wish: Wish) -> None:
    construct = cls.__init__  # type: ignore[misc]  # the class's own, whatever it is

    @functools.wraps(construct)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it takes the place of the constructor
        if REPLICA not in vars(self):
            vars(self)[REPLICA] = Replica.here(wish, type(self).__name__)
        # Serve awaits what a constructor returns, so that it may be a coroutine function.
        return construct(self, *args, **kwargs)

    destruct = getattr(cls, "__del__", None)

    def __del__(self: Any) -> Any:  # noqa: N807 - Serve calls it when the replica's last request has been answered
        if (replica := vars(self).get(REPLICA)) is not None:
            replica.share()
        # Serve awaits it, too.
        return None if destruct is None else destruct(self)

    cls.__init__ = __init__  # type: ignore[misc]
    cls.__del__ = __del__  # type: ignore[attr-defined]


def _replica_of(instance: object) -> Replica:
    replica = vars(instance).get(REPLICA)
    if replica is None:
        replica = vars(instance)[REPLICA] = Replica.nowhere(Wish(), type(instance).__name__)
    assert isinstance(replica, Replica)
    return replica
