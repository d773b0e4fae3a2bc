"""The responder is dead for a whole story: the rules escalate without it, and it finds all of it when it is back."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.end_to_end import besieged
from tests.end_to_end.besieged import RECEIVERS, Siege

from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

NAMES = sorted(RECEIVERS.values())


def eventually(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + besieged.PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"not within {besieged.PATIENCE:g} s: {what}"
        time.sleep(0.2)


def history(siege: Siege) -> list[tuple[str, str, str, int]]:
    """Beginnings and ends (alert, which, source, microseconds), in the order in which things happened."""
    with closing(sqlite3.connect(siege.database)) as connection:
        return connection.execute(
            "SELECT f.alertname, t.kind, f.source, t.at FROM transitions t JOIN firings f ON f.id = t.firing_id "
            "WHERE t.kind IN ('fired', 'resolved') ORDER BY t.at, t.id"
        ).fetchall()


def test_levels_fire_without_the_responder_which_finds_all_of_it_when_it_is_back(
    tmp_path: Path, tools: Tools, alertmanager_launch: Launch
) -> None:
    with besieged.siege(tmp_path / "chain", tools, alertmanager_launch) as siege:
        siege.parts["responder"].kill()
        siege.target.works = False
        eventually(lambda: all(siege.told()[who, "firing"] for who in RECEIVERS), "every level is told")
        siege.target.works = True
        eventually(lambda: all(siege.told()[who, "resolved"] for who in RECEIVERS), "everyone hears the end")
        over = time.time()
        siege.parts["responder"].start()
        siege.parts["responder"].wait_until_ready()
        wanted = sorted((name, kind) for name in NAMES for kind in ("fired", "resolved"))
        eventually(lambda: sorted((name, kind) for name, kind, *_ in history(siege)) == wanted, "the history is whole")
        found = history(siege)
        assert {source for *_, source, _ in found} <= {"reconciliation", "webhook"}
        starts = {name: at / 1e6 for name, kind, _, at in found if kind == "fired"}
        ends = {name: at / 1e6 for name, kind, _, at in found if kind == "resolved"}
        assert starts["ExtractorDown"] < starts["EscalationLevel2"] < starts["EscalationLevel3"]
        # Samples are seconds apart: that exactly is the beginning known, and it is no later than what was told.
        assert all(starts[name] < ends[name] < over + 2 for name in NAMES)
        time.sleep(12)  # two more rounds of reconciliation, which find nothing
        assert history(siege) == found
