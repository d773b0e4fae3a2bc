"""What a newcomer does with the README alone: an entry in objectives.yaml, and one `make generate`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tests import objectives_sample
from tests.checkout_sample import checkout, contents, featurewatch
from tests.conftest import CHECKOUT

from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.tools.toolbox import Tools


def _entry() -> tuple[str, str]:
    """The objective of the README, and what it declares under `metrics`."""
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(  - name: .*?)```", readme, re.DOTALL)
    objective, _, metrics = example.partition("\nmetrics:")
    return objective, f"metrics:{metrics}"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return checkout(tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = checkout(tmp_path_factory.mktemp("after"))
    objective, metrics = _entry()
    text = objectives_sample.TEXT.replace("\nnotify:\n", f"\n{objective}\nnotify:\n", 1)
    project.objectives.write_text(f"{text}\n{metrics}", encoding="utf-8")
    done = featurewatch(project, "generate")
    assert done.returncode == 0, done.stderr
    return project


def _new(before: Project, after: Project, pattern: str) -> dict[str, str]:
    """Files that there were not."""
    known = contents(before.root).keys()
    return {
        path.relative_to(after.root).as_posix(): path.read_text("utf-8")
        for path in after.root.glob(pattern)
        if path.relative_to(after.root).as_posix() not in known
    }


def test_it_gets_a_rule_and_a_twin_for_when_its_data_are_gone(after: Project) -> None:
    rules = yaml.safe_load((after.root / "rules/extraction.rules.yaml").read_text("utf-8"))["groups"][0]["rules"]
    told = [rule["alert"] for rule in rules if rule.get("labels", {}).get("objective") == "price-age"]
    assert told == ["PricesStale", "ObjectiveDataAbsent"]


def test_its_tests_are_there_and_pass(before: Project, after: Project, tools: Tools) -> None:
    tests = _new(before, after, "rules/tests/*.test.yaml")
    assert any("alertname: PricesStale" in text for text in tests.values())
    assert Promtool(tools.promtool.path).test_rules([after.root / path for path in tests]).faults == ()


def test_its_runbook_is_begun(before: Project, after: Project) -> None:
    stub = _new(before, after, "docs/alerts/*.md")["docs/alerts/PricesStale.md"]
    assert "See whether the feed is connected." in stub


def test_its_route_is_there_and_says_who_is_told(after: Project) -> None:
    rows = yaml.safe_load((after.root / "alertmanager/tests/alerts.yaml").read_text("utf-8"))
    (row,) = [row for row in rows if row["labels"]["alertname"] == "PricesStale"]
    assert row["channels"] == ["slack", "email"]


def test_its_threshold_line_is_on_the_dashboard(after: Project) -> None:
    board = json.loads((after.root / "dashboards/out/promise.json").read_text("utf-8"))
    panels = [panel for panel in board["panels"] if panel.get("title", "").startswith("Age of the newest price")]
    assert panels
    for panel in panels:
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert [step["value"] for step in steps if step["value"]] == [pytest.approx(30)]


def test_its_row_is_in_the_catalogue(after: Project) -> None:
    assert "[PricesStale](PricesStale.md) | high" in (after.root / "docs/alerts/README.md").read_text("utf-8")


def test_a_metric_that_nobody_exports_is_refused_with_the_line_to_add(before: Project, tmp_path: Path) -> None:
    project = checkout(tmp_path / "mine")
    objective, metrics = _entry()
    text = project.objectives.read_text("utf-8").replace("\nnotify:\n", f"\n{objective}\nnotify:\n", 1)
    project.objectives.write_text(text, encoding="utf-8")
    done = featurewatch(project, "generate")
    assert done.returncode != 0
    declared = metrics.partition("\n")[2].strip()
    assert f"as `{declared}`" in done.stderr
