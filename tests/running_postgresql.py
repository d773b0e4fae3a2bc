"""A real PostgreSQL server for one test, which may be stopped and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from featurewatch.native.ports import free_port

USER = "featurewatch"


@dataclass
class Server:
    """One server on a folder of its own."""

    binaries: Path
    folder: Path
    port: int
    user: str | None
    """It refuses to be run by root."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        options = [word for setting in settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options],
                user=self.user,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
            self.process = None


@contextmanager
def running_postgresql() -> Iterator[Server]:
    """A server with an empty database. Without the binaries the test is skipped, but fails in CI."""
    binaries = _binaries()
    if binaries is None:
        reason = "no PostgreSQL: install Debian's package postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    user = _ordinary_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="fw-postgresql-", dir="/tmp"))
    server = Server(binaries, folder, free_port(), user)
    try:
        if user is not None:
            shutil.chown(folder, user)
        made = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync"]
        subprocess.run(made, check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].resolve().parent if found else None


def _ordinary_user() -> str:
    return next(name for name in ("postgres", "nobody") if any(one.pw_name == name for one in pwd.getpwall()))
