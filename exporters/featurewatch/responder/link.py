"""What the acknowledge link of a message means: the incident of the alert that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select

from featurewatch import names
from featurewatch.responder.fired import NOBODY
from featurewatch.responder.tables import firings

SHOWN: Final = 100
"""Characters of a value that a link carries at most."""


@dataclass(frozen=True, slots=True)
class Named:
    """The alert that a link names; a label that it leaves out is empty."""

    alertname: str
    service: str
    extractor: str
    severity: str


def firing(connection: Connection, named: Named) -> list[int]:
    """The alerts that fire of the incidents that the link is about. A level of escalation stands for its original."""
    c = firings.c
    here = (_is(c.service, named.service), _is(c.extractor, named.extractor), c.ended_at.is_(None))
    severe = (c.severity == named.severity,) if named.severity else ()
    found = connection.execute(
        select(c.id, c.incident_id, c.escalation_level, c.labels).where(
            *here, *severe, _is(c.alertname, named.alertname)
        )
    ).all()
    originals = [row.labels.get(names.ORIGINAL_ALERT, "") for row in found if row.escalation_level is not None]
    own = [row for row in found if row.escalation_level is None]
    if originals:
        own += connection.execute(
            select(c.id, c.incident_id, c.escalation_level, c.labels).where(*here, *severe, c.alertname.in_(originals))
        ).all()
    incidents = {row.incident_id for row in own if row.incident_id is not None}
    lasting = (c.ended_at.is_(None), c.escalation_level.is_(None), c.severity != NOBODY)
    more = connection.execute(select(c.id).where(c.incident_id.in_(incidents), *lasting)).scalars()
    return sorted({row.id for row in own} | set(more))


def _is(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    return column.startswith(value, autoescape=True) if len(value) >= SHOWN else column == value
