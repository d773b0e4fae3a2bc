"""Folders of nodes that are no more go, others stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from featurewatch.ray import leftovers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

TOMORROW = time.time() + 2 * leftovers.OLD_SECONDS


def test_the_folder_of_a_dead_node_goes_after_a_day(tmp_path: Path) -> None:
    os.close(leftovers.hold(tmp_path / "dead"))
    (tmp_path / "dead" / "some.series").write_bytes(b"counts")
    here = leftovers.hold(tmp_path / "here")
    assert leftovers.remove_beside(tmp_path / "here") == []
    assert leftovers.remove_beside(tmp_path / "here", TOMORROW) == [tmp_path / "dead"]
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    os.close(here)


def test_a_folder_that_is_served_stays_however_old_it_is(tmp_path: Path) -> None:
    served = leftovers.hold(tmp_path / "served")
    again = leftovers.hold(tmp_path / "served")
    os.close(again)
    assert leftovers.remove_beside(tmp_path / "here", TOMORROW) == []
    os.close(served)


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "file").write_text("x")
    assert leftovers.remove_beside(tmp_path / "here", TOMORROW) == []
    assert len(list(tmp_path.iterdir())) == 2
