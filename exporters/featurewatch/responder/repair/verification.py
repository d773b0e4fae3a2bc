"""Looks again and again whether the audit is whole, so that tampering is told of before anybody asks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final

from featurewatch.responder.anchor import Anchor, AnchorFault
from featurewatch.responder.archive import archived
from featurewatch.responder.audit import Audit, Flaw, entries, head
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.repair.ledger import Ledger
from featurewatch.responder.rounds import Round

log = logging.getLogger(__name__)

SECONDS: Final = 60.0
"""Between two looks."""

TOLD: Final = 100
"""Flaws that are told; a chain that was cut may have one for each entry."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one look found."""

    at: datetime
    entries: int
    flaws: Sequence[Flaw]

    @property
    def holds(self) -> bool:
        return not self.flaws


def verify(database: Database, audit: Audit, anchor: Anchor, now: datetime, archives: Sequence[Path] = ()) -> Verdict:
    """Look at every entry, those in archives first. Raises DatabaseUnavailable, ArchiveFault and OSError."""
    # The anchor first: what is written meanwhile is in the database before it is anchored.
    try:
        anchors, faults = list(anchor.heads()), []
    except (AnchorFault, OSError) as error:
        anchors, faults = [], [Flaw(0, f"the anchor cannot be read: {error}")]
    with database.reading() as connection:
        number = head(connection).number
        found = list(islice(audit.flaws(chain(archived(archives), entries(connection)), anchors), TOLD))
    return Verdict(now, number, [*faults, *found])


class Verifier:
    """The last verdict, for metrics. Thread-safe: it is replaced as a whole."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.last: Verdict | None = None

    def look(self) -> Verdict:
        """Raises DatabaseUnavailable."""
        ledger = self._ledger
        verdict = verify(ledger.database, ledger.audit, ledger.anchor, ledger.clock())
        if not verdict.holds and (self.last is None or self.last.holds):
            log.error("the audit does not hold: entry %d %s", verdict.flaws[0].number, verdict.flaws[0].what)
        self.last = verdict
        return verdict

    def round(self, seconds: float = SECONDS) -> Round:
        """The look as the responder repeats it."""

        def work() -> None:
            try:
                self.look()
            except DatabaseUnavailable as error:
                log.warning("the audit was not looked at: %s", error)

        return Round("audit", work, seconds)
