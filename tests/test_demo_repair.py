"""The story of a repair declares what it is about, beside whatever the user declared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CHECKOUT

from featurewatch.demo.errors import StoryError
from featurewatch.demo.repair import ACTION, Place, declare
from featurewatch.objectives.load import load


def place(objectives: Path) -> Place:
    nowhere = "http://127.0.0.1:9"
    return Place(objectives=objectives, extractor=nowhere, prometheus=nowhere, alertmanager=nowhere)


@pytest.mark.parametrize("mode", ["dry-run", "real"])
def test_the_users_objectives_stay_and_one_action_is_added(mode: str, tmp_path: Path) -> None:
    declare(place(CHECKOUT / "objectives.yaml"), tmp_path, mode)

    before, after = load(CHECKOUT / "objectives.yaml"), load(tmp_path / "objectives.yaml")
    assert after.objectives == before.objectives
    assert after.handling.people == before.handling.people
    (action,) = after.handling.actions
    assert (action.name, action.mode, dict(action.state)) == (ACTION, mode, {"mode": "none"})
    assert action.target.url == "http://127.0.0.1:9/admin/fault"


def test_without_a_responder_there_is_no_story(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: featurewatch/v1\n")
    with pytest.raises(StoryError, match="declares no responder"):
        declare(place(tmp_path / "mine.yaml"), tmp_path, "real")
