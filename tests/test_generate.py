from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.checkout_sample import change, checkout, contents, decided, environment, featurewatch

from featurewatch import generate
from featurewatch.project import Project

FASTER = ("{ above: 100ms, severity: high }", "{ above: 90ms, severity: high }")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: mine")


def _wanted(project: Project) -> dict[str, str]:
    return generate.generate(decided(project), project.root)


def test_the_same_objectives_give_the_same_bytes_in_every_process(project: Project) -> None:
    before = contents(project.root)
    for seed in ("1", "2"):
        assert featurewatch(project, "generate", PYTHONHASHSEED=seed).returncode == 0
        assert {name: data for name, data in contents(project.root).items() if name in before} == before


def test_a_fresh_tree_differs_in_nothing_and_no_file_is_touched(project: Project) -> None:
    wanted = _wanted(project)
    before = {path: (project.root / path).stat().st_mtime_ns for path in wanted}
    assert generate.differences(project.root, wanted) == []
    assert generate.write(project.root, wanted) == []
    assert {path: (project.root / path).stat().st_mtime_ns for path in wanted} == before


def test_one_changed_limit_changes_what_follows_from_it_and_nothing_else(project: Project) -> None:
    change(project, "objectives.yaml", *FASTER)
    assert generate.write(project.root, _wanted(project)) == [
        "dashboards/out/promise.json",
        "dashboards/out/slow.json",
        "deploy/kubernetes/extraction.prometheusrule.yaml",
        "docs/alerts/README.md",
        "rules/extraction.rules.yaml",
        "rules/tests/extraction-latency.test.yaml",
        "rules/tests/recorded.1m.test.yaml",
    ]


def test_another_recipient_changes_the_routes_only(project: Project) -> None:
    change(project, "objectives.yaml", "oncall@example.org", "night@example.org")
    assert generate.write(project.root, _wanted(project)) == ["alertmanager/alertmanager.yaml"]


def test_every_generated_file_says_so(project: Project) -> None:
    for path in _wanted(project):
        assert "make generate" in (project.root / path).read_text() or path.endswith(".json"), path


def test_an_edited_file_is_told_with_its_line_and_mended(project: Project) -> None:
    path = "rules/extraction.rules.yaml"
    lines = (project.root / path).read_text().splitlines(keepends=True)
    lines[9] = lines[9].rstrip("\n") + " # edited\n"
    (project.root / path).write_text("".join(lines))
    (fault,) = generate.differences(project.root, _wanted(project))
    assert (fault.file, fault.line) == (path, 10)
    assert "make generate" in fault.remedy
    assert generate.write(project.root, _wanted(project)) == [path]
    assert generate.differences(project.root, _wanted(project)) == []


@pytest.mark.parametrize("spoil", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: data + b"\n", lambda _: b""])
def test_line_ends_additions_and_loss_are_differences(project: Project, spoil: object) -> None:
    path = project.root / "alertmanager/alertmanager.yaml"
    assert callable(spoil)
    path.write_bytes(spoil(path.read_bytes()))
    (fault,) = generate.differences(project.root, _wanted(project))
    assert fault.what == "differs from what objectives.yaml says"
    assert fault.line >= 1


def test_a_file_that_is_not_text_is_a_difference_and_no_crash(project: Project) -> None:
    (project.root / "docs/alerts/README.md").write_bytes(b"\xff\xfe\x00")
    assert [fault.file for fault in generate.differences(project.root, _wanted(project))] == ["docs/alerts/README.md"]


def test_a_missing_file_is_told_and_made(project: Project) -> None:
    (project.root / "rules/tests/error-ratio.test.yaml").unlink()
    (fault,) = generate.differences(project.root, _wanted(project))
    assert (fault.file, fault.what) == ("rules/tests/error-ratio.test.yaml", "is missing")
    assert generate.write(project.root, _wanted(project)) == ["rules/tests/error-ratio.test.yaml"]


def test_the_files_of_an_objective_that_is_gone_are_left_over_and_removed(project: Project) -> None:
    stale = project.root / "rules/tests/old-objective.test.yaml"
    stale.write_bytes((project.root / "rules/tests/error-ratio.test.yaml").read_bytes())
    (fault,) = generate.differences(project.root, _wanted(project))
    assert (fault.file, fault.what) == ("rules/tests/old-objective.test.yaml", "is left over")
    assert generate.write(project.root, _wanted(project)) == ["rules/tests/old-objective.test.yaml"]
    assert not stale.exists()


def test_a_file_that_somebody_wrote_is_told_and_never_removed(project: Project) -> None:
    mine = project.root / "rules/mine.rules.yaml"
    mine.write_text("groups: []\n")
    (fault,) = generate.differences(project.root, _wanted(project))
    assert (fault.file, fault.what) == ("rules/mine.rules.yaml", "was not made by `make generate`")
    assert generate.write(project.root, _wanted(project)) == []
    assert mine.read_text() == "groups: []\n"


def test_two_runs_at_once_leave_the_tree_fresh(project: Project) -> None:
    change(project, "objectives.yaml", *FASTER)
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "featurewatch.cli", "generate"],
            cwd=project.root,
            env=environment(project),
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [run.wait(120) for run in runs] == [0, 0]
    assert generate.differences(project.root, _wanted(project)) == []
    assert not list(project.root.rglob("*.unfinished"))
