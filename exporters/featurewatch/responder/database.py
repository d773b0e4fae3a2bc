"""The database: SQLite in a file by default, PostgreSQL by URL; one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

BUSY_SECONDS: Final = 5.0
"""How long a writer waits for another one before it gives up, and the sender is asked to come again."""

_WRITING: Final = "featurewatch_writing"
_INTAKE_LOCK: Final = 0x6665_6174  # any number that nobody else takes for their advisory lock


class DatabaseUnavailable(Exception):
    """The database cannot be read or written now: locked, full, gone. Nothing was changed."""


class DatabaseUrlFault(Exception):
    """The URL names no database that can be used; the message says what is allowed."""


class Database:
    """Connections to one database. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state. Raises DatabaseUnavailable."""
        with _unavailable(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer runs beside: committed at the end, or nothing of it is.

        Raises DatabaseUnavailable.
        """
        engine = self._engine.execution_options(**{_WRITING: True})
        with _unavailable(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INTAKE_LOCK})
            yield connection

    def migrate(self) -> None:
        """Bring the tables up to this version's. Raises DatabaseUnavailable."""
        config = Config()
        config.set_main_option("script_location", str(files("featurewatch.responder") / "migrations"))
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Raises DatabaseUrlFault. Connects on first use."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            engine = create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": int(BUSY_SECONDS)})
        elif parsed.get_backend_name() == "sqlite":
            if parsed.database:
                # History names services and people: its folder is for its owner alone.
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            _prepare_sqlite(engine)
        else:
            raise DatabaseUrlFault(
                f"{parsed.get_backend_name()} is not supported; use sqlite:///FILE or postgresql://…"
            )
    except (ArgumentError, NoSuchModuleError) as error:
        # The message of SQLAlchemy repeats the URL, and with it the password.
        raise DatabaseUrlFault("not the URL of a database; use sqlite:///FILE or postgresql://…") from error
    except ModuleNotFoundError as error:
        raise DatabaseUrlFault(f"{error.name} is missing; pip install 'featurewatch[postgresql]'") from error
    return Database(engine)


def _prepare_sqlite(engine: Engine) -> None:
    """Readers beside one writer, durable at each commit, and transactions that begin where we say."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when a transaction begins is off
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")

    def begun(connection: Connection) -> None:
        # A writer that first reads would otherwise find, when it comes to write, that another was quicker.
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or type(error.orig).__name__ in _TRANSIENT:
            raise DatabaseUnavailable(str(error.orig)) from error
        raise


_TRANSIENT: Final = frozenset({"OperationalError", "InterfaceError", "LockNotAvailable", "DiskFull", "AdminShutdown"})
