"""The audit: one entry for each decision, chained so that no edit, removal, reordering or truncation goes unseen.

Each entry carries an HMAC (RFC 2104, SHA-256) over itself and the entry before it. Whoever can write to the database
but does not have the key cannot make one that fits. What the chain cannot see, that its end was cut off, the anchor
does: the last HMAC, kept outside the database.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from featurewatch.responder.moment import microseconds
from featurewatch.responder.tables import audit

FIRST: Final = "0" * 64
"""What the first entry names as the one before it."""

SHORTEST_KEY: Final = 32
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is written down."""

    at: datetime
    kind: str
    """Such as `considered`, `refused`, `approved`, `called`, `verified`, `rolled-back`."""
    actor: str
    """A person, or the policy that decided."""
    subject: str
    """The action, as `action/target`."""
    detail: Mapping[str, Any]
    """Why, and with what; never a secret."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision in its place of the chain."""

    number: int
    """From 1, without a gap."""
    decision: Decision
    previous: str
    mac: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    number: int
    mac: str


EMPTY: Final = Head(0, FIRST)

ARCHIVED: Final = "archived"
"""The kind of the entry that tells which ones were moved away; see `archive`."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where the chain does not hold, and how one sees that."""

    number: int
    what: str


class Audit:
    """Writes and verifies entries with one key."""

    def __init__(self, key: bytes) -> None:
        """ValueError for a key that could be guessed."""
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"the audit's key has {len(key)} bytes; at least {SHORTEST_KEY} are needed")
        self._key = key

    def append(self, connection: Connection, decision: Decision) -> Head:
        """Within a transaction of the one writer: the entry is there if, and only if, that is committed."""
        last = head(connection)
        entry = self.entry(last, decision)
        values = {
            "number": entry.number,
            "at": decision.at,
            "kind": decision.kind,
            "actor": decision.actor,
            "subject": decision.subject,
            "detail": json.loads(_text(decision.detail)),
            "previous": entry.previous,
            "mac": entry.mac,
        }
        connection.execute(insert(audit).values(**values))
        return Head(entry.number, entry.mac)

    def entry(self, last: Head, decision: Decision) -> Entry:
        """The one that follows."""
        number = last.number + 1
        return Entry(number, decision, last.mac, self._mac(number, decision, last.mac))

    def flaws(self, entries: Iterable[Entry], anchors: Iterable[Head] = ()) -> Iterator[Flaw]:
        """Every place where the chain, or what was anchored of it, does not hold; `entries` by their number.

        A chain may begin later than with entry 1 where one of its own entries tells that those before were archived.
        """
        last = begin = EMPTY
        told: set[Head] = set()
        anchored = {anchor.number: anchor.mac for anchor in anchors if anchor.number > 0}
        newest = max(anchored, default=0)
        for entry in entries:
            if last is EMPTY and entry.number > 1:
                last = begin = Head(entry.number - 1, entry.previous)
            if entry.number != last.number + 1:
                yield Flaw(entry.number, f"follows {last.number}: entries were removed, or moved")
            elif entry.previous != last.mac:
                yield Flaw(entry.number, "does not name the entry before it")
            if not hmac.compare_digest(entry.mac, self._mac(entry.number, entry.decision, entry.previous)):
                yield Flaw(entry.number, "was changed, or was written without the key")
            elif entry.decision.kind == ARCHIVED:
                told.add(Head(entry.decision.detail["through"], entry.decision.detail["mac"]))
            expected = anchored.pop(entry.number, entry.mac)
            if expected != entry.mac:
                yield Flaw(entry.number, "is not the one that was anchored")
            last = Head(entry.number, entry.mac)
        if begin not in (EMPTY, *told):
            yield Flaw(begin.number, "and those before it were removed; no entry says that they were archived")
        if newest > last.number:
            yield Flaw(newest, f"was anchored, and the chain ends at {last.number}: its end was removed")

    def _mac(self, number: int, decision: Decision, previous: str) -> str:
        content = [
            number,
            microseconds(decision.at),
            decision.kind,
            decision.actor,
            decision.subject,
            _text(decision.detail),
            previous,
        ]
        return hmac.new(self._key, _text(content).encode(), "sha256").hexdigest()


def head(connection: Connection) -> Head:
    """The end of the chain as the database has it."""
    row = connection.execute(select(audit.c.number, audit.c.mac).order_by(audit.c.number.desc()).limit(1)).one_or_none()
    return EMPTY if row is None else Head(row.number, row.mac)


def entries(connection: Connection, after: int = 0) -> Iterator[Entry]:
    """All of them, in the order of their numbers."""
    c = audit.c
    columns = select(c.number, c.at, c.kind, c.actor, c.subject, c.detail, c.previous, c.mac)
    rows = connection.execution_options(yield_per=1_000).execute(columns.where(c.number > after).order_by(c.number))
    for number, at, kind, actor, subject, detail, previous, mac in rows:
        yield Entry(number, Decision(at, kind, actor, subject, detail), previous, mac)


def _text(value: Any) -> str:
    """One text for one value, whatever order its keys were written in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
