from __future__ import annotations

from pathlib import Path

import pytest

from featurewatch.faults import Faulty
from featurewatch.project import find


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a checkout: mine"
    (root / "rules/tests").mkdir(parents=True)
    (root / "objectives.yaml").write_text("")
    return root


def test_it_is_found_from_any_folder_below(root: Path) -> None:
    assert find(root / "rules/tests", {}) == find(root, {})
    assert find(root, {}).root == root.resolve()
    assert find(root, {}).objectives == root.resolve() / "objectives.yaml"


def test_the_nearest_one_counts(root: Path) -> None:
    (root / "rules/objectives.yaml").write_text("")
    assert find(root / "rules/tests", {}).root == root.resolve() / "rules"


def test_what_is_not_committed_lies_in_one_folder_unless_told_otherwise(root: Path) -> None:
    project = find(root, {})
    assert project.state == root.resolve() / ".featurewatch"
    assert (project.tools, project.secrets) == (project.state / "tools", project.state / "secrets")


def test_three_variables_move_it(root: Path, tmp_path: Path) -> None:
    project = find(root, {"FEATUREWATCH_STATE": str(tmp_path / "s")})
    assert (project.state, project.tools, project.secrets) == (
        tmp_path / "s",
        tmp_path / "s/tools",
        tmp_path / "s/secrets",
    )
    moved = {"FEATUREWATCH_TOOLS_DIR": str(tmp_path / "t"), "FEATUREWATCH_SECRETS": str(tmp_path / "x")}
    assert (find(root, moved).tools, find(root, moved).secrets) == (tmp_path / "t", tmp_path / "x")


def test_an_empty_variable_is_none(root: Path) -> None:
    assert find(root, {"FEATUREWATCH_STATE": "", "FEATUREWATCH_SECRETS": ""}) == find(root, {})


def test_without_a_checkout_the_place_and_the_remedy_are_told(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r"no objectives.yaml here or above; run featurewatch inside a checkout"):
        find(tmp_path, {})


def test_its_state_folder_is_closed_to_others_and_may_be_there_already(root: Path) -> None:
    project = find(root, {})
    project.make_state()
    project.make_state()
    assert project.state.stat().st_mode & 0o077 == 0
