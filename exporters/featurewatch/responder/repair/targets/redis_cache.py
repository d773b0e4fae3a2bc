"""A cache in Redis: the keys below one prefix, and the memory that the server may use.

Its state:

    keys              number of keys below the prefix
    maxmemory         bytes; 0 is no bound
    maxmemory_policy  what is evicted when they are used up, such as `allkeys-lru`

Wished are `{"keys": 0}`, which clears the prefix, or a bound and policy. Keys go by SCAN and UNLINK, some hundreds at a
time, so that the server answers others in between; nothing outside of the prefix is touched. A bound is set for the
running server only: what its configuration file says holds again after a restart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from featurewatch.responder.repair.target import Call, Refused, State, Unknown, Value
from featurewatch.responder.tries import tries

AT_ONCE: Final = 500
"""Keys of one SCAN and one UNLINK."""

SETTINGS: Final = {"maxmemory": "maxmemory", "maxmemory_policy": "maxmemory-policy"}
"""Names in the state, and the server's own."""

POLICIES: Final = frozenset(
    {
        *("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random"),
        *("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"),
    }
)


class RedisCache:
    """One prefix of one server."""

    def __init__(
        self,
        name: str,
        url: str,
        prefix: str,
        timeout: float = 10.0,
        *,
        refilled: int = 0,
        username: str | None = None,
        password_file: Path | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            name: of the target, for errors.
            url: `redis://host:port/0`, `rediss://…` (TLS) or `unix:///path`, without user and password.
            prefix: what the cache's keys begin with; an empty one is refused, other data may be in that server.
            timeout: seconds that one call may take; clearing ends there, and says that it did not finish.
            refilled: so many keys at most may be there again when the result is read back, because the extractor goes
                on filling its cache meanwhile.
            password_file: read for each call.
            ca_file: PEM file of the authority to trust with `rediss://`; None: those of the system.

        Raises ValueError.
        """
        if not prefix:
            raise ValueError(f"target {name}: its prefix is empty, which means every key of the server; name one")
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"target {name}: its address begins with none of redis://, rediss://, unix://")
        if parts.username or parts.password or "password" in parts.query:
            raise ValueError(f"target {name}: its address must not hold a user or password; use password_file")
        self.name = name
        self.url = url
        self.timeout = timeout
        self._prefix = prefix
        self._pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", prefix) + "*"
        self._refilled = refilled
        self._username = username
        self._password_file = password_file
        self._tls = {"ssl_ca_certs": str(ca_file)} if ca_file is not None and parts.scheme == "rediss" else {}
        self._clock = clock

    def read(self) -> State:
        try:
            for attempt in tries(redis.ConnectionError, redis.TimeoutError, within=self.timeout):
                with attempt, self._connected() as client:
                    return self._read(client)
        except (redis.RedisError, Refused) as error:
            raise Unknown(self._trouble(error)) from None
        raise AssertionError("unreachable")

    def calls(self, wished: State) -> tuple[Call, ...]:
        self._check(wished)
        found = self.read()
        return tuple(
            Call("UNLINK", self.url, f"{found['keys']} keys matching {self._pattern}")
            if name == "keys"
            else Call("CONFIG SET", self.url, f"{SETTINGS[name]} {value}")
            for name, value in wished.items()
            if not self._is(name, found.get(name), value)
        )

    def wish(self, wished: State, key: str) -> None:  # noqa: ARG002
        """`key` is of no use to Redis: doing this twice is the same as once."""
        self._check(wished)
        done: list[str] = []
        try:
            for attempt in tries(_NotConnected, within=self.timeout):
                with attempt, self._connected() as client:
                    self._arrive(client)
                    self._wish(client, wished, done)
        except _NotConnected as error:
            raise Refused(f"{error}; nothing was changed. Is it running, and is its address right?") from None
        except redis.ResponseError as error:
            kind = Unknown if done else Refused
            raise kind(self._trouble(error)) from None
        except redis.RedisError as error:
            raise Unknown(self._trouble(error)) from None

    def holds(self, wished: State, found: State) -> bool:
        return all(name in found and self._is(name, found[name], value) for name, value in wished.items())

    def _is(self, name: str, found: Value, value: Value) -> bool:
        if name == "keys":
            return isinstance(found, int) and found <= self._refilled
        return found == value

    def _check(self, wished: State) -> None:
        for name, value in wished.items():
            good = {
                "keys": value == 0 and isinstance(value, int),
                "maxmemory": isinstance(value, int) and value > 0,
                "maxmemory_policy": value in POLICIES,
            }
            if not good.get(name, False) or isinstance(value, bool):
                what = "keys: 0, maxmemory in bytes above 0, or maxmemory_policy as Redis names them"
                raise Refused(f"target {self.name} takes {what}; found {name}: {value!r}")

    def _read(self, client: redis.Redis) -> State:
        found: dict[str, Value] = {"keys": sum(len(keys) for keys in self._scan(client))}
        try:
            told = client.config_get("maxmemory*")
        except redis.ResponseError:  # some hosted servers allow no CONFIG; the keys can be cleared all the same
            return found
        found["maxmemory"] = int(told.get("maxmemory") or 0)
        found["maxmemory_policy"] = str(told.get("maxmemory-policy", ""))
        return found

    def _wish(self, client: redis.Redis, wished: State, done: list[str]) -> None:
        """`done` keeps what the server has taken so far."""
        for name, value in wished.items():
            if name == "keys":
                for keys in self._scan(client):
                    client.unlink(*keys)
                    done.append(name)
            else:
                client.config_set(SETTINGS[name], str(value))
                done.append(name)

    def _scan(self, client: redis.Redis) -> Iterator[list[bytes | str]]:
        """All keys below the prefix that are there during the whole of it; some perhaps twice."""
        end = self._clock() + self.timeout
        cursor = 0
        while True:
            cursor, keys = client.scan(cursor, match=self._pattern, count=AT_ONCE)
            if keys:
                yield keys
            if cursor == 0:
                return
            if self._clock() > end:
                raise redis.TimeoutError(f"not all keys were seen within {self.timeout:g} s")

    def _arrive(self, client: redis.Redis) -> None:
        """Connect, and change nothing yet."""
        try:
            client.ping()
        except redis.AuthenticationError as error:
            raise redis.ResponseError(str(error)) from None
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise _NotConnected(self._trouble(error)) from None

    @contextmanager
    def _connected(self) -> Iterator[redis.Redis]:
        client = redis.Redis.from_url(
            self.url,
            username=self._username,
            password=self._password(),
            socket_timeout=self.timeout,
            socket_connect_timeout=self.timeout,
            **self._tls,
            retry=Retry(NoBackoff(), 0),  # ours knows which calls may be repeated
        )
        try:
            yield client
        finally:
            client.close()

    def _password(self) -> str | None:
        if self._password_file is None:
            return None
        try:
            return self._password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = f"target {self.name}: its password_file {self._password_file.name} cannot be read"
            raise Refused(f"{what} ({type(error).__name__})") from None

    def _trouble(self, error: Exception) -> str:
        if isinstance(error, Refused):
            return str(error)
        return f"target {self.name}: Redis at {self.url}: {type(error).__name__}: {error}"


class _NotConnected(Exception):
    """No command but PING was sent; even a wish may be tried again."""
