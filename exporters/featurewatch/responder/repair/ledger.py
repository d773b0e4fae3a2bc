"""Where decisions are written down: in the transaction that makes them true, and then anchored outside the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from featurewatch.responder.anchor import Anchor
from featurewatch.responder.audit import EMPTY, Audit, Decision, Head
from featurewatch.responder.database import Database

log = logging.getLogger(__name__)

RESPONDER: Final = "responder"
"""The actor of what nobody decided in person."""


@dataclass(slots=True)
class Page:
    """One transaction of the one writer."""

    connection: Connection
    now: datetime
    audit: Audit
    head: Head = EMPTY

    def note(self, kind: str, subject: str, detail: Mapping[str, Any], actor: str = RESPONDER) -> None:
        """Write down a decision: it is there if, and only if, the transaction is committed."""
        self.head = self.audit.append(self.connection, Decision(self.now, kind, actor, subject, detail))


class Ledger:
    """The database, the chain over its decisions, and where its end is anchored."""

    def __init__(self, database: Database, audit: Audit, anchor: Anchor, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.audit = audit
        self.anchor = anchor
        self.clock = clock
        self.anchored = True
        """Whether the last end could be kept."""

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A transaction in which decisions are made and noted. Raises DatabaseUnavailable."""
        with self.database.writing() as connection:
            page = Page(connection, self.clock(), self.audit)
            yield page
        if page.head != EMPTY:
            self._keep(page.head)

    def _keep(self, head: Head) -> None:
        # The log line is a second anchor: logs usually leave the machine.
        log.warning("audit: entry %d ends the chain with %s", head.number, head.mac)
        try:
            self.anchor.keep(head)
            self.anchored = True
        except OSError as error:
            self.anchored = False
            log.error("the end of the audit cannot be anchored: %s", error)
