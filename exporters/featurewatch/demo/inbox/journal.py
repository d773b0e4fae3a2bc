"""What was received, on disk: one line of JSON per delivery, one file per raw request.

Each line is one `write` to a file opened for appending, so a killed process loses nothing that it had answered for,
and leaves at most one torn line, which reading skips. When the disk is full, lines wait in memory and are written as
soon as there is room.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from featurewatch.demo.inbox.message import Delivery

FILE_NAME: Final = "deliveries.jsonl"
RAW_DIRECTORY: Final = "raw"
_CLEARED: Final = "cleared_through"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """What the journal held when it was opened."""

    deliveries: tuple[Delivery, ...]
    last_id: int
    unreadable: int
    """Lines that were torn or are not deliveries."""


class Journal:
    """The files in one directory. `limit` bounds lines and raw files; older ones are removed.

    Opening raises OSError when the directory cannot be made or written, or another inbox uses it.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        self._file = -1
        self._locked = -1
        self._lines = 0
        self._waiting: deque[bytes] = deque(maxlen=limit)
        self._mid_line = False
        self.failures = 0
        """Writes that failed. The first of a row of failures is logged."""
        self._failing = False

    @property
    def waiting(self) -> int:
        """Lines not on disk yet."""
        return len(self._waiting)

    def open(self) -> Loaded:
        """Makes the directory if need be, reads what is there, and gets ready to append."""
        (self._directory / RAW_DIRECTORY).mkdir(parents=True, exist_ok=True)
        self._lock()
        path = self._directory / FILE_NAME
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        content = path.read_bytes()
        self._mid_line = bool(content) and not content.endswith(b"\n")
        loaded, self._lines = _parse(content)
        for old in loaded.deliveries[: -self._limit]:
            self.forget(old)
        kept = loaded.deliveries[-self._limit :]
        self._shorten(kept, loaded.last_id)
        return Loaded(kept, loaded.last_id, loaded.unreadable)

    def write_raw(self, delivery_id: int, suffix: str, content: bytes) -> str:
        """Writes a request as it came; its path relative to the directory, or empty if that failed."""
        relative = f"{RAW_DIRECTORY}/{delivery_id}{suffix}"
        path = self._directory / relative
        try:
            path.write_bytes(content)
        except OSError as error:
            self._failed(path, error)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return ""
        return relative

    def read_raw(self, delivery: Delivery) -> bytes | None:
        """The request as it came, or None if it was not kept."""
        try:
            return (self._directory / delivery.raw).read_bytes() if delivery.raw else None
        except OSError:
            return None

    def append(self, delivery: Delivery, kept: tuple[Delivery, ...] = ()) -> None:
        """Adds a line. `kept` are the deliveries still in memory; the file is cut down to them when it has grown."""
        self._append(delivery.to_line())
        if delivery.raw and not self._waiting:
            self._failing = False
        if self._lines > 2 * self._limit:
            self._shorten(kept, delivery.id)

    def forget(self, delivery: Delivery) -> None:
        """Removes the raw request of a delivery that is no longer kept."""
        if delivery.raw:
            with contextlib.suppress(OSError):
                (self._directory / delivery.raw).unlink(missing_ok=True)

    def clear(self, deliveries: tuple[Delivery, ...], last_id: int) -> None:
        """Empties the journal; the order of arrival goes on from `last_id`, even after a restart."""
        self._waiting.clear()
        for delivery in deliveries:
            self.forget(delivery)
        try:
            os.ftruncate(self._file, 0)
        except OSError as error:
            self._failed(self._directory / FILE_NAME, error)
        self._lines, self._mid_line = 0, False
        self._append(_marker(last_id))

    def close(self) -> None:
        for file in (self._file, self._locked):
            if file >= 0:
                os.close(file)
        self._file = self._locked = -1

    def _lock(self) -> None:
        """Keeps others out; the lock ends with the process, however it ends."""
        self._locked = os.open(self._directory / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, "another inbox is using it", str(self._directory)) from None

    def _append(self, line: bytes) -> None:
        if self._file < 0:
            return
        self._waiting.append(line)
        while self._waiting:
            start = b"\n" if self._mid_line else b""
            try:
                written = os.write(self._file, start + self._waiting[0])
            except OSError as error:
                self._failed(self._directory / FILE_NAME, error)
                return
            self._mid_line = written < len(start + self._waiting[0])
            if self._mid_line:
                continue  # a torn line: the next try fails and says why, or writes it whole on a line of its own
            self._waiting.popleft()
            self._lines += 1

    def _shorten(self, kept: tuple[Delivery, ...], last_id: int) -> None:
        """Writes the journal anew with `kept` only, if it holds twice as many lines as it may."""
        if self._lines <= 2 * self._limit:
            return
        path, fresh = self._directory / FILE_NAME, self._directory / f"{FILE_NAME}.new"
        try:
            fresh.write_bytes(_marker(last_id) + b"".join(delivery.to_line() for delivery in kept))
            fresh.replace(path)
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self._failed(path, error)
            return
        os.close(self._file)
        self._file, self._lines, self._mid_line = file, len(kept) + 1, False
        self._waiting.clear()

    def _failed(self, path: Path, error: OSError) -> None:
        self.failures += 1
        if not self._failing:
            _log.error("cannot write %s (%s); deliveries are kept in memory until there is room", path, error.strerror)
        self._failing = True


def _marker(last_id: int) -> bytes:
    return json.dumps({_CLEARED: last_id}).encode() + b"\n"


def _parse(content: bytes) -> tuple[Loaded, int]:
    deliveries: dict[int, Delivery] = {}
    last_id = unreadable = 0
    lines = [line for line in content.split(b"\n") if line.strip()]
    for line in lines:
        try:
            value: Any = json.loads(line)
            if isinstance(value, dict) and isinstance(value.get(_CLEARED), int):
                last_id = max(last_id, value[_CLEARED])
                continue
            delivery = Delivery.from_json(value)
        except (ValueError, TypeError, RecursionError):
            unreadable += 1
            continue
        deliveries[delivery.id] = delivery
        last_id = max(last_id, delivery.id)
    return Loaded(tuple(deliveries[key] for key in sorted(deliveries)), last_id, unreadable), len(lines)
