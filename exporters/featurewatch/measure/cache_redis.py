"""A Redis client, measured in place: every command goes through its `execute_command`, also those of its pipelines."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from featurewatch.measure.cache_server import ServerState

if TYPE_CHECKING:
    from featurewatch.measure.cache import CacheMonitor, Operation

ONE = frozenset({"GET", "GETEX", "GETDEL", "GETRANGE", "HGET", "JSON.GET"})
"""Commands that look up one key or field, and answer nothing on a miss."""

WHOLE = frozenset({"HGETALL", "SMEMBERS", "LRANGE"})
"""Those that look up one collection, and answer an empty one on a miss."""

MANY = frozenset({"MGET", "HMGET", "JSON.MGET"})
"""Those that look up several, and answer with a list."""

OPERATIONS: dict[str, Operation] = {
    **dict.fromkeys(ONE | WHOLE, "get"),
    **dict.fromkeys(MANY, "get_many"),
    **dict.fromkeys(
        ("SET", "SETEX", "PSETEX", "SETNX", "MSET", "MSETNX", "HSET", "HMSET", "HSETNX", "JSON.SET"), "set"
    ),
    **dict.fromkeys(("DEL", "UNLINK", "HDEL"), "delete"),
    **dict.fromkeys(("FLUSHDB", "FLUSHALL"), "clear"),
}


def watch_redis(monitor: CacheMonitor, client: Any) -> None:
    """The client keeps its class: its own `execute_command` and `pipeline` are covered by attributes."""
    plain = client.execute_command
    is_async = inspect.iscoroutinefunction(plain)
    server = ServerState(monitor.evicted, monitor.clock, plain, is_async)
    monitor.state = server.read
    clock = monitor.clock

    def execute_command(*arguments: Any, **options: Any) -> Any:
        started = clock()
        try:
            answer = plain(*arguments, **options)
        except BaseException:
            monitor.done(operation(arguments), "error", started)
            raise
        _count(monitor, arguments, answer, started)
        return answer

    async def execute_command_async(*arguments: Any, **options: Any) -> Any:
        server.here()
        started = clock()
        try:
            answer = await plain(*arguments, **options)
        except BaseException:
            monitor.done(operation(arguments), "error", started)
            raise
        _count(monitor, arguments, answer, started)
        return answer

    make_pipeline = client.pipeline

    def pipeline(*arguments: Any, **options: Any) -> Any:
        made = make_pipeline(*arguments, **options)
        try:
            _watch_pipeline(monitor, made)
        except Exception as error:  # noqa: BLE001 - an unmeasured pipeline is better than none
            monitor.owner.trouble(error)
        return made

    client.execute_command = execute_command_async if is_async else execute_command
    client.pipeline = pipeline
    client._featurewatch = True


def operation(arguments: Sequence[Any]) -> Operation:
    """What kind of operation a command is."""
    return OPERATIONS.get(_name(arguments), "other")


def _name(arguments: Sequence[Any]) -> str:
    name = arguments[0] if arguments else ""
    return (name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)).upper()


def _count(monitor: CacheMonitor, arguments: Sequence[Any], answer: Any, started: float) -> None:
    try:
        name = _name(arguments)
        kind = OPERATIONS.get(name, "other")
        if kind == "get":
            found = _found(name, answer)
            monitor.done("get", "hit" if found else "miss", started)
            if found:
                monitor.hit(_key(arguments))
        else:
            monitor.done(kind, "ok", started)
            _aside(monitor, name, kind, arguments, answer)
    except Exception as error:  # noqa: BLE001 - never reaches the caller
        monitor.owner.trouble(error)


def _aside(monitor: CacheMonitor, name: str, kind: str, arguments: Sequence[Any], answer: Any) -> None:
    """What a command means beyond its duration."""
    if kind == "get" and not isinstance(answer, Exception):
        found = _found(name, answer)
        monitor.looked_up(int(found), int(not found))
    elif kind == "get_many" and isinstance(answer, (list, tuple)):
        hits = sum(value is not None for value in answer)
        monitor.looked_up(hits, len(answer) - hits)
        if name != "HMGET":
            for key, value in zip(arguments[1:], answer, strict=False):
                if value is not None:
                    monitor.hit(_plain_key(key))
    elif kind == "set":
        step = 2 if name in ("MSET", "MSETNX") else len(arguments)
        for key in arguments[1::step]:
            monitor.put(_plain_key(key))
    elif kind == "delete" and isinstance(answer, int):
        monitor.evicted("deleted", answer)
    elif kind == "clear":
        monitor.restart()


def _found(name: str, answer: Any) -> bool:
    return bool(answer) if name in WHOLE or name == "GETRANGE" else answer is not None


def _key(arguments: Sequence[Any]) -> object:
    return _plain_key(arguments[1]) if len(arguments) > 1 else None


def _plain_key(key: Any) -> Any:
    """Keys may be given as text or bytes, and are the same to Redis."""
    return key.encode() if isinstance(key, str) else bytes(key) if isinstance(key, (bytearray, memoryview)) else key


def _watch_pipeline(monitor: CacheMonitor, pipe: Any) -> None:
    """One operation for the whole, and the look-ups in it one by one."""
    plain = pipe.execute
    clock = monitor.clock

    def commands() -> list[Sequence[Any]]:
        return [getattr(command, "args", None) or command[0] for command in pipe.command_stack]

    def ended(sent: list[Sequence[Any]], answers: Any, started: float) -> None:
        try:
            monitor.done("pipeline", "ok", started)
            if isinstance(answers, list) and len(answers) == len(sent):
                for arguments, answer in zip(sent, answers, strict=True):
                    name = _name(arguments)
                    kind = OPERATIONS.get(name, "other")
                    if kind == "get" and not isinstance(answer, Exception) and _found(name, answer):
                        monitor.hit(_key(arguments))
                    _aside(monitor, name, kind, arguments, answer)
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            monitor.owner.trouble(error)

    def execute(*arguments: Any, **options: Any) -> Any:
        sent = commands()
        started = clock()
        try:
            answers = plain(*arguments, **options)
        except BaseException:
            monitor.done("pipeline", "error", started)
            raise
        ended(sent, answers, started)
        return answers

    async def execute_async(*arguments: Any, **options: Any) -> Any:
        sent = commands()
        started = clock()
        try:
            answers = await plain(*arguments, **options)
        except BaseException:
            monitor.done("pipeline", "error", started)
            raise
        ended(sent, answers, started)
        return answers

    pipe.execute = execute_async if inspect.iscoroutinefunction(plain) else execute
