"""Old entries of the audit, moved into a file: the chain goes on over the file and what is left in the database.

What takes them out is itself an entry, so only whoever has the key can do it unseen: it names the last entry that went
and its HMAC, with which the rest of the chain then begins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import delete

from featurewatch.responder.anchor import Anchor
from featurewatch.responder.audit import ARCHIVED, Audit, Decision, Entry, Head, entries
from featurewatch.responder.database import Database
from featurewatch.responder.tables import audit as table

SUBJECT: Final = "audit"


class NotArchived(Exception):
    """Nothing was moved; the message says why."""


class ArchiveFault(Exception):
    """The file is no archive; the message says where."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What was moved."""

    entries: int
    last: Head
    digest: str
    """SHA-256 of the file."""


def archive(
    database: Database, audit: Audit, anchor: Anchor, before: datetime, file: Path, now: datetime, actor: str
) -> Archived:
    """Move the entries of decisions before a moment into a new file. Should this be killed, they are in the database,
    or in the file and told of as archived; never in neither. Raises NotArchived, DatabaseUnavailable and OSError."""
    with database.reading() as connection:
        flaws = list(islice(audit.flaws(entries(connection), anchor.heads()), 1))
        if flaws:
            raise NotArchived(f"the audit does not hold: entry {flaws[0].number} {flaws[0].what}")
        found = list(_before(entries(connection), before))
    if not found:
        raise NotArchived(f"no entry is older than {before:%Y-%m-%d %H:%M:%S}Z")
    last = Head(found[-1].number, found[-1].mac)
    digest = _write(file, found)
    detail = {"through": last.number, "mac": last.mac, "entries": len(found), "file": file.name, "sha256": digest}
    with database.writing() as connection:
        connection.execute(delete(table).where(table.c.number <= last.number))
        end = audit.append(connection, Decision(now, ARCHIVED, actor, SUBJECT, detail))
    anchor.keep(end)
    return Archived(len(found), last, digest)


def archived(files: Sequence[Path]) -> Iterator[Entry]:
    """What the files hold, in the order given. Raises ArchiveFault and OSError."""
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield _entry(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise ArchiveFault(f"{file}:{number}: no entry of an audit ({type(error).__name__})") from None


def _before(found: Iterable[Entry], moment: datetime) -> Iterator[Entry]:
    """Up to the first that is not older, so that no gap is left. The last one of all stays: the chain goes on there."""
    waiting: Entry | None = None
    for entry in found:
        if waiting is not None:
            yield waiting
        if entry.decision.at >= moment:
            return
        waiting = entry


def _write(file: Path, found: Sequence[Entry]) -> str:
    content = "".join(f"{json.dumps(_plain(entry), sort_keys=True)}\n" for entry in found).encode()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise NotArchived(f"{file} is there already; name a new file") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return hashlib.sha256(content).hexdigest()


def _plain(entry: Entry) -> dict[str, object]:
    decision = entry.decision
    return {
        "number": entry.number,
        "at": decision.at.isoformat(),
        "kind": decision.kind,
        "actor": decision.actor,
        "subject": decision.subject,
        "detail": decision.detail,
        "previous": entry.previous,
        "mac": entry.mac,
    }


def _entry(value: dict[str, object]) -> Entry:
    at, detail = datetime.fromisoformat(str(value["at"])), value["detail"]
    if not isinstance(detail, dict) or not isinstance(value["number"], int):
        raise TypeError
    decision = Decision(at, str(value["kind"]), str(value["actor"]), str(value["subject"]), detail)
    return Entry(value["number"], decision, str(value["previous"]), str(value["mac"]))
