"""A Redis server for the tests: the machine's own, or Debian's packages unpacked beside the other tools.

No part of featurewatch needs it; the tests of the cache wrapper want a real one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from featurewatch.tools import mirror
from featurewatch.tools.errors import ToolError
from featurewatch.tools.fetch import fetch
from featurewatch.tools.lock import Occupied, exclusive
from featurewatch.tools.private_apt import KEYRING, PrivateApt

SUITE: Final = "bookworm"
"""Debian 12: later suites' servers want a newer C library than it has, and it is the oldest that we support."""

PACKAGES: Final = ("redis-tools", "libjemalloc2", "liblzf1", "liblua5.1-0", "lua-cjson", "lua-bitop", "libhiredis0.14")
"""`redis-tools` holds the server's binary; `redis-server` only its service."""

LOCK_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """How to start it: `[path, "--port", …]` with these variables added to the environment."""

    path: Path
    environment: Mapping[str, str]


def provide_redis(
    tools_folder: Path,
    say: Callable[[str], None] = lambda _: None,
    search_path: str | None = None,
    fetch_packages: Callable[..., object] = fetch,
) -> RedisServer:
    """The server on PATH, else the fetched one, fetching it if need be. Raises ToolError.

    Several processes may call it at once: one fetches, the others wait and then find.
    """
    on_path = shutil.which("redis-server", path=search_path)
    if on_path is not None:
        return RedisServer(Path(on_path), {})
    folder = tools_folder.absolute() / "redis"
    found = _fetched(folder)
    if found is None:
        try:
            with exclusive(
                folder / "lock", LOCK_SECONDS, waiting=lambda: say("waiting: another process fetches Redis")
            ):
                found = _fetched(folder)
                if found is None:
                    fetch_packages(
                        PACKAGES, folder, say, lambda aside: PrivateApt(aside, mirror.find(), KEYRING, SUITE)
                    )
                    found = _fetched(folder)
        except (Occupied, OSError) as fault:
            raise ToolError(f"Redis could not be fetched: {fault}") from fault
    if found is None:
        raise ToolError(f"the packages {', '.join(PACKAGES)} hold no redis-server: install one so that it is on PATH")
    return found


def _fetched(folder: Path) -> RedisServer | None:
    servers = sorted(folder.glob("debian/*/usr/bin/redis-check-rdb"))
    if not servers or any(not (folder / "debian" / package).is_dir() for package in PACKAGES):
        return None
    # One binary with several names: it is what it is called as, and the name of the server is in another package.
    server = folder / "redis-server"
    if not server.is_symlink():
        with contextlib.suppress(FileExistsError):
            server.symlink_to(servers[0].relative_to(folder))
    libraries = sorted({str(path.parent) for path in folder.glob("debian/*/usr/lib/*/*.so*")})
    return RedisServer(server, {"LD_LIBRARY_PATH": os.pathsep.join(libraries)})
