"""The migrations make the tables that the code reads, in SQLite and in PostgreSQL, and both tell the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.running_postgresql import running_postgresql
from tests.test_responder_incidents import MISSES, SLOW, STORY, cascade, level, told

from featurewatch.people.model import People, Person, Role, Rotation
from featurewatch.responder import listing, on_call
from featurewatch.responder.acknowledgement import Acknowledgement, Mark, acknowledge, mark
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.export import as_csv
from featurewatch.responder.intake import take
from featurewatch.responder.listing import Filter
from featurewatch.responder.on_call import Override
from featurewatch.responder.report import Spread, report
from featurewatch.responder.retention import forget
from featurewatch.responder.tables import metadata
from featurewatch.responder.tokens import Bearer, bearer_of, issue, listed, revoke
from featurewatch.responder.tokens import Role as MayDo

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield from migrated(f"sqlite:///{tmp_path / 'history.db'}")
        return
    with running_postgresql() as server:
        yield from migrated(server.url)


def migrated(url: str) -> Iterator[Database]:
    opened = open_database(url)
    opened.migrate()
    yield opened
    opened.close()


def test_the_migrations_make_the_tables_that_the_code_reads(database: Database) -> None:
    """Where this fails, `tables` was changed: add a migration that makes the same change."""
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    take(database, [told(SLOW, 0)], at(1))
    database.migrate()
    with database.reading() as connection:
        assert len(listing.alerts(connection, Filter(), 10).rows) == 1


def test_a_whole_story_is_told_alike_by_both(database: Database) -> None:
    take(database, [*STORY, level(2, 35)], at(40))
    with database.reading() as connection:
        numbers = {row["alertname"]: row["id"] for row in listing.alerts(connection, Filter(), 10).rows}
    with database.writing() as connection:
        acknowledge(connection, Acknowledgement(numbers[SLOW], "somebody", "", at(60), None))
        mark(connection, Mark(numbers[MISSES], True, "", "somebody", at(61)))
    take(database, [cascade(30, 90), told(SLOW, 0, 90), told(MISSES, 20, 90)], at(91))
    take(database, [told(SLOW, 200)], at(201))
    with database.reading() as connection:
        stories = listing.of_incidents(connection, Filter(), 10).rows
        found = report(connection, at(0), at(1000))
        kinds = [row["kind"] for row in listing.history(connection, Filter(firing=numbers[SLOW]), 20).rows]
    assert [(row["name"], row["ended_at"], row["escalation_level"]) for row in stories] == [
        ("", None, 1),
        ("latency-cascade", at(90), 2),
    ]
    assert sorted(kinds) == ["acknowledged", "escalated", "fired", "joined", "resolved"]
    assert (found.fired, found.incidents, found.firing, found.flapped) == (4, 2, 1, 1)
    assert found.time_to_acknowledge == Spread(1, 60.0, 60.0, 60.0)
    assert found.time_to_resolve.longest == 90
    assert found.escalations == {2: 1}
    assert found.false_positive_ratio == 1 / 4
    assert found.dedupe_ratio == pytest.approx(1 - 4 / 7)
    assert sum(1 for _ in as_csv(database, Filter())) > 5


def test_what_ended_before_is_forgotten_with_all_that_happened_to_it(database: Database) -> None:
    take(database, [*STORY, level(2, 35)], at(40))
    take(database, [cascade(30, 90), told(SLOW, 0, 90), told(MISSES, 20, 90)], at(91))
    assert forget(database, at(80)) == 0
    assert forget(database, at(100)) == 3
    with database.reading() as connection:
        assert not listing.history(connection, Filter(firing=1), 10).rows
        assert len(listing.alerts(connection, Filter(), 10).rows) == 0


PEOPLE = People(
    (Person("one", "one@example.org"), Person("two", "two@example.org")),
    (
        Role(
            "on-call",
            rotation=Rotation(
                ("one", "two"),
                datetime(2026, 1, 1),  # noqa: DTZ001 - local time
                datetime(2026, 2, 1),  # noqa: DTZ001
                7,
                ZoneInfo("Europe/Vienna"),
            ),
        ),
    ),
)


def test_of_two_hand_overs_the_one_made_last_counts_until_it_ends(database: Database) -> None:
    role, day = PEOPLE.role("on-call"), timedelta(days=1)
    with database.writing() as connection:
        on_call.put_override(connection, PEOPLE, Override(0, "on-call", "two", START, START + 3 * day, "", START, "me"))
        last = Override(0, "on-call", "one", START + day, START + 2 * day, "", at(1), "me")
        last = on_call.put_override(connection, PEOPLE, last)

    def who(moment: datetime) -> tuple[tuple[str, ...], datetime | None]:
        with database.reading() as connection:
            found = on_call.duty(role, on_call.overrides(connection, moment), moment)
        return found.people, found.until

    assert who(START + day / 2) == (("two",), START + day)
    assert who(START + 1.5 * day) == (("one",), START + 2 * day)
    assert who(START + 2.5 * day) == (("two",), START + 3 * day)
    assert who(START + 4 * day)[0] == ("one",)
    with database.writing() as connection:
        on_call.withdraw(connection, last.id, "me", at(2))
    assert who(START + 1.5 * day) == (("two",), START + 3 * day)


def test_a_token_is_kept_as_a_digest_alone(database: Database) -> None:
    with database.writing() as connection:
        token = issue(connection, Bearer("somebody", MayDo.VIEWER), at(0), at(100), made_by="me")
    with database.reading() as connection:
        assert bearer_of(connection, token, at(99)) == Bearer("somebody", MayDo.VIEWER)
        assert bearer_of(connection, token, at(100)) is None
        assert [one.made_by for one in listed(connection)] == ["me"]
    with database.writing() as connection:
        assert revoke(connection, "somebody", at(50))
    with database.reading() as connection:
        assert bearer_of(connection, token, at(60)) is None
