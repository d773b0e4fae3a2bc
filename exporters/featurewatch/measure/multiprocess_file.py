"""The file in which one process shares its series; who has it open and locked is alive."""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from featurewatch.measure.family import Totals
from featurewatch.measure.multiprocess_format import MAGIC, SLOT, Damaged, Description, Shared, encoded, record, slot

SUFFIX = ".series"
FIRST_SIZE = 64 * 1024
LARGEST = 64 * 1024 * 1024
"""Bytes of a file. A process whose series need more shares no further ones; a larger file is none of ours."""


_open: set[int] = set()
"""Files that this process is looking at or about to begin, and may have locked."""


def close_inherited() -> None:
    """In a forked child: a lock lasts until every copy of its file is closed, and it is the parent's."""
    for fd in tuple(_open):
        with suppress(OSError):
            os.close(fd)
    _open.clear()


class Place:
    """Where in a file a series is written, and what was written last."""

    __slots__ = ("map", "number", "reading", "room", "start")

    def __init__(self, where: mmap.mmap, start: int, room: int, reading: Shared) -> None:
        self.map = where
        self.start = start
        self.room = room
        self.number = 0
        self.reading = reading

    def write(self, reading: Shared, payload: bytes) -> None:
        # One copy into shared memory: no system call, and nothing to wait for. The number moves on after it, so that
        # an interrupted write is repeated in the same slot.
        number = self.number + 1
        start = self.start + (number & 1) * self.room
        data = slot(number, payload)
        self.map[start : start + len(data)] = data
        self.number, self.reading = number, reading


class ProcessFile:
    """Written by this process only, from any of its threads. OSError when the folder cannot take it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
        self._lock = threading.RLock()
        self._busy = False
        # Nobody sees the file before it is locked and begun.
        new = self.path.with_suffix(".new")
        self._fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _open.add(self._fd)
        self._maps: list[mmap.mmap] = []
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._grow(FIRST_SIZE)
            self._maps[-1][: len(MAGIC)] = MAGIC
            self._end = len(MAGIC)
            new.rename(self.path)
            _open.discard(self._fd)
        except BaseException:
            self.abandon()
            new.unlink(missing_ok=True)
            raise

    def exists(self) -> bool:
        """Whether the file is still where the others look for it: clean-ups of temporary folders remove it."""
        try:
            return self.path.stat().st_ino == os.fstat(self._fd).st_ino
        except OSError:
            return False

    def write(self, of: Description, reading: Shared, place: Place | None) -> Place:
        """Share the reading, unless a newer one is there already. Returns where it stands.

        OSError when the file would become too large or the disk is full.
        """
        with self._lock:
            if self._busy:
                # Only a signal handler of the very thread that is writing can get here.
                raise BlockingIOError("interrupted a write")
            self._busy = True
            try:
                if place is None:
                    return self._append(of, reading)
                if not _older(reading, place.reading):
                    payload = encoded(reading)
                    if len(payload) + SLOT.size > place.room:
                        return self._append(of, reading)
                    place.write(reading, payload)
                return place
            finally:
                self._busy = False

    def _append(self, of: Description, reading: Shared) -> Place:
        data, start, room = record(of, reading)
        end = self._end + len(data)
        if end + 16 > len(self._maps[-1]):
            self._grow(max(2 * len(self._maps[-1]), end + FIRST_SIZE))
        where = self._maps[-1]
        # The length comes last: until it is there, the file ends before this record.
        where[self._end + 4 : end] = data[4:]
        where[self._end : self._end + 4] = data[:4]
        place = Place(where, self._end + start, room, reading)
        self._end = end
        return place

    def _grow(self, size: int) -> None:
        if size > LARGEST:
            raise OSError(f"{self.path}: the series of one process need more than {LARGEST} bytes")
        # Taken now: a full disk is an error here, and not a fatal signal at some write.
        os.posix_fallocate(self._fd, 0, size)
        self._maps.append(mmap.mmap(self._fd, size))

    def abandon(self) -> None:
        """Let go of the file without a word: in a forked child it belongs to the parent, which keeps its lock."""
        for held in self._maps:
            held.close()
        self._maps.clear()
        if self._fd >= 0:
            _open.discard(self._fd)
            os.close(self._fd)
            self._fd = -1


def _older(reading: Shared, than: Shared) -> bool:
    """Whether a histogram's reading is older than one that was written; counters are read and written in order."""
    return isinstance(reading, Totals) and isinstance(than, Totals) and reading.cumulative[-1] < than.cumulative[-1]


@dataclass(frozen=True, slots=True)
class Found:
    """A file of another process, open. `ended` when nobody has it locked; it is then locked by us."""

    path: Path
    fd: int
    ended: bool

    def read(self) -> bytes:
        data = os.pread(self.fd, LARGEST + 1, 0)
        if len(data) > LARGEST:
            raise Damaged("too large")
        return data


@contextmanager
def opened(path: Path, *, lock: bool = True) -> Iterator[Found]:
    """Look at a file that should be a process's, or with `lock=False` at another of ours.

    Damaged when it cannot be one; OSError when it cannot be opened.
    """
    # Neither a link nor a pipe can make us follow or wait.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    _open.add(fd)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("no regular file")
        if status.st_uid not in {os.geteuid(), 0, path.parent.stat().st_uid}:
            raise Damaged("somebody else's file")
        yield Found(path, fd, lock and _nobody_has_it(fd))
    finally:
        _open.discard(fd)
        os.close(fd)


def _nobody_has_it(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
