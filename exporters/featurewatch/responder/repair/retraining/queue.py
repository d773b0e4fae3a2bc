"""The jobs, in a database: each change is one transaction, so that a kill at any moment loses and repeats nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from featurewatch.responder.database import Database
from featurewatch.responder.moment import MICROSECOND, Moment
from featurewatch.responder.repair.retraining.job import OPEN, Job, Limits, Status

METADATA: Final = MetaData()

jobs: Final = Table(
    "retraining_jobs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("model", String(200), nullable=False),
    Column("key", String(200)),
    Column("status", String(20), nullable=False),
    Column("deploy", Boolean, nullable=False),
    Column("version", Integer),
    Column("loss", Float),
    Column("baseline", Float),
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("asked_at", Moment, nullable=False),
    Column("began_at", Moment),
    Column("ended_at", Moment),
    Column("deployed_at", Moment),
    UniqueConstraint("model", "key"),
    UniqueConstraint("model", "version"),
)
_open = jobs.c.status.in_([str(status) for status in OPEN])
Index("one_open_job", jobs.c.model, unique=True, sqlite_where=_open, postgresql_where=_open)


class HeldBack(Exception):
    """No job was made; the message says what holds it back, `seconds` for how much longer where that is known."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Queue:
    """All jobs that ever were. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self, limits: Limits, now: datetime) -> None:
        """Make the table; take up again what a kill has interrupted."""
        c = jobs.c
        interrupted = c.status.in_([Status.TRAINING, Status.EVALUATING])
        with self._database.writing() as connection:
            METADATA.create_all(connection)
            again = {"status": Status.QUEUED, "reason": "taken up again after the service had ended"}
            connection.execute(update(jobs).where(interrupted, c.attempts < limits.attempts).values(again))
            over = {"status": Status.FAILED, "reason": "the service ended while it trained", "ended_at": now}
            connection.execute(update(jobs).where(interrupted).values(over))

    def ask(self, job: dict[str, Any], samples: int, limits: Limits, now: datetime) -> tuple[Job, bool]:
        """A new job, and True; or the one that this wish has already, and False. Raises HeldBack.

        `job` has `model`, `key`, `newer_than` and `deploy`; `samples` are the new ones.
        """
        wanted = {name: value for name, value in job.items() if name != "newer_than"}
        with self._database.writing() as connection:
            c, model = jobs.c, job["model"]
            same = (c.key == job["key"],) if job["key"] is not None else None
            newer = (c.status == Status.SUCCEEDED, c.version > job["newer_than"])
            for conditions in (same, (c.status.in_(OPEN),), newer):
                found = None if conditions is None else _first(connection, c.model == model, *conditions)
                if found is not None:
                    return found, False
            last = connection.execute(
                select(func.max(c.ended_at)).where(c.model == model, c.began_at.is_not(None))
            ).scalar()
            if last is not None and (left := limits.cool_down - (now - last) / timedelta(seconds=1)) > 0:
                raise HeldBack(f"{model} cools down for {left:.0f} s more", left)
            if samples < limits.minimum_samples:
                raise HeldBack(f"{model} has {samples} new samples; {limits.minimum_samples} are needed")
            made = insert(jobs).values(**wanted, status=Status.QUEUED, asked_at=now, reason="", attempts=0)
            number = connection.execute(made).inserted_primary_key
            return _one(connection, number[0] if number else 0), True

    def job(self, number: int) -> Job | None:
        with self._database.reading() as connection:
            return _first(connection, jobs.c.id == number)

    def listed(self, model: str, many: int = 100) -> list[Job]:
        """The newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs).where(jobs.c.model == model).order_by(jobs.c.id.desc()).limit(many))
            return [_job(row) for row in rows]

    def versions(self, model: str) -> tuple[int, int]:
        """The newest version that is good enough, and the one in use; 0 is none."""
        c = jobs.c
        with self._database.reading() as connection:
            good = select(func.max(c.version)).where(c.model == model, c.status == Status.SUCCEEDED)
            used = select(c.version).where(c.model == model, c.deployed_at.is_not(None)).order_by(c.deployed_at.desc())
            return connection.execute(good).scalar() or 0, connection.execute(used.limit(1)).scalar() or 0

    def begin(self, now: datetime) -> Job | None:
        """The oldest that waits, which trains from now on; None where none does."""
        c = jobs.c
        with self._database.writing() as connection:
            found = connection.execute(select(jobs).where(c.status == Status.QUEUED).order_by(c.id).limit(1)).first()
            if found is None:
                return None
            highest = connection.execute(select(func.max(c.version)).where(c.model == found.model)).scalar() or 0
            values = {"status": Status.TRAINING, "began_at": now, "attempts": found.attempts + 1}
            values["version"] = found.version or highest + 1
            connection.execute(update(jobs).where(c.id == found.id).values(values))
            return _one(connection, found.id)

    def change(self, number: int, **values: Any) -> bool:
        """Whether it was still open, and is changed."""
        with self._database.writing() as connection:
            lasting = (jobs.c.id == number) & jobs.c.status.in_(OPEN)
            return connection.execute(update(jobs).where(lasting).values(values)).rowcount > 0

    def deployed(self, model: str, version: int, now: datetime) -> None:
        """It is in use from now on; also where the clock was set back since the last one was."""
        with self._database.writing() as connection:
            last = connection.execute(select(func.max(jobs.c.deployed_at)).where(jobs.c.model == model)).scalar()
            now = now if last is None else max(now, last + MICROSECOND)
            one = (jobs.c.model == model) & (jobs.c.version == version)
            connection.execute(update(jobs).where(one).values(deployed_at=now))


def _first(connection: Connection, *conditions: Any) -> Job | None:
    row = connection.execute(select(jobs).where(*conditions).order_by(jobs.c.id.desc()).limit(1)).first()
    return None if row is None else _job(row)


def _one(connection: Connection, number: int) -> Job:
    return _job(connection.execute(select(jobs).where(jobs.c.id == number)).one())


def _job(row: Any) -> Job:
    values = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    return Job(**{**values, "status": Status(values["status"])})
