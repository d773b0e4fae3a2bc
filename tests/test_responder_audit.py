"""Nothing is changed in the audit without being found."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from featurewatch.responder.anchor import Anchor, AnchorFault
from featurewatch.responder.archive import ArchiveFault, NotArchived, archive
from featurewatch.responder.audit import Audit, Decision, Flaw, Head, entries, head
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.repair.verification import verify

KEY = bytes(range(32))
ENTRIES = 40


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def written(database: Database, tmp_path: Path) -> Anchor:
    anchor, chain = Anchor(tmp_path / "anchor"), Audit(KEY)
    for number in range(ENTRIES):
        moment = datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC) + timedelta(microseconds=number)
        with database.writing() as connection:
            decision = Decision(moment, "considered", "policy", f"scale/{number}", {"wished": number, "dry_run": True})
            end = chain.append(connection, decision)
        anchor.keep(end)
    return anchor


def flaws(database: Database, anchor: Anchor, key: bytes = KEY) -> list[Flaw]:
    with database.reading() as connection:
        return list(Audit(key).flaws(entries(connection), anchor.heads()))


def test_an_audit_that_nobody_touched_holds(database: Database, written: Anchor) -> None:
    assert flaws(database, written) == []
    with database.reading() as connection:
        assert head(connection).number == ENTRIES


def test_the_key_of_somebody_else_fits_nowhere(database: Database, written: Anchor) -> None:
    assert len(flaws(database, written, bytes(32))) == ENTRIES


Edit = Callable[[sqlite3.Connection, random.Random], object]


def _field(connection: sqlite3.Connection, chance: random.Random) -> None:
    name, value = chance.choice(
        [
            ("at", "at + 1"),
            ("kind", "'called'"),
            ("actor", "'somebody'"),
            ("subject", "subject || '0'"),
            ("detail", "replace(detail, 'true', 'false')"),
            ("previous", "'" + "f" * 64 + "'"),
            ("mac", "'" + "e" * 64 + "'"),
        ]
    )
    connection.execute(f"UPDATE audit SET {name} = {value} WHERE number = ?", [chance.randint(1, ENTRIES)])


def _removal(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM audit WHERE number = ?", [chance.randint(1, ENTRIES)])


def _removal_that_closes_the_gap(connection: sqlite3.Connection, chance: random.Random) -> None:
    gone = chance.randint(1, ENTRIES - 1)
    connection.execute("DELETE FROM audit WHERE number = ?", [gone])
    for number in range(gone + 1, ENTRIES + 1):
        connection.execute("UPDATE audit SET number = ? WHERE number = ?", [number - 1, number])


def _truncation(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM audit WHERE number > ?", [chance.randint(0, ENTRIES - 1)])


def _swap(connection: sqlite3.Connection, chance: random.Random) -> None:
    one, other = chance.sample(range(1, ENTRIES + 1), 2)
    for number, wanted in ((one, -1), (other, one), (-1, other)):
        connection.execute("UPDATE audit SET number = ? WHERE number = ?", [wanted, number])


def _repetition(connection: sqlite3.Connection, chance: random.Random) -> None:
    columns = "at, kind, actor, subject, detail, previous, mac"
    copied = f"INSERT INTO audit (number, {columns}) SELECT ?, {columns} FROM audit WHERE number = ?"
    connection.execute(copied, [ENTRIES + 1, chance.randint(1, ENTRIES)])


EDITS: list[Edit] = [_field, _removal, _removal_that_closes_the_gap, _truncation, _swap, _repetition]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_edit_is_found(database: Database, written: Anchor, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with sqlite3.connect(tmp_path / "history.db") as connection:
        EDITS[seed % len(EDITS)](connection, chance)
    assert flaws(database, written)


def test_an_entry_that_was_undone_with_its_transaction_leaves_no_trace(database: Database, written: Anchor) -> None:
    decision = Decision(datetime(2026, 1, 2, tzinfo=UTC), "considered", "policy", "x", {})

    def fail() -> None:
        with database.writing() as connection:
            Audit(KEY).append(connection, decision)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert flaws(database, written) == []


def test_entries_that_a_crash_kept_from_the_anchor_hold(database: Database, written: Anchor) -> None:
    with database.writing() as connection:
        Audit(KEY).append(connection, Decision(datetime(2026, 1, 2, tzinfo=UTC), "called", "policy", "x", {}))
    assert flaws(database, written) == []


def test_a_line_that_a_crash_cut_off_is_passed_over_and_others_are_not(tmp_path: Path) -> None:
    path, mac = tmp_path / "anchor", "a" * 64
    path.write_text(f"1 {mac}\n2 aaa")
    assert list(Anchor(path).heads()) == [Head(1, mac)]
    Anchor(path).keep(Head(2, mac))
    assert list(Anchor(path).heads()) == [Head(1, mac), Head(2, mac)]
    path.write_text(f"1 aaa\n2 {mac}\n")
    with pytest.raises(AnchorFault, match="anchor:1"):
        list(Anchor(path).heads())


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Audit(b"secret")


def archived_until(database: Database, anchor: Anchor, second: int, file: Path) -> int:
    """How many entries of that minute were moved."""
    before, now = (datetime(2026, 1, day, 0, 0, second, tzinfo=UTC) for day in (1, 2))
    return archive(database, Audit(KEY), anchor, before, file, now, "somebody").entries


def with_archives(database: Database, anchor: Anchor, *files: Path) -> list[Flaw]:
    return list(verify(database, Audit(KEY), anchor, datetime(2026, 1, 3, tzinfo=UTC), files).flaws)


def test_what_was_archived_and_what_is_left_are_one_chain(database: Database, written: Anchor, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert archived_until(database, written, 10, one) == 10
    assert archived_until(database, written, 25, two) == 15
    with database.reading() as connection:
        left = list(entries(connection))
    assert [entry.number for entry in left] == list(range(26, ENTRIES + 3))
    assert [entry.decision.kind for entry in left[-2:]] == ["archived", "archived"]
    assert with_archives(database, written) == []
    assert with_archives(database, written, one, two) == []
    assert one.stat().st_mode & 0o777 == 0o600
    assert left[-1].decision.detail["sha256"] == hashlib.sha256(two.read_bytes()).hexdigest()


def test_an_archive_that_was_changed_or_is_missing_is_found(
    database: Database, written: Anchor, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    archived_until(database, written, 10, one)
    archived_until(database, written, 25, two)
    assert with_archives(database, written, one)
    whole = one.read_text()
    one.write_text(whole.replace("scale/3", "scale/4"))
    assert [flaw.number for flaw in with_archives(database, written, one, two)] == [4]
    one.write_text("".join(whole.splitlines(keepends=True)[1:]))
    assert [flaw.number for flaw in with_archives(database, written, one, two)] == [1]
    assert with_archives(database, written, two) == [], "whoever has only the newer one can look at what they have"
    one.write_text(whole[:-20])
    with pytest.raises(ArchiveFault, match=r"one\.jsonl:10"):
        with_archives(database, written, one, two)


def test_what_nobody_archived_is_missed(database: Database, written: Anchor, tmp_path: Path) -> None:
    archived_until(database, written, 10, tmp_path / "one.jsonl")
    with sqlite3.connect(tmp_path / "history.db") as connection:
        connection.execute("DELETE FROM audit WHERE number <= 20")
    connection.close()
    (flaw,) = flaws(database, written)
    assert (flaw.number, "no entry says that they were archived" in flaw.what) == (20, True)


def test_nothing_is_archived_twice_over_a_file_or_out_of_a_chain_that_does_not_hold(
    database: Database, written: Anchor, tmp_path: Path
) -> None:
    file = tmp_path / "one.jsonl"
    archived_until(database, written, 10, file)
    with pytest.raises(NotArchived, match="is there already"):
        archived_until(database, written, 20, file)
    with pytest.raises(NotArchived, match="no entry is older"):
        archived_until(database, written, 5, tmp_path / "two.jsonl")
    with sqlite3.connect(tmp_path / "history.db") as connection:
        connection.execute("UPDATE audit SET actor = 'x' WHERE number = 30")
    connection.close()
    with pytest.raises(NotArchived, match="does not hold: entry 30"):
        archived_until(database, written, 20, tmp_path / "two.jsonl")
