"""The story of a repair declares what it is about, beside whatever the user declared; and says what it lacks."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from tests.conftest import CHECKOUT

from featurewatch.demo import rehearsal, serving
from featurewatch.demo.errors import StoryError
from featurewatch.demo.repairing import ACTION, DRY, IMPATIENT, REAL, Place, declare
from featurewatch.demo.serving import Serving
from featurewatch.objectives.load import load
from featurewatch.rules.plan import plan

NOWHERE = "http://127.0.0.1:9"


def place(objectives: Path) -> Place:
    chosen = plan(load(CHECKOUT / "objectives.yaml"))
    return Place(
        root=CHECKOUT,
        objectives=objectives,
        plan=chosen,
        rehearsed=rehearsal.rehearsed(chosen),
        prometheus=NOWHERE,
        alertmanager=NOWHERE,
        inbox=NOWHERE,
        usual=nullcontext,
        watched=lambda _: nullcontext(),
        hurried=lambda _: nullcontext(),
    )


def ray(folder: Path) -> Serving:
    return Serving(f"{NOWHERE}/features", "127.0.0.1:9", NOWHERE, folder / "ray_token", folder / "slow")


@pytest.mark.parametrize(("how", "mode"), [(DRY, "dry-run"), (REAL, "real"), (IMPATIENT, "real")])
def test_the_users_objectives_stay_and_one_action_is_added(
    how: Mapping[str, object], mode: str, tmp_path: Path
) -> None:
    declare(place(CHECKOUT / "objectives.yaml"), ray(tmp_path), tmp_path, how)

    before, after = load(CHECKOUT / "objectives.yaml"), load(tmp_path / "objectives.yaml")
    assert after.objectives == before.objectives
    assert after.handling.people == before.handling.people
    (action,) = after.handling.actions
    assert (action.name, action.mode, action.replicas) == (ACTION, mode, (1, 2, 3))
    assert (action.target.url, action.target.token_file) == (NOWHERE, "secrets/ray_token")
    assert {trigger.extractor for trigger in action.on} == {"technical-ray"}


def test_without_a_responder_there_is_no_story(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: featurewatch/v1\n")
    with pytest.raises(StoryError, match="declares no responder"):
        declare(place(tmp_path / "mine.yaml"), ray(tmp_path), tmp_path, REAL)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else known(name))
    with pytest.raises(StoryError, match=r"pip install 'featurewatch\[ray\]'"):
        serving.check()


def test_where_memory_is_short_it_says_how_much_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=700 * 1024**2))
    with pytest.raises(StoryError, match=r"Ray needs 2\.0 GB of memory and 0\.7 GB are free"):
        serving.check()


def test_one_extractor_more_is_scraped_and_nothing_else_changes() -> None:
    text = (CHECKOUT / "deploy/prometheus/prometheus.yaml").read_text()
    more = rehearsal.with_target(text, "127.0.0.1:4711", "market-features")
    added = [line.strip() for line in more.splitlines() if line not in text.splitlines()]
    assert added == ["- 127.0.0.1:4711"]
