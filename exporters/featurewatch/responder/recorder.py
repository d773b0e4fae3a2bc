"""Follows the file into which Alertmanager's event recorder writes, and takes what it says into the history.

Where reading stopped is not kept: a responder that was killed reads the file from its beginning again, and what is
in the history already is found by its own name. So nothing is lost between a commit and a note about it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from featurewatch.responder.database import Database
from featurewatch.responder.events import Happened, Said, said
from featurewatch.responder.intake import CHUNK, put
from featurewatch.responder.tables import firings, transitions

log = logging.getLogger(__name__)

MOST_BYTES: Final = 1024 * 1024
"""Read and committed in one go."""

KEPT_BYTES: Final = 64 * 1024 * 1024
"""A file that is longer and wholly read is emptied: Alertmanager only ever appends to it."""


class Recorder:
    """One file, and how far it was read. A file that became shorter, or another one, is read from its beginning."""

    def __init__(self, path: Path, kept: int = KEPT_BYTES) -> None:
        self._path = path
        self._kept = kept
        self._inode = 0
        self._offset = 0

    def follow(self, database: Database, clock: Callable[[], datetime]) -> int:
        """Take every whole line that is new; how many entries that made. A missing file is an empty one.

        Raises DatabaseUnavailable and OSError; then what was not committed is read again.
        """
        entries = 0
        while lines := self._lines():
            read = b"".join(lines)
            entries += take(database, list(_all(lines)), clock())
            self._offset += len(read)
        if self._offset > self._kept and self._path.stat().st_size == self._offset:
            os.truncate(self._path, 0)
            self._offset = 0
        return entries

    def _lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._offset:
                    self._inode, self._offset = status.st_ino, 0
                file.seek(self._offset)
                read = file.read(MOST_BYTES)
                if len(read) == MOST_BYTES and b"\n" not in read:
                    read += file.readline()
        except FileNotFoundError:
            return []
        # What Alertmanager is writing at this moment has no end of line yet.
        return read[: read.rfind(b"\n") + 1].splitlines(keepends=True)


def take(database: Database, found: Sequence[Said], now: datetime) -> int:
    """Commit what the events say; how many entries are new. Said again, it changes nothing."""
    told = [one for each in found for one in each.told]
    happened = [one for each in found for one in each.happened]
    if not told and not happened:
        return 0
    with database.writing() as connection:
        taken = put(connection, told, now, "event-recorder") if told else None
        fresh = _fresh(connection, happened, now)
        if fresh:
            connection.execute(insert(transitions), fresh)
        return len(fresh) + (taken.fired + taken.resolved if taken else 0)


def _all(lines: Iterable[bytes]) -> Iterable[Said]:
    for line in lines:
        try:
            yield said(line)
        except ValueError as error:
            log.warning("passed over: %s", error)


def _fresh(connection: Connection, happened: Sequence[Happened], now: datetime) -> list[dict[str, Any]]:
    """Rows of those that belong to a firing that we know, and do not stand in the history yet."""
    lasting = _firings(connection, sorted({one.fingerprint for one in happened}))
    rows: dict[str, dict[str, Any]] = {}
    for one in happened:
        firing = _firing(lasting.get(one.fingerprint, ()), one)
        if firing is None:
            continue
        digest = one.digest(firing)
        values = {"at": one.at, "recorded_at": now, "kind": one.kind, "firing_id": firing, "actor": "alertmanager"}
        rows.setdefault(digest, {**values, "detail": dict(one.detail), "event": digest})
    known = _known(connection, list(rows))
    return [row for digest, row in rows.items() if digest not in known]


_Firing = tuple[int, datetime]


def _firings(connection: Connection, fingerprints: Sequence[str]) -> dict[str, list[_Firing]]:
    c, found = firings.c, dict[str, list[_Firing]]()
    for begin in range(0, len(fingerprints), CHUNK):
        asked = select(c.fingerprint, c.id, c.started_at).where(c.fingerprint.in_(fingerprints[begin : begin + CHUNK]))
        for row in connection.execute(asked.order_by(c.started_at)):
            found.setdefault(row.fingerprint, []).append((row.id, row.started_at))
    return found


def _firing(known: Sequence[_Firing], one: Happened) -> int | None:
    """The firing that began last before it happened, or at the time that the event itself gives."""
    begun = [number for number, started_at in known if started_at <= (one.started_at or one.at)]
    return begun[-1] if begun else None


def _known(connection: Connection, digests: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for begin in range(0, len(digests), CHUNK):
        asked = select(transitions.c.event).where(transitions.c.event.in_(digests[begin : begin + CHUNK]))
        found |= set(connection.execute(asked).scalars())
    return found
