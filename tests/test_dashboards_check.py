"""Faults planted in a good dashboard are each found, at their panel, with a remedy."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
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

Plant = Callable[[Json], Any]


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


def _custom(board: Json) -> Json:
    return dict(_graph(board)["fieldConfig"]["defaults"])["custom"]  # type: ignore[no-any-return]


def _defaults(board: Json) -> Json:
    return _stat(board)["fieldConfig"]["defaults"]  # type: ignore[no-any-return]


def _query(board: Json, expr: str) -> None:
    _graph(board)["targets"][0]["expr"] = expr


def _without(board: Json, title: str) -> None:
    board["panels"] = [found for found in board["panels"] if title not in found["title"]]


FAULTS: dict[str, tuple[Plant, str]] = {
    "a key of Grafana 6": (lambda b: b.update(rows=[]), "key 'rows'"),
    "an old schema": (lambda b: b.update(schemaVersion=12), "schemaVersion 12"),
    "no uid": (lambda b: b.pop("uid"), "no uid"),
    "a uid that is not the file's": (lambda b: b.update(uid="Kj2Hs8fnz"), "does not follow from the file's name"),
    "an angular panel": (lambda b: _graph(b).update(type="graph"), "panel type 'graph'"),
    "a panel type with a slip": (lambda b: _graph(b).update(type="timesries"), "panel type 'timesries'"),
    "a legacy key of a panel": (lambda b: _graph(b).update(span=6), "key span"),
    "a legacy key of a query": (lambda b: _graph(b)["targets"][0].update(intervalFactor=2), "targets.intervalFactor"),
    "an unknown option": (lambda b: _stat(b)["options"].update(colourMode="value"), "options.colourMode"),
    "an unknown draw style": (lambda b: _custom(b).update(drawStyle="lines"), "drawStyle 'lines'"),
    "an unknown custom key": (lambda b: _custom(b).update(lineWidht=2), "custom.lineWidht"),
    "an unknown threshold style": (lambda b: _custom(b).update(thresholdsStyle={"mode": "dotted"}), "'dotted'"),
    "a unit with a slip": (lambda b: _defaults(b).update(unit="percentunits"), "unit 'percentunits'"),
    "no unit": (lambda b: _defaults(b).pop("unit"), "unit None"),
    "an unknown reducer": (lambda b: _stat(b)["options"]["reduceOptions"].update(calcs=["average"]), "'average'"),
    "no reducer": (lambda b: _stat(b)["options"].pop("reduceOptions"), "no reducer"),
    "an unknown colour mode": (lambda b: _defaults(b).update(color={"mode": "rainbow"}), "colour mode 'rainbow'"),
    "no overrides": (lambda b: _graph(b)["fieldConfig"].pop("overrides"), "fieldConfig.overrides"),
    "no text for no value": (lambda b: _defaults(b).pop("noValue"), "says nothing while it has no value"),
    "steps that are no list": (lambda b: _defaults(b)["thresholds"].update(steps=""), "threshold steps ''"),
    "a first step with a value": (lambda b: _defaults(b)["thresholds"]["steps"][0].update(value=0), "first threshold"),
    "a step of null as a word": (lambda b: _defaults(b)["thresholds"]["steps"][1].update(value="null"), "['null'"),
    "steps that descend": (lambda b: _defaults(b)["thresholds"]["steps"][1].update(value=9), "do not ascend"),
    "a description without good": (lambda b: _graph(b).update(description="Percentiles."), "what good looks like"),
    "no title": (lambda b: _graph(b).update(title=""), "no title"),
    "a datasource by name": (lambda b: _graph(b).update(datasource="Prometheus"), "bound to one datasource"),
    "a fixed datasource": (
        lambda b: _graph(b)["targets"][0].update(datasource={"type": "prometheus", "uid": "abc"}),
        "query 'A' is bound to one datasource",
    ),
    "a variable's fixed datasource": (lambda b: b["templating"]["list"][2].pop("datasource"), "variable 'service'"),
    "an annotation's fixed datasource": (
        lambda b: b["annotations"]["list"][0].pop("datasource"),
        "annotation 'Alerts'",
    ),
    "queries that are no list": (lambda b: _graph(b).update(targets={"expr": "up"}), "no queries"),
    "an id twice": (lambda b: _graph(b).update(id=1), "2 panels have the id 1"),
    "a refId twice": (lambda b: _graph(b)["targets"][1].update(refId="A"), "2 queries have the refId 'A'"),
    "no place": (lambda b: _graph(b).pop("gridPos"), "gridPos None"),
    "a place in words": (lambda b: _graph(b)["gridPos"].update(w="12"), "gridPos"),
    "a place outside": (lambda b: _graph(b)["gridPos"].update(w=30), "leaves the grid"),
    "panels on top of each other": (lambda b: _graph(b)["gridPos"].update(y=1, h=4), "overlaps"),
    "an unbalanced bracket": (lambda b: _query(b, "sum(up"), "does not parse: unclosed left parenthesis"),
    "a rate of no range": (lambda b: _query(b, "rate(up)"), "does not parse"),
    "an empty query": (lambda b: _query(b, " "), "query 'A' is empty"),
    "a phantom metric": (lambda b: _query(b, "featurewatch_extraction_seconds_total"), "exported by nothing"),
    "a series that no rule records": (
        lambda b: _query(b, "service_extractor:extractions:rate7m"),
        "service_extractor:extractions:rate7m is exported by nothing and recorded by no rule",
    ),
    "a selector without a name": (lambda b: _query(b, '{job="x"}'), "without naming a metric"),
    "a rate over a fixed range": (lambda b: _query(b, "rate(node_cpu_seconds_total[5m])"), "rate over a fixed range"),
    "what a rule records, recomputed": (
        lambda b: _query(
            b,
            "histogram_quantile(0.9, sum by (le) "
            "(rate(featurewatch_extraction_duration_seconds_bucket[$__rate_interval])))",
        ),
        "what a rule may have recorded",
    ),
    "a legend of no label": (
        lambda b: _graph(b)["targets"][0].update(expr="sum by (service) (up)", legendFormat="{{extractor}}"),
        "the label 'extractor' that no result has; there is service",
    ),
    "an undefined variable": (lambda b: _query(b, 'up{service="$servcie"}'), "variable $servcie is not defined"),
    "an undefined variable in a title": (lambda b: _graph(b).update(title="of ${extracter}"), "$extracter"),
    "a variable of a phantom": (
        lambda b: b["templating"]["list"][2]["query"].update(query="label_values(ups, service)"),
        "ups is exported by nothing",
    ),
    "an annotation that does not parse": (
        lambda b: b["annotations"]["list"][0]["target"].update(expr="ALERTS{"),
        "annotation Alerts: query 'alerts' does not parse",
    ),
    "an instant over time": (lambda b: _graph(b)["targets"][0].update(instant=True), "one instant but shows time"),
    "an old value as the present": (lambda b: _stat(b)["targets"][0].update(instant=False), "may be minutes old"),
    "a limit that is nowhere": (lambda b: _without(b, RATIO), "error-ratio: no panel has a threshold at 0.1 %"),
    "a threshold beside its limit": (
        lambda b: [
            found["fieldConfig"]["defaults"]["thresholds"]["steps"][1].update(value=0.002)
            for found in b["panels"]
            if RATIO in found["title"]
        ],
        "error-ratio: no panel has a threshold at 0.1 %",
    ),
    "an absence that is nowhere": (lambda b: _without(b, "The extractor answers"), "extractor-up: no panel says"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, good: Json, chosen: Plan) -> None:
    plant, expected = FAULTS[name]
    board = copy.deepcopy(good)
    plant(board)
    found = findings(board, chosen)
    assert any(expected in str(finding) for finding in found), "\n".join(map(str, found)) or "nothing was found"
    assert all(finding.remedy for finding in found)


def test_at_least_twenty_kinds_of_faults_are_planted() -> None:
    assert len(FAULTS) >= 20


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
