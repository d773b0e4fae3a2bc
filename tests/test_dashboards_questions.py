"""What holds for all dashboards: one for each question, with the same surroundings, without a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dashboards_sample import DASHBOARDS, ROOT, Json, expressions, panel

from featurewatch import objectives
from featurewatch.dashboards import generate
from featurewatch.dashboards.check import check
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan, plan

QUESTIONS = {
    "promise": "Are we keeping our promise?",
    "slow": "Why is extraction slow?",
    "cache": "Is the cache earning its memory?",
    "machines": "What are the machines doing?",
    "handled": "What alerted, and what did we do?",
    "monitoring": "Is the monitoring well?",
    "outlook": "Where is it going?",
}


@pytest.fixture(scope="module")
def whole() -> Plan:
    """Of the objectives at the root, which use everything."""
    return plan(objectives.load(ROOT / "objectives.yaml"))


@pytest.fixture(scope="module")
def files(whole: Plan) -> dict[str, str]:
    return generate(whole, DASHBOARDS)


@pytest.fixture(scope="module")
def boards(files: dict[str, str]) -> dict[str, Json]:
    return {Path(name).stem: json.loads(text) for name, text in files.items()}


def every_panel(board: Json) -> Iterator[dict[str, Any]]:
    for item in board["panels"]:
        yield from (item, *item.get("panels", []))


def test_there_is_one_dashboard_for_each_question(boards: dict[str, Json]) -> None:
    assert {slug: board["title"] for slug, board in boards.items()} == QUESTIONS
    assert {board["uid"] for board in boards.values()} == {f"featurewatch-{slug}" for slug in QUESTIONS}


def test_none_has_a_fault(files: dict[str, str], whole: Plan) -> None:
    assert check(files, whole) == ()


@pytest.mark.parametrize("slug", QUESTIONS)
def test_datasource_environment_service_and_extractor_can_be_chosen(slug: str, boards: dict[str, Json]) -> None:
    names = [variable["name"] for variable in boards[slug]["templating"]["list"]]
    assert names[:4] == ["datasource", "environment", "service", "extractor"]


@pytest.mark.parametrize("slug", QUESTIONS)
def test_alerts_deployments_and_what_was_done_are_marked(slug: str, boards: dict[str, Json]) -> None:
    marks = [mark["name"] for mark in boards[slug]["annotations"]["list"]]
    assert marks == ["Alerts", "Deployments and restarts", "Automatic actions", "Acknowledgements"]


@pytest.mark.parametrize("slug", QUESTIONS)
def test_the_others_are_reached_with_time_and_choice_kept(slug: str, boards: dict[str, Json]) -> None:
    [link] = boards[slug]["links"]
    assert (link["keepTime"], link["includeVars"], link["tags"]) == (True, True, ["featurewatch"])


@pytest.mark.parametrize("slug", QUESTIONS)
def test_series_with_and_without_an_environment_are_found(slug: str, boards: dict[str, Json]) -> None:
    environment = boards[slug]["templating"]["list"][1]
    assert environment["allValue"] == ".*"
    asked = [expr for item in every_panel(boards[slug]) if "targets" in item for expr in expressions(item)]
    assert asked
    without = [expr for expr in asked if 'environment=~"$environment"' not in expr]
    assert without == []


def test_only_what_is_about_now_is_asked_every_five_seconds(boards: dict[str, Json]) -> None:
    assert {slug for slug, board in boards.items() if board["refresh"] == "5s"} == {"promise", "slow"}
    assert boards["outlook"]["time"]["from"] == "now-24h"


def test_each_extractor_and_each_cache_has_a_row_of_its_own(boards: dict[str, Json]) -> None:
    repeated = {
        item["title"]: item["repeat"] for board in boards.values() for item in board["panels"] if "repeat" in item
    }
    assert repeated == {"Extractor $extractor": "extractor", "Cache $cache": "cache"}


def test_what_few_have_is_folded_away_with_its_panels_inside(boards: dict[str, Json]) -> None:
    folded = [item for item in boards["machines"]["panels"] if item.get("collapsed")]
    assert [item["title"] for item in folded] == ["Processes and containers", "GPU", "Ray Serve"]
    assert all(item["panels"] for item in folded)
    ids = [item["id"] for item in every_panel(boards["machines"])]
    assert len(ids) == len(set(ids))


def test_durations_are_recorded_ones_and_lead_to_single_extractions(boards: dict[str, Json]) -> None:
    for title in ("p95 by source", "p99 by source", "p95 of each stage"):
        shown, exemplars = panel(boards["slow"], title)["targets"]
        assert shown["expr"].startswith("service_extractor_"), title
        assert "exemplar" not in shown, title
        # It reads at a time when there was nothing: a thousand extractors have too many buckets to look at.
        assert exemplars["exemplar"] is True, title
        assert "_bucket{" in exemplars["expr"], title
        assert exemplars["expr"].endswith("@ 0)"), title


def test_the_heat_map_shows_what_rules_recorded_native_before_classic(boards: dict[str, Json]) -> None:
    [target] = panel(boards["slow"], "All extractions by how long they took")["targets"]
    native, classic = target["expr"].split("or on ()")
    assert "service_extractor:extraction_duration_seconds:rate" in native
    assert "service_extractor_le:extraction_duration_seconds_bucket:rate" in classic
    assert target["format"] == "heatmap"


def test_every_alert_has_its_first_step_in_the_table_of_what_to_do(boards: dict[str, Json], whole: Plan) -> None:
    overrides = panel(boards["promise"], "What to do next")["fieldConfig"]["overrides"]
    [column] = [item["properties"] for item in overrides if item["matcher"]["options"] == "Begin with"]
    [mapping] = [item["value"][0] for item in column if item["id"] == "mappings"]
    told = {
        alert.name: alert.annotations["first_steps"]
        for group in groups(whole)
        for alert in group.alerts
        if alert.annotations.get("first_steps")
    }
    assert told.keys() == mapping["options"].keys()
    assert mapping["options"]["CacheHitRatioLow"]["text"] == "Look whether the cache was emptied or restarted."
    assert not any("{{" in option["text"] for option in mapping["options"].values())


def test_each_budget_has_its_burn_rates_with_a_line_at_each_factor(boards: dict[str, Json], whole: Plan) -> None:
    for budget in whole.budgets:
        found = panel(boards["promise"], f"Burn rate: {budget.objective.name}")
        steps = [step["value"] for step in found["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert steps[1:] == sorted({pair.pair.factor for pair in budget.pairs})
        assert len(found["targets"]) == len(budget.pairs)
    assert whole.budgets


def test_every_kind_of_panel_that_we_build_is_used_somewhere(boards: dict[str, Json]) -> None:
    used = {item["type"] for board in boards.values() for item in every_panel(board)}
    assert used == {
        *("alertlist", "barchart", "bargauge", "gauge", "heatmap", "histogram", "piechart", "row", "stat"),
        *("state-timeline", "table", "timeseries"),
    }
