"""A real Redis: exactly the prefix is cleared, and memory is bounded as it was wished for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from tests import own_authority
from tests.conftest import CHECKOUT
from tests.objectives_sample import acting
from tests.running_redis import running_redis

from featurewatch.native.ports import free_port
from featurewatch.objectives import repair
from featurewatch.objectives.load import load
from featurewatch.responder import tries
from featurewatch.responder.repair import targets
from featurewatch.responder.repair.target import Refused, State, Target, Unknown
from featurewatch.responder.repair.targets.redis_cache import RedisCache
from featurewatch.routes.secrets import check

DECLARED = """
targets:
  - { name: desk, kind: http, url: "http://h:1", timeout: 2s, token_file: secrets/desk_token }
  - { name: cache, kind: redis, url: "redis://h:1", prefix: "f:", timeout: 2s, token_file: secrets/redis_password }
actions:
  - { name: halt, kind: halt, on: [{ alert: ExtractionTooSlow }], target: desk }
  - { name: clear, kind: clear-cache, on: [{ alert: ExtractionTooSlow }], target: cache }
"""

PASSWORD = "a-password-that-nobody-may-read"


@dataclass(frozen=True)
class Running:
    port: int
    client: redis.Redis

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@pytest.fixture
def server() -> Iterator[Running]:
    port = free_port()
    with running_redis("--port", str(port)) as socket, redis.Redis(unix_socket_path=socket) as client:
        yield Running(port, client)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are a tenth as long."""
    monkeypatch.setattr(tries, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(tries, "JITTER", 0.05)


def fill(client: redis.Redis, *prefixes: str, many: int = 2_000) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for prefix in prefixes:
            for number in range(many):
                pipeline.set(f"{prefix}{number}", "x")
        pipeline.execute()


def test_a_prefix_is_cleared_and_nothing_else(server: Running) -> None:
    # Each of the others matches the prefix when it is read as a pattern.
    fill(server.client, "features[a-c]*:", "featuresa:", "features:", "other:")
    cache: Target = RedisCache("cache", server.url, "features[a-c]*:")
    wished = {"keys": 0}
    assert cache.read()["keys"] == 2_000
    [call] = cache.calls(wished)
    assert (call.method, call.body.split()[0]) == ("UNLINK", "2000")
    assert cache.read()["keys"] == 2_000  # a dry-run removes nothing
    cache.wish(wished, "k")
    assert cache.holds(wished, cache.read())
    assert cache.calls(wished) == ()
    assert server.client.dbsize() == 6_000
    cache.wish(wished, "k")
    assert server.client.dbsize() == 6_000


def test_a_cache_that_fills_again_meanwhile_is_empty_enough_if_that_was_declared(server: Running) -> None:
    fill(server.client, "features:", many=100)
    assert not RedisCache("cache", server.url, "features:").holds({"keys": 0}, {"keys": 100})
    assert RedisCache("cache", server.url, "features:", refilled=100).holds({"keys": 0}, {"keys": 100})
    assert not RedisCache("cache", server.url, "features:", refilled=99).holds({"keys": 0}, {"keys": 100})


def test_memory_is_bounded(server: Running) -> None:
    cache: Target = RedisCache("cache", server.url, "features:")
    wished: State = {"maxmemory": 50_000_000, "maxmemory_policy": "allkeys-lru"}
    assert cache.read() == {"keys": 0, "maxmemory": 0, "maxmemory_policy": "noeviction"}
    assert [call.body for call in cache.calls(wished)] == ["maxmemory 50000000", "maxmemory-policy allkeys-lru"]
    cache.wish(wished, "k")
    assert cache.holds(wished, cache.read())


@pytest.mark.parametrize(
    "wished", [{"keys": 1}, {"keys": False}, {"maxmemory": 0}, {"maxmemory_policy": "any"}, {"replicas": 2}]
)
def test_whatever_else_is_wished_for_is_refused(wished: dict[str, str | int]) -> None:
    with pytest.raises(Refused, match="cache takes keys: 0"):
        RedisCache("cache", "redis://127.0.0.1:1", "features:").wish(wished, "k")


def test_where_no_redis_answers_a_wish_is_certainly_refused_and_a_reading_unknown() -> None:
    cache = RedisCache("cache", f"redis://127.0.0.1:{free_port()}", "features:")
    with pytest.raises(Refused, match=r"nothing was changed\. Is it running"):
        cache.wish({"keys": 0}, "k")
    with pytest.raises(Unknown, match="cache"):
        cache.read()


def test_a_server_that_hangs_is_unknown_within_the_time_out(server: Running) -> None:
    cache = RedisCache("cache", server.url, "features:", timeout=0.5)
    server.client.client_pause(20_000)
    with pytest.raises(Unknown, match="Timeout"):
        cache.read()


def test_what_the_server_forbids_is_refused(server: Running, tmp_path: Path) -> None:
    fill(server.client, "features:", many=10)
    rules = ["resetpass", f">{PASSWORD}", "-unlink", "-config"]
    server.client.execute_command("ACL", "SETUSER", "default", *rules)  # type: ignore[no-untyped-call]
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    cache = RedisCache("cache", server.url, "features:", password_file=file)
    assert cache.read() == {"keys": 10}
    for wished in ({"keys": 0}, {"maxmemory": 1_000_000}):
        with pytest.raises(Refused, match="no permissions") as refused:
            cache.wish(wished, "k")
        assert PASSWORD not in str(refused.value)
    file.write_text("another one")
    with pytest.raises(Refused) as wrong:
        cache.wish({"keys": 0}, "k")
    assert "another one" not in str(wrong.value)


def test_by_tls_only_a_server_of_the_declared_authority_is_trusted(tmp_path: Path) -> None:
    own_authority.write(tmp_path / "one")
    own_authority.write(tmp_path / "other")
    port = free_port()
    files = tmp_path / "one"
    options = (
        *("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(files / "ca.pem")),
        *("--tls-cert-file", str(files / "tls.crt"), "--tls-key-file", str(files / "tls.key")),
    )

    def declared(scheme: str = "rediss", authority: str | None = "one") -> Target:
        url, ca_file = f"{scheme}://127.0.0.1:{port}/0", None
        if authority is not None:
            (tmp_path / f"{authority}.pem").write_bytes((tmp_path / authority / "ca.pem").read_bytes())
            ca_file = f"secrets/{authority}.pem"
        settings = {"prefix": "features:"}
        return targets.made(
            repair.Target(name="cache", kind="redis", url=url, timeout=5.0, ca_file=ca_file, settings=settings),
            tmp_path,
        )

    with running_redis(*options) as socket, redis.Redis(unix_socket_path=socket) as client:
        fill(client, "features:", "other:", many=100)
        for stranger in (declared(authority="other"), declared(authority=None), declared("redis")):
            with pytest.raises(Unknown, match="target cache"):
                stranger.read()
        assert client.dbsize() == 200
        cache = declared()
        assert cache.read()["keys"] == 100
        cache.wish({"keys": 0}, "k")
        assert cache.holds({"keys": 0}, cache.read())
        assert client.dbsize() == 100
        (tmp_path / "one.pem").unlink()
        with pytest.raises(Unknown, match="target cache"):
            cache.read()


@pytest.mark.parametrize(
    ("url", "prefix"), [("redis://h", ""), ("http://h", "a"), (f"redis://:{PASSWORD}@h", "a"), ("rediss://u@h", "a")]
)
def test_a_cache_that_would_be_everything_or_a_secret_in_its_address_is_refused(url: str, prefix: str) -> None:
    with pytest.raises(ValueError, match="target cache") as fault:
        RedisCache("cache", url, prefix)
    assert PASSWORD not in str(fault.value)


def test_a_declared_target_becomes_the_system_that_it_names(tmp_path: Path) -> None:
    redis_ = repair.Target(
        name="cache", kind="redis", url="redis://h:1", timeout=3.0, settings={"prefix": "a", "refilled": 3}
    )
    ray = repair.Target(
        name="ray", kind="ray-serve", url="http://h:1", timeout=4.0, settings={"application": "a", "deployment": "d"}
    )
    model = repair.Target(name="model", kind="retraining", url="http://h:1", timeout=5.0, settings={"model": "m"})
    hook = repair.Target(name="halt", kind="http", url="http://h:1", timeout=6.0, token_file="secrets/halt")
    for declared in (redis_, ray, model, hook):
        target = targets.made(declared, tmp_path)
        assert (target.name, target.timeout) == (declared.name, declared.timeout)
    (tmp_path / "halt").write_text("")
    empty = repair.Target(name="cache", kind="redis", url="redis://h:1", timeout=3.0, settings={"prefix": ""})
    with pytest.raises(targets.TargetFault, match="prefix is empty"):
        targets.made(empty, tmp_path)
    outside = repair.Target(name="halt", kind="http", url="http://h:1", timeout=6.0, token_file="../etc/shadow")
    with pytest.raises(targets.TargetFault, match="lies outside the folder of secrets"):
        targets.made(outside, tmp_path)


def test_the_secrets_of_targets_are_looked_at_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(acting((CHECKOUT / "objectives.yaml").read_text(), DECLARED))
    objectives = load(file)
    faults = check(objectives.notify, tmp_path, objectives.handling).faults
    assert {"desk_token", "redis_password"} <= {Path(fault.file).name for fault in faults}
