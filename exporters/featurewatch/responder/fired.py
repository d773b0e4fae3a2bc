"""What fired, as far as it takes to find its incident: what makes two of them one story, and where each belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select, update

from featurewatch import names
from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.tables import firings

CHUNK: Final = 500
"""Values of one IN; SQLite and PostgreSQL limit how many a statement may carry."""

SLACK: Final = timedelta(seconds=60)
"""How far apart two may begin or end that belong together: evaluations, waiting of groups, clocks."""

NOBODY: Final = "none"
"""The severity of what nobody needs to hear: it is no trouble of its own."""


@dataclass(frozen=True, slots=True)
class Firing:
    """What has to be known of one to find its incident."""

    id: int
    alertname: str
    service: str
    extractor: str
    severity: str
    escalation_level: int | None
    labels: dict[str, str]
    annotations: dict[str, str]
    started_at: datetime
    ended_at: datetime | None
    incident_id: int | None

    @property
    def is_trouble(self) -> bool:
        """Neither a level of escalation nor a helper of the rules."""
        return self.escalation_level is None and self.severity != NOBODY

    @property
    def correlation(self) -> str:
        """The name of the correlation that it tells of; empty: it is an alert like any other."""
        return self.labels.get(names.INCIDENT, "")

    @property
    def key(self) -> str:
        """The same for all that are one incident if their times touch."""
        if self.correlation:
            told = {names.INCIDENT: self.correlation, names.SERVICE: self.service, names.EXTRACTOR: self.extractor}
            return f"{self.correlation[:100]}/{fingerprint(told)}"
        told = {name: value for name, value in self.labels.items() if name != names.SEVERITY}
        return f"{self.alertname[:100]}/{fingerprint(told)}"


COLUMNS: Final = tuple(firings.c[name] for name in Firing.__dataclass_fields__)
"""What a statement selects to make a Firing of each row."""


def touch(one: Firing | Any, other: Firing | Any, slack: timedelta = SLACK) -> bool:
    """Whether two stretches of time overlap, or nearly."""
    before = one.ended_at is None or other.started_at <= one.ended_at + slack
    return before and (other.ended_at is None or one.started_at <= other.ended_at + slack)


def by_id(connection: Connection, numbers: Sequence[int]) -> Iterator[Firing]:
    """Those of these numbers that there are."""
    for begin in range(0, len(numbers), CHUNK):
        asked = select(*COLUMNS).where(firings.c.id.in_(numbers[begin : begin + CHUNK]))
        yield from (Firing(*row) for row in connection.execute(asked))


def lasting(since: datetime) -> ColumnElement[bool]:
    """Of a firing: whether it had not ended by then."""
    return or_(firings.c.ended_at.is_(None), firings.c.ended_at >= since)


def point(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Put each firing, by its number, into the incident of that number."""
    if pairs:
        statement = update(firings).where(firings.c.id == bindparam("number")).values(incident_id=bindparam("incident"))
        connection.execute(statement, [{"number": number, "incident": incident} for number, incident in pairs])
