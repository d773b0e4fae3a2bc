"""What the inbox keeps, in memory and on disk."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from featurewatch.demo.inbox.journal import Journal
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.message import Delivery, Message, Query

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def opened(directory: Path, limit: int = 100) -> Mailbox:
    mailbox = Mailbox(Journal(directory, limit), limit, now=lambda: MOMENT)
    mailbox.open()
    return mailbox


def reopened(mailbox: Mailbox, directory: Path, limit: int = 100) -> Mailbox:
    """As after a restart: the kernel drops the lock of a process that ends."""
    mailbox.journal.close()
    return opened(directory, limit)


def message(name: str = "A", channel: str = "slack") -> Message:
    return Message(channel="slack" if channel == "slack" else "webhook", status="firing", firing=(name,), body="text")


def lines(directory: Path) -> list[bytes]:
    return (directory / "deliveries.jsonl").read_bytes().splitlines()


def test_a_delivery_comes_back_from_json_as_it_was() -> None:
    delivery = Delivery(
        id=7,
        received_at=MOMENT,
        channel="email",
        status="mixed",
        firing=("A", "B"),
        resolved=("B", "C"),
        severity="critical",
        labels={"service": "m\u2028\u0000"},
        recipients=("a@example.org",),
        summary="s",
        body="b\nb",
        raw="raw/7.eml",
        refused=True,
        reason="r",
    )
    again = Delivery.from_json(delivery.to_json())
    assert again == delivery
    assert again.alerts == ("A", "B", "C")
    assert delivery.to_line().count(b"\n") == 1


def test_times_are_utc_whatever_zone_they_were_written_in() -> None:
    plain = Delivery(id=1, received_at=MOMENT.astimezone(timezone(timedelta(hours=5))), channel="slack").to_json()
    assert Delivery.from_json(plain).received_at.tzinfo is UTC
    with pytest.raises(ValueError, match="no time zone"):
        Delivery.from_json(plain | {"received_at": "2026-01-01T00:00:00"})


def test_a_restart_gives_back_every_delivery_in_order_and_goes_on_counting(tmp_path: Path) -> None:
    first = opened(tmp_path)
    kept = [first.receive(message(name), name.encode(), ".json") for name in "ABC"]
    again = reopened(first, tmp_path)
    assert list(again.deliveries) == kept
    assert again.journal.read_raw(kept[1]) == b"B"
    assert again.receive(message("D"), b"", ".json").id == 4


@pytest.mark.parametrize("torn", [b'{"id": 3, "chan', b'{"id": 3}', b"\x00\x00\x00", b"[]", b"not json"])
def test_a_torn_last_line_is_skipped_and_the_next_one_stands_on_its_own(tmp_path: Path, torn: bytes) -> None:
    first = opened(tmp_path)
    first.receive(message("A"), b"", ".json")
    first.receive(message("B"), b"", ".json")
    with (tmp_path / "deliveries.jsonl").open("ab") as file:
        file.write(torn)
    first.journal.close()
    journal = Journal(tmp_path, 100)
    loaded = journal.open()
    assert ([found.id for found in loaded.deliveries], loaded.last_id, loaded.unreadable) == ([1, 2], 2, 1)
    journal.close()
    second = opened(tmp_path)
    second.receive(message("C"), b"", ".json")
    assert [found.alerts for found in reopened(second, tmp_path).deliveries] == [("A",), ("B",), ("C",)]


def test_only_the_last_deliveries_are_kept_and_the_rest_is_counted(tmp_path: Path) -> None:
    mailbox = opened(tmp_path, limit=10)
    for number in range(100):
        mailbox.receive(message(f"A{number}"), b"x", ".json")
    assert [found.id for found in mailbox.deliveries] == list(range(91, 101))
    assert mailbox.dropped == 90
    assert len(list((tmp_path / "raw").iterdir())) == 10, "files of forgotten deliveries are removed"
    assert len(lines(tmp_path)) <= 21, "the journal does not grow without bound"
    again = reopened(mailbox, tmp_path, limit=10)
    assert [found.id for found in again.deliveries] == list(range(91, 101))
    assert again.last_id == 100


def test_clearing_forgets_everything_but_not_how_far_it_counted(tmp_path: Path) -> None:
    mailbox = opened(tmp_path)
    mailbox.receive(message(), b"x", ".json")
    mailbox.receive(message(), b"x", ".json")
    assert mailbox.clear() == 2
    assert not list((tmp_path / "raw").iterdir())
    again = reopened(mailbox, tmp_path)
    assert again.deliveries == ()
    assert again.receive(message(), b"", ".json").id == 3


@contextmanager
def disk_full_beyond(size: int) -> Iterator[None]:
    """Writes beyond `size` bytes of a file fail, as on a full disk: the last one that fits is cut short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing_and_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mailbox = opened(tmp_path)
    with caplog.at_level(logging.ERROR), disk_full_beyond(700):
        for name in "ABCDE":
            mailbox.receive(message(name), b"x" * 1000, ".json")
        assert [found.firing[0] for found in mailbox.deliveries] == list("ABCDE"), "reading goes on from memory"
        assert mailbox.deliveries[-1].raw == ""
        assert 0 < mailbox.journal.waiting < 5, "some fitted, some did not"
        assert mailbox.journal.failures > 1
    assert len(caplog.records) == 1
    mailbox.receive(message("F"), b"x", ".json")
    assert mailbox.journal.waiting == 0
    assert [found.firing[0] for found in reopened(mailbox, tmp_path).deliveries] == list("ABCDEF"), (
        "written when there is room"
    )


def test_selecting_after_an_id_skips_nothing_and_without_one_gives_the_last(tmp_path: Path) -> None:
    mailbox = opened(tmp_path)
    for number in range(10):
        mailbox.receive(message(channel="slack" if number % 2 else "webhook"), b"", ".json")
    ids = [found.id for found in mailbox.select(Query(channel="slack"), since_id=3, limit=2)]
    assert ids == [4, 6]
    assert [found.id for found in mailbox.select(Query(channel="slack"), limit=2)] == [8, 10]


def test_a_query_selects_by_what_is_said_of_the_alert() -> None:
    mixed = Delivery(
        id=1, received_at=MOMENT, channel="webhook", status="mixed", firing=("A",), resolved=("B",), recipients=("x",)
    )
    assert Query(status="firing", alert="A").selects(mixed)
    assert Query(status="resolved", alert="B").selects(mixed)
    assert not Query(status="resolved", alert="A").selects(mixed)
    assert Query(alert="B", recipient="x").selects(mixed)
    assert not Query(recipient="y").selects(mixed)
    assert not Query(status="none").selects(mixed)
    assert not Query(refused=True).selects(mixed)
