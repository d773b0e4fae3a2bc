"""A good dashboard has no fault, and a finding says where and what to do; for the faults see the planted ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.dashboards_sample import DASHBOARDS, Json, overview, panel, sample_plan
from tests.objectives_sample import TEXT

from featurewatch import objectives
from featurewatch.dashboards import generate
from featurewatch.dashboards.check import Finding, check
from featurewatch.rules.plan import Plan, plan

FILE = "out/promise.json"
STAT = "p95 ≤ 100ms"
GRAPH = "How long extractions take"
RATIO = "Failed extractions"
BARS = "How much of each limit is used"


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return sample_plan(tmp_path_factory.mktemp("objectives"))


@pytest.fixture(scope="module")
def good(chosen: Plan) -> Json:
    return overview(chosen)


def findings(board: Json, chosen: Plan) -> tuple[Finding, ...]:
    return check({FILE: json.dumps(board)}, chosen)


def test_what_is_generated_has_no_fault(chosen: Plan) -> None:
    assert check(generate(chosen, DASHBOARDS), chosen) == ()


@pytest.mark.parametrize("kinds", [{"presence"}, {"presence", "ratio"}, {"presence", "quantile"}])
def test_any_choice_of_objectives_gives_a_dashboard_without_fault(kinds: set[str], tmp_path: Path) -> None:
    data = yaml.safe_load(TEXT)
    data["objectives"] = [objective for objective in data["objectives"] if objective["kind"] in kinds]
    path = tmp_path / "objectives.yaml"
    path.write_text(yaml.safe_dump(data))
    chosen = plan(objectives.load(path))
    assert check(generate(chosen, DASHBOARDS), chosen) == ()


def test_thirty_limits_fit_into_one_panel(tmp_path: Path) -> None:
    data = yaml.safe_load(TEXT)
    [some] = [objective for objective in data["objectives"] if objective["name"] == "fallback-ratio"]
    data["objectives"] += [{**copy.deepcopy(some), "name": f"fallback-{n}", "alert": f"Fallback{n}"} for n in range(30)]
    path = tmp_path / "objectives.yaml"
    path.write_text(yaml.safe_dump(data))
    chosen = plan(objectives.load(path))
    assert check(generate(chosen, DASHBOARDS), chosen) == ()
    assert len(panel(overview(chosen), BARS)["targets"]) == len(chosen.judgements) > 30


def _graph(board: Json) -> Json:
    return panel(board, GRAPH)


def _stat(board: Json) -> Json:
    return panel(board, STAT)


def _without(board: Json, title: str) -> None:
    board["panels"] = [found for found in board["panels"] if title not in found["title"]]


def test_a_finding_names_file_panel_and_remedy(good: Json, chosen: Plan) -> None:
    board = copy.deepcopy(good)
    _graph(board)["fieldConfig"]["defaults"]["unit"] = "sec"
    [finding] = findings(board, chosen)
    assert str(finding) == (
        "error: out/promise.json: How long extractions take: unit 'sec' is none of Grafana's; "
        "take one of featurewatch.dashboards.units"
    )
    assert str(finding.fault()).startswith("out/promise.json: panel 'How long extractions take': unit 'sec'")


def test_folded_panels_are_checked_too(good: Json, chosen: Plan) -> None:
    board = copy.deepcopy(good)
    inner = copy.deepcopy(_graph(board)) | {"id": 99}
    inner["targets"][0]["expr"] = "phantom"
    board["panels"][0].update(collapsed=True, panels=[inner])
    assert any("phantom is exported by nothing" in str(finding) for finding in findings(board, chosen))


@pytest.mark.parametrize("text", ["{", "[]", "null", ""])
def test_a_file_that_holds_no_dashboard_is_one_finding_and_not_a_crash(text: str, chosen: Plan) -> None:
    assert any("not" in finding.what for finding in check({FILE: text}, chosen))


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"list": 3}])
@pytest.mark.parametrize("key", ["panels", "templating", "annotations", "links", "title"])
def test_junk_anywhere_is_reported_and_not_a_crash(key: str, junk: Any, good: Json, chosen: Plan) -> None:
    findings({**copy.deepcopy(good), key: junk}, chosen)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"defaults": 3}])
@pytest.mark.parametrize("key", ["targets", "fieldConfig", "options", "gridPos", "id", "datasource", "links", "type"])
def test_junk_in_a_panel_is_reported_and_not_a_crash(key: str, junk: Any, good: Json, chosen: Plan) -> None:
    board = copy.deepcopy(good)
    _graph(board)[key] = junk
    assert findings(board, chosen) or key == "links"


def test_two_dashboards_cannot_have_one_address(good: Json, chosen: Plan) -> None:
    text = json.dumps(good)
    found = check({"out/promise.json": text, "elsewhere/promise.json": text}, chosen)
    assert sum("2 dashboards have the uid" in finding.what for finding in found) == 2


def test_a_limit_may_be_shown_on_any_of_the_dashboards(good: Json, chosen: Plan, tmp_path: Path) -> None:
    first, second = copy.deepcopy(good), copy.deepcopy(good)
    _without(first, RATIO)
    second["uid"] = "featurewatch-second"
    assert check({FILE: json.dumps(first), "out/second.json": json.dumps(second)}, chosen) == ()
