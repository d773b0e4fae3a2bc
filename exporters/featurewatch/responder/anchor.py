"""The end of the audit's chain, kept outside the database: a file that only grows, one line for each new end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from featurewatch.responder.audit import Head


class AnchorFault(Exception):
    """The file cannot be read; the message says where."""


class Anchor:
    """One file. Whoever keeps it on another machine, or append-only, makes it worth more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, head: Head) -> None:
        """Add a line, and see it on the disk. Raises OSError."""
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _drop_cut_off_line(handle)
            os.write(handle, f"{head.number} {head.mac}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def heads(self) -> Iterator[Head]:
        """All that were kept. A last line that a crash cut off is passed over; any other one raises AnchorFault."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for position, line in enumerate(lines, start=1):
            if position == len(lines):
                return  # empty, or what was being written at a crash
            number, _, mac = line.decode("ascii", "replace").partition(" ")
            if not number.isdigit() or len(mac) != 64:
                raise AnchorFault(f"{self._path}:{position}: {line[:80]!r} is no line of an anchor")
            yield Head(int(number), mac)


def _drop_cut_off_line(handle: int) -> None:
    """What a crash left of a line must not become the beginning of the next one."""
    length = os.fstat(handle).st_size
    tail = os.pread(handle, 256, max(0, length - 256))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(handle, length - len(tail) + tail.rfind(b"\n") + 1)
