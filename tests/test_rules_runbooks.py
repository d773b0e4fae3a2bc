"""Runbooks: one for each alert, all of one shape, asking only for what exists."""

from __future__ import annotations

import shutil
from pathlib import Path

import promql_parser
import pytest
from tests import rules_sample

from featurewatch.rules import runbook_stubs, runbooks
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan

CHECKOUT = Path(__file__).resolve().parent.parent
COMMITTED = (CHECKOUT / "objectives.yaml").read_text(encoding="utf-8")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return rules_sample.planned(tmp_path, COMMITTED)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the checkout's runbooks."""
    shutil.copytree(CHECKOUT / runbooks.FOLDER, tmp_path / runbooks.FOLDER)
    return tmp_path


def test_the_runbooks_of_this_checkout_are_whole(root: Path, plan: Plan) -> None:
    assert runbooks.faults(root, plan) == []


def test_they_hold_with_another_limit_and_window(root: Path, tmp_path: Path) -> None:
    text = COMMITTED.replace("above: 100ms", "above: 120ms").replace("minimum: 40/s", "minimum: 60/s")
    assert text != COMMITTED

    assert runbooks.faults(root, rules_sample.planned(tmp_path, text)) == []


def test_every_runbook_begins_with_three_queries(root: Path) -> None:
    for page in sorted((root / runbooks.FOLDER).glob("*.md")):
        if page.name == runbooks.CATALOGUE:
            continue
        asked = runbooks.queries(page.read_text(encoding="utf-8"))
        assert len(asked) == 3, page.name
        for _, expr in asked:
            promql_parser.parse(expr)


def test_a_missing_runbook_is_begun_once_with_all_headings_and_told_of_until_it_is_written(
    root: Path, plan: Plan
) -> None:
    page = root / runbooks.FOLDER / "MemoryShort.md"
    page.unlink()
    begun = dict(runbook_stubs.stubs(groups(plan), root / runbooks.FOLDER))
    assert list(begun) == ["MemoryShort.md"]
    page.write_text(begun["MemoryShort.md"], encoding="utf-8")
    assert runbooks.faults(root, plan) == []
    assert [fault.file for fault in runbooks.unwritten(root)] == ["docs/alerts/MemoryShort.md"]
    assert list(runbook_stubs.stubs(groups(plan), root / runbooks.FOLDER)) == []


def test_a_missing_one_and_one_left_over_are_faults(root: Path, plan: Plan) -> None:
    folder = root / runbooks.FOLDER
    (folder / "ErrorRatioHigh.md").rename(folder / "ErrorsHigh.md")

    found = {fault.file: fault.what for fault in runbooks.faults(root, plan)}

    assert found == {
        "docs/alerts/ErrorRatioHigh.md": "is missing",
        "docs/alerts/ErrorsHigh.md": "is left over, no alert has this name",
    }


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("## Likely causes", "## Causes", "has no heading `## Likely causes`"),
        ("# ExtractorDown", "# Extractor down", "does not begin with the name of the alert"),
        ("alertname=ExtractorDown ", "alertname=ExtractorDead ", "does not say how to silence ExtractorDown"),
        ('query=up{job="node"}', 'query=upp{job="node"}', "no series is called upp"),
        ('query=up{job="node"}', 'query={__name__=~"service:upp.*"}', "no series is called service:upp.*"),
        ('query=up{job="node"}', "query=up{", "is no PromQL"),
    ],
)
def test_a_page_that_would_fail_at_night_is_a_fault(before: str, after: str, what: str, root: Path, plan: Plan) -> None:
    page = root / runbooks.FOLDER / "ExtractorDown.md"
    text = page.read_text(encoding="utf-8")
    assert before in text
    page.write_text(text.replace(before, after), encoding="utf-8")

    [fault] = runbooks.faults(root, plan)

    assert fault.file == "docs/alerts/ExtractorDown.md"
    assert what in fault.what


def test_headings_in_another_order_are_a_fault(root: Path, plan: Plan) -> None:
    page = root / runbooks.FOLDER / "Watchdog.md"
    text = page.read_text(encoding="utf-8")
    swapped = text.replace("## What it means", "##").replace("## Likely causes", "## What it means")
    page.write_text(swapped.replace("##\n", "## Likely causes\n"), encoding="utf-8")

    [fault] = runbooks.faults(root, plan)

    assert "in another order" in fault.what
