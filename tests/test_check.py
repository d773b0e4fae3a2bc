from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from tests.checkout_sample import change, checkout, decided

from featurewatch import check, generate
from featurewatch.amtool import Amtool
from featurewatch.check import Binaries, Result
from featurewatch.faults import Fault, Faulty
from featurewatch.generate import Made
from featurewatch.project import Project
from featurewatch.promtool import Promtool, PromtoolError
from featurewatch.tools.toolbox import Tools

FRESH = "generated files are fresh"
PARSE = "rules parse"
TESTED = "rules do what their tests say"
ROUTED = "every alert has a routing test"
ACCEPTED = "Prometheus and Alertmanager accept the whole"

STEPS = (
    *(FRESH, "secrets", PARSE, "every rule has a test", TESTED, "rules are free of known mistakes"),
    *("every alert has a runbook", ROUTED, ACCEPTED, "dashboards"),
)

PROMISE = "dashboards/promise.dashboard.py"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: mine")


@pytest.fixture
def binaries(tools: Tools) -> Binaries:
    return Binaries(Promtool(tools.promtool.path), Amtool(tools.amtool.path))


Wanted = Collection[str]


def _results(project: Project, binaries: Binaries, only: Wanted = ()) -> dict[str, Result]:
    """What each step found; all but the tests of rules, which take seconds, where none is named."""
    steps = check.steps(project, Made(decided(project), project.root), binaries)
    return {step.name: check.look(step) for step in steps if (step.name in only if only else step.name != TESTED)}


def _faults(project: Project, binaries: Binaries, only: Wanted = ()) -> dict[str, tuple[Fault, ...]]:
    return {name: result.faults for name, result in _results(project, binaries, only).items() if result.faults}


def _of(step: str, project: Project, binaries: Binaries) -> tuple[Fault, ...]:
    """What one step complains of; the others are not taken."""
    return _faults(project, binaries, [step])[step]


def test_a_fresh_checkout_has_no_fault_and_no_warning(project: Project, binaries: Binaries) -> None:
    results = _results(project, binaries, STEPS)
    assert tuple(results) == STEPS
    assert [(result.faults, result.warnings) for result in results.values()] == [((), ())] * len(STEPS)
    assert results[FRESH].told == f"6 objectives, {len(generate.generate(decided(project), project.root))} files"
    assert re.fullmatch(r"(\d+) / \1 alerts, (\d+) / \2 recorded series", results["every rule has a test"].told)
    assert re.fullmatch(r"\d+ generated cases, 0 files of stories", results[TESTED].told)


def test_it_copies_no_secret_and_leaves_nothing_behind(
    project: Project, binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    copied: list[Path] = []

    def amtool_sees(config: Path) -> object:
        copied.extend((config.parent / "secrets").iterdir())
        return binaries.amtool.check_config(config)

    watched = Binaries(binaries.promtool, _Watched(binaries.amtool.binary, amtool_sees))
    assert _faults(project, watched) == {}
    assert copied == []
    assert list((tmp_path / "scratch").iterdir()) == []


class _Watched(Amtool):
    """The real amtool, and somebody who looks on."""

    def __init__(self, binary: Path, look: Callable[[Path], object]) -> None:
        super().__init__(binary)
        object.__setattr__(self, "look", look)

    def check_config(self, file: Path) -> object:  # type: ignore[override]
        look: Callable[[Path], object] = self.__dict__["look"]
        return look(file)


@pytest.mark.parametrize(
    "path", ["rules/extraction.rules.yaml", "dashboards/out/promise.json", "docs/alerts/README.md"]
)
def test_an_edited_generated_file_is_named(project: Project, binaries: Binaries, path: str) -> None:
    text = (project.root / path).read_text()
    (project.root / path).write_text(text.replace("100", "101", 1))
    (fault, *_) = _of(FRESH, project, binaries)
    assert fault.file == path
    assert fault.line > 0


def test_a_left_over_file_is_named(project: Project, binaries: Binaries) -> None:
    left = project.root / "rules/old.rules.yaml"
    left.write_text(f"# {generate.HEADER}\ngroups: []\n")
    (fault,) = _of(FRESH, project, binaries)
    assert (fault.file, fault.what) == ("rules/old.rules.yaml", "is left over")


def _delete(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_text("\n")


@pytest.mark.parametrize(("spoil", "what"), [(_delete, "missing"), (_empty, "empty")])
def test_a_secret_that_is_missing_or_empty_is_named_with_the_path_it_was_looked_for_at(
    project: Project, binaries: Binaries, spoil: Callable[[Path], None], what: str
) -> None:
    spoil(project.secrets / "slack_api_url")
    faults = _faults(project, binaries)
    assert list(faults) == ["secrets"]
    (fault,) = faults["secrets"]
    assert fault.file == str(project.secrets / "slack_api_url")
    assert fault.what == f"notify.slack.api_url_file: {what}"


def test_a_secret_that_others_may_read_is_a_warning_and_does_not_fail(project: Project, binaries: Binaries) -> None:
    (project.secrets / "smtp_password").chmod(0o644)
    result = _results(project, binaries, ["secrets"])["secrets"]
    assert result.faults == ()
    assert [warning.file for warning in result.warnings] == [str(project.secrets / "smtp_password")]


def test_an_alert_without_a_row_in_the_table_of_routes_is_named(project: Project, binaries: Binaries) -> None:
    for place in (check.ROUTES, "alertmanager/tests/alerts.yaml"):
        change(project, place, "alertname: ErrorRatioHigh", "alertname: AnotherOne")
    (fault,) = _of(ROUTED, project, binaries)
    assert fault.file.endswith(check.ROUTES)
    assert "ErrorRatioHigh of severity high" in fault.what


def test_an_alert_that_goes_elsewhere_than_its_row_says_is_named_with_the_line(
    project: Project, binaries: Binaries
) -> None:
    change(project, check.ROUTES, "channels: [pagerduty, slack, email, webhook]", "channels: [slack]")
    faults = _of(ACCEPTED, project, binaries)
    assert faults
    assert all(fault.file.endswith(check.ROUTES) and fault.line > 0 for fault in faults)


def test_a_table_of_routes_that_cannot_be_read_hides_nothing_else(project: Project, binaries: Binaries) -> None:
    (project.root / check.ROUTES).write_text("- name: [\n")
    (project.secrets / "slack_api_url").unlink()
    faults = _faults(project, binaries)
    assert set(faults) == {"secrets", ROUTED, ACCEPTED}
    assert faults[ROUTED][0].file.endswith(check.ROUTES)


def test_a_rule_that_does_not_parse_is_named_by_its_committed_file(project: Project, binaries: Binaries) -> None:
    change(project, "rules/extraction.rules.yaml", "sum by", "sum buy")
    faults = _faults(project, binaries)
    assert set(faults) >= {FRESH, PARSE, ACCEPTED}
    for name in (PARSE, ACCEPTED):
        assert str(project.root / "rules") in "".join(map(str, faults[name])), name


def test_a_rule_that_does_not_do_what_its_tests_say_is_told(project: Project, binaries: Binaries) -> None:
    change(project, "rules/extraction.rules.yaml", "for: 4s", "for: 10m")
    for path in (project.root / "rules/tests").glob("*.test.yaml"):
        if path.name != "extraction-latency.test.yaml":
            path.unlink()  # one that tells is enough
    faults = _faults(project, binaries, [PARSE, TESTED])
    assert PARSE not in faults
    assert "ExtractionTooSlow" in "".join(map(str, faults[TESTED]))


@pytest.mark.parametrize(("pattern", "step"), [("*.rules.yaml", PARSE), ("tests/**/*.test.yaml", TESTED)])
def test_nothing_to_check_is_a_fault(project: Project, binaries: Binaries, pattern: str, step: str) -> None:
    for path in (project.root / "rules").glob(pattern):
        path.unlink()
    assert _of(step, project, binaries)[0].what.startswith("holds no ")


def test_a_dashboard_whose_code_fails_is_named_with_its_line(project: Project, binaries: Binaries) -> None:
    path = project.root / PROMISE
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], "import no_such_module_anywhere", *lines[3:]]))
    for step in (FRESH, "dashboards"):
        (fault,) = _of(step, project, binaries)
        assert fault.file == str(path)
        assert "no_such_module_anywhere" in fault.what


def test_a_dashboard_that_is_no_python_is_named_with_its_line(project: Project, binaries: Binaries) -> None:
    path = project.root / PROMISE
    path.write_text("x = 1\ndef (\n")
    (fault,) = _of("dashboards", project, binaries)
    assert (fault.file, fault.line) == (str(path), 2)


def test_a_dashboard_that_defines_none_is_named(project: Project, binaries: Binaries) -> None:
    (project.root / PROMISE).write_text("x = 1\n")
    (fault,) = _of("dashboards", project, binaries)
    assert (fault.file, fault.what) == (str(project.root / PROMISE), "defines no dashboard")


PHANTOM = """\
from featurewatch.dashboards import panels, units
from featurewatch.dashboards.queries import Query


def panel(plan):
    about = panels.describe("Nothing.", "nothing.")
    return panels.time_series(
        "Phantom", [Query("featurewatch_no_such_metric", "x")], unit=units.SHARE, interval="2s", description=about
    )


"""


def test_a_dashboard_that_shows_what_nobody_exports_is_named(project: Project, binaries: Binaries) -> None:
    path = project.root / PROMISE
    text = path.read_text().replace("host_panels.cpu(plan)", "panel(plan)")
    path.write_text(text.replace("@question", f"{PHANTOM}@question", 1))
    (fault, *_) = _of("dashboards", project, binaries)
    assert fault.file == "out/promise.json"
    assert "featurewatch_no_such_metric" in fault.what


def test_a_tool_that_cannot_say_is_a_fault_of_its_step_and_the_others_go_on(
    project: Project, binaries: Binaries, tmp_path: Path
) -> None:
    faults = _faults(project, Binaries(Promtool(tmp_path / "gone"), binaries.amtool), STEPS)
    assert set(faults) == {PARSE, TESTED, ACCEPTED}
    assert all("make tools" in str(fault) for found in faults.values() for fault in found)


def test_faults_that_a_step_raises_are_what_it_found() -> None:
    fault = Fault("file", 3, 1, "is wrong", "mend it")

    def faulty() -> check.Found:
        raise Faulty([fault])

    def no_tool() -> check.Found:
        raise PromtoolError("promtool: killed by signal 9")

    assert check.look(check.Step("one", faulty), clock=iter([1.0, 3.5]).__next__) == Result("one", (fault,), (), 2.5)
    assert "killed by signal 9" in str(check.look(check.Step("two", no_tool)).faults[0])
