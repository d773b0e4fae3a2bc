"""Reading logs while they are written and rotated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from featurewatch.native.errors import StackError
from featurewatch.native.logs import logs
from featurewatch.native.records import Layout, RunFolder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = RunFolder(tmp_path / "run")
    folder.make()
    folder.write_layout(Layout(("web",), tmp_path))
    return tmp_path / "web.log"


def steps(*actions: Callable[[], object]) -> Callable[[], None]:
    """What happens each time the reader has to wait."""
    left = list(actions)

    def pause() -> None:
        assert left, "the reader waits for more than there will ever be"
        left.pop(0)()

    return pause


def test_the_last_lines_are_given_oldest_first(log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert list(logs(log.parent / "run", "web", lines=3)) == ["line 97", "line 98", "line 99"]


def test_no_log_yet_means_no_lines(log: Path) -> None:
    assert list(logs(log.parent / "run", "web")) == []


def test_an_unknown_part_is_told_which_there_are(log: Path) -> None:
    with pytest.raises(StackError, match="no part is called wbe; there are: web, supervisor"):
        logs(log.parent / "run", "wbe")


def test_following_gives_each_new_line_whole(log: Path) -> None:
    log.write_text("old\n")

    def append(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    following = logs(
        log.parent / "run",
        "web",
        follow=True,
        pause=steps(lambda: append("begun "), lambda: append("and ended\nnext\n")),
    )

    assert [next(following) for _ in range(3)] == ["old", "begun and ended", "next"]


def test_following_goes_on_in_the_new_file_after_a_rotation(log: Path) -> None:
    log.write_text("one\n")

    def rotate() -> None:
        with log.open("a") as file:
            file.write("last words\n")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("first words\n")

    following = logs(log.parent / "run", "web", follow=True, pause=steps(rotate))

    assert [next(following) for _ in range(3)] == ["one", "last words", "first words"]


def test_following_begins_before_there_is_a_log(log: Path) -> None:
    following = logs(log.parent / "run", "web", follow=True, pause=steps(lambda: log.write_text("hello\n")))
    assert next(following) == "hello"
