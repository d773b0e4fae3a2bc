"""A real Redis behind its own client: every command is measured, and the client stays what it was."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from tests.exposed import exposed, value
from tests.running_redis import redis_binary, running_redis

from featurewatch import CacheMonitor, Registry, names
from featurewatch.tools.redis import PACKAGES, provide_redis


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    with running_redis() as path:
        yield path


@pytest.fixture
def client(socket: str) -> Iterator[Any]:
    with redis.Redis(unix_socket_path=socket) as made:
        made.flushall()
        yield made


def watched(cache: Any) -> tuple[Registry, CacheMonitor]:
    registry = Registry()
    monitor = CacheMonitor("features", service="s", registry=registry)
    assert monitor.watch(cache) is cache
    return registry, monitor


def lookups(registry: Registry) -> tuple[float, float]:
    return value(registry, names.CACHE_LOOKUPS, result="hit"), value(registry, names.CACHE_LOOKUPS, result="miss")


def operations(registry: Registry, operation: str, result: str) -> float:
    return value(registry, names.CACHE_OPERATION_DURATION + "_count", operation=operation, result=result)


def eventually(read: Any, wanted: float) -> None:
    """A scrape asks the server anew, and may be served with an older answer."""
    deadline = time.monotonic() + 20
    while read() != wanted:
        assert time.monotonic() < deadline, f"{read()} instead of {wanted}"
        time.sleep(0.05)


def test_hits_misses_sets_and_deletes_are_counted_and_the_answers_are_unchanged(client: Any) -> None:
    registry, _ = watched(client)
    assert type(client) is redis.Redis
    assert client.get("a") is None
    assert client.set("a", "1") is True
    assert client.get("a") == b"1"
    assert client.hset("h", "f", "2") == 1
    assert client.hget("h", "f") == b"2"
    assert client.hgetall("nothing") == {}
    assert client.mget("a", "b", "a") == [b"1", None, b"1"]
    assert client.delete("a", "b") == 1
    assert client.incr("n") == 1
    assert lookups(registry) == (4, 3)
    assert operations(registry, "get", "hit") == 2
    assert operations(registry, "get", "miss") == 2
    assert operations(registry, "get_many", "ok") == 1
    assert operations(registry, "set", "ok") == 2
    assert operations(registry, "other", "ok") == 1
    assert value(registry, names.CACHE_EVICTIONS, reason="deleted") == 1


def test_a_pipeline_is_one_operation_and_its_look_ups_count_one_by_one(client: Any) -> None:
    registry, _ = watched(client)
    with client.pipeline() as pipe:
        assert pipe.set("a", "1").get("a").get("b").mget("a", "c").delete("a").execute()[1:3] == [b"1", None]
    assert operations(registry, "pipeline", "ok") == 1
    assert lookups(registry) == (2, 2)
    assert operations(registry, "get", "hit") == 0
    assert value(registry, names.CACHE_EVICTIONS, reason="deleted") == 1


def test_an_error_of_the_server_reaches_the_caller_and_is_counted(client: Any) -> None:
    registry, _ = watched(client)
    client.set("a", "text")
    with pytest.raises(redis.ResponseError):
        client.incr("a")
    with pytest.raises(redis.ResponseError):
        client.hget("a", "field")
    assert operations(registry, "other", "error") == 1
    assert operations(registry, "get", "error") == 1
    assert lookups(registry) == (0, 0)


def test_entries_and_bytes_come_from_the_server_without_the_scrape_waiting_for_it(client: Any) -> None:
    registry, _ = watched(client)
    client.mset({f"k{number}": "v" for number in range(7)})
    eventually(lambda: value(registry, names.CACHE_ENTRIES), 7)
    assert value(registry, names.CACHE_SIZE) > 100_000
    assert math.isnan(value(registry, names.CACHE_CAPACITY_BYTES))
    assert math.isnan(value(registry, names.CACHE_FILL))


def test_evictions_by_capacity_and_by_age_are_told_apart() -> None:
    with (
        running_redis("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru") as socket,
        redis.Redis(unix_socket_path=socket) as client,
    ):
        registry, _ = watched(client)
        client.set("short", "lived", px=1)
        eventually(lambda: value(registry, names.CACHE_CAPACITY_BYTES), 3 * 1024 * 1024)
        info: Any = client.info("stats")
        expired_before, evicted_before = info["expired_keys"], info["evicted_keys"]
        client.set("again", "lived", px=1)
        time.sleep(0.01)
        assert client.get("again") is None
        for number in range(60):
            client.set(f"big{number}", "x" * 100_000)
        info = client.info("stats")
        assert info["evicted_keys"] - evicted_before > 20
        eventually(
            lambda: value(registry, names.CACHE_EVICTIONS, reason="capacity"), info["evicted_keys"] - evicted_before
        )
        assert info["expired_keys"] >= expired_before
        assert 1 <= value(registry, names.CACHE_EVICTIONS, reason="expired") <= 2
        assert 0.5 < value(registry, names.CACHE_FILL) <= 1.01


def test_a_server_that_is_gone_is_an_error_to_the_caller_and_unknown_to_the_scrape() -> None:
    with running_redis() as socket:
        client = redis.Redis(unix_socket_path=socket)
        registry, _ = watched(client)
        client.set("a", "1")
        eventually(lambda: value(registry, names.CACHE_ENTRIES), 1)
    with pytest.raises(redis.ConnectionError):
        client.get("a")
    assert operations(registry, "get", "error") == 1
    deadline = time.monotonic() + 20
    while not math.isnan(value(registry, names.CACHE_ENTRIES)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert value(registry, names.INTERNAL_ERRORS) == 0
    client.close()


def test_the_asyncio_client_is_measured_the_same(socket: str, client: Any) -> None:
    async def use() -> Registry:
        async with redis.asyncio.Redis(unix_socket_path=socket) as own:
            registry, _ = watched(own)
            assert type(own) is redis.asyncio.Redis
            assert await own.get("a") is None
            await own.set("a", "1")
            assert await own.get("a") == b"1"
            async with own.pipeline() as pipe:
                pipe.get("a")
                pipe.get("b")
                assert await pipe.execute() == [b"1", None]
            deadline = time.monotonic() + 20
            while math.isnan(value(registry, names.CACHE_ENTRIES)):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            assert value(registry, names.CACHE_ENTRIES) == 1
            return registry

    registry = asyncio.run(use())
    assert lookups(registry) == (2, 2)
    assert operations(registry, "pipeline", "ok") == 1


def test_warming_is_worth_what_is_asked_for_afterwards(client: Any) -> None:
    registry, monitor = watched(client)
    with monitor.warming():
        client.mset({"a": "1", "b": "2", "c": "3"})
        client.set("d", "4")
    client.set("e", "5")
    for key in ("a", b"a", "d", "e", "x"):
        client.get(key)
    assert value(registry, names.CACHE_WARMED) == 4
    assert value(registry, names.CACHE_WARMED_USED) == 2


def test_counts_equal_those_of_the_server(client: Any) -> None:
    registry, _ = watched(client)
    client.config_resetstat()
    for number in range(300):
        client.set(f"k{number % 40}", number)
        client.get(f"k{number % 70}")
        client.mget(f"k{number % 50}", f"k{number % 90}")
    info: Any = client.info("stats")
    assert lookups(registry) == (info["keyspace_hits"], info["keyspace_misses"])


def test_a_key_or_a_value_never_stands_in_the_exposition(client: Any) -> None:
    registry, _ = watched(client)
    client.set("secret-key", "secret-value")
    client.get("secret-key")
    assert "secret" not in str(list(exposed(registry)))


def test_a_redis_on_path_is_taken_and_otherwise_debians_packages_are_fetched_once(tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "redis-server"
    binary.parent.mkdir()
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    assert provide_redis(tmp_path, search_path=str(binary.parent)).path == binary
    fetched: list[tuple[str, ...]] = []

    def fetch(packages: tuple[str, ...], folder: Path, *_: object) -> None:
        fetched.append(packages)
        for package in packages:
            (folder / "debian" / package / "usr/bin").mkdir(parents=True)
        (folder / "debian/redis-tools/usr/bin/redis-check-rdb").touch()
        (folder / "debian/libjemalloc2/usr/lib/any").mkdir(parents=True)
        (folder / "debian/libjemalloc2/usr/lib/any/libjemalloc.so.2").touch()

    for _ in range(2):
        found = provide_redis(tmp_path / "tools", search_path="", fetch_packages=fetch)
        assert found.path.name == "redis-server"
        assert found.path.resolve().name == "redis-check-rdb"
        assert found.environment["LD_LIBRARY_PATH"].endswith("libjemalloc2/usr/lib/any")
    assert fetched == [PACKAGES]


def test_the_server_of_these_tests_is_a_real_one() -> None:
    assert redis_binary().path.name == "redis-server"
