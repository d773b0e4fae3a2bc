"""The history as one file, written as it is read: no more of it than a page is ever in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import RowMapping

from featurewatch.responder import listing
from featurewatch.responder.database import Database
from featurewatch.responder.listing import MOST, Cursor, Filter

COLUMNS: Final = (
    *("id", "at", "recorded_at", "kind", "firing_id", "alertname", "service", "extractor", "severity"),
    *("category", "objective", "incident_id", "actor", "detail", "labels"),
)
HEADINGS: Final = tuple({"firing_id": "alert", "incident_id": "incident"}.get(name, name) for name in COLUMNS)

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def as_csv(database: Database, wanted: Filter) -> Iterator[str]:
    """Lines after RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    yield _line(HEADINGS)
    for row in _rows(database, wanted):
        yield _line([_cell(row[name]) for name in COLUMNS])


def as_json(database: Database, wanted: Filter) -> Iterator[str]:
    """One array, one transition a line."""
    yield "["
    between = "\n"
    for row in _rows(database, wanted):
        yield between + json.dumps(
            {heading: _plain(row[name]) for heading, name in zip(HEADINGS, COLUMNS, strict=True)}
        )
        between = ",\n"
    yield "\n]\n"


def _rows(database: Database, wanted: Filter) -> Iterator[RowMapping]:
    """Page by page, each with a connection of its own: a slow reader keeps nobody waiting."""
    after: Cursor | None = None
    while True:
        with database.reading() as connection:
            page = listing.history(connection, wanted, MOST, after)
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _cell(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    text = "" if value is None else str(_plain(value))
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
