"""One at a time, across processes."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Occupied(Exception):
    """Another process held the lock for longer than one was willing to wait."""


@contextmanager
def exclusive(
    path: Path,
    wait_seconds: float,
    waiting: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold the lock file at `path`, made if absent; call `waiting` once if another process holds it.

    The kernel releases the lock when its holder ends, however it ends, so a file left behind blocks nobody. It is left
    in place on purpose: removing it would let two processes hold locks on two files of the same name.
    Raises `Occupied` after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = clock() + wait_seconds
        told = False
        while not _taken(handle):
            if not told:
                waiting()
                told = True
            if clock() > deadline:
                raise Occupied(f"{path} is held by another process for more than {wait_seconds:g} s")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
