"""Reading the parts' logs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

from featurewatch.native.errors import StackError
from featurewatch.native.records import RunFolder
from featurewatch.native.status import SUPERVISOR


def logs(
    run_dir: Path,
    part: str,
    lines: int = 50,
    follow: bool = False,
    pause: Callable[[], None] = lambda: time.sleep(0.2),
) -> Iterator[str]:
    """The last lines of a part's log, oldest first; with `follow`, then each new one, for ever, across rotations.

    `part` may be `supervisor`, for the log of starts, ends and restarts. Raises StackError for an unknown part.
    """
    layout = RunFolder(run_dir).layout()
    if part not in (*layout.order, SUPERVISOR):
        known = ", ".join((*layout.order, SUPERVISOR)) if layout.order else "none: the stack was never started here"
        raise StackError(f"no part is called {part}; there are: {known}")
    path = layout.log("supervisord" if part == SUPERVISOR else part)
    return _read(path, lines, follow, pause)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a file; none if there is no such file."""
    return list(_read(path, lines, follow=False, pause=lambda: None))


def _read(path: Path, lines: int, follow: bool, pause: Callable[[], None]) -> Iterator[str]:
    file = _open(path)
    try:
        if file is not None:
            yield from map(_text, deque(file, maxlen=max(0, lines)))
        begun = b""
        while follow:
            begun += file.readline() if file is not None else b""
            if begun.endswith(b"\n"):
                yield _text(begun)
                begun = b""
                continue
            # At the end, for now. What was written before a rotation has been read; then comes the new file.
            if file is None or _replaced(file, path):
                if file is not None:
                    file.close()
                file = _open(path)
            if file is None or file.tell() == os.fstat(file.fileno()).st_size:
                pause()
    finally:
        if file is not None:
            file.close()


def _open(path: Path) -> BufferedReader | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _replaced(file: BufferedReader, path: Path) -> bool:
    mine = os.fstat(file.fileno())
    try:
        now = path.stat()
    except FileNotFoundError:
        return True
    return (mine.st_ino, mine.st_dev) != (now.st_ino, now.st_dev) or now.st_size < file.tell()


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")
