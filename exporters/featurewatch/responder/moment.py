"""Points in time as the database keeps them: microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A time stamp that is aware on both sides, sorts as a number and is the same in SQLite and PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


def microseconds(value: datetime) -> int:
    """Since 1970. ValueError for a time without a zone, which could mean any of 24 moments."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; use an aware time, such as datetime.now(UTC)")
    return (value - EPOCH) // MICROSECOND
