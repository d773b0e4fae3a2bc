"""Objectives on declared series: what is refused, what overrides mean, and that their rules pass their tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.faults import Faulty
from featurewatch.objectives import load, shipped
from featurewatch.objectives.model import Objectives, Scope
from featurewatch.promtool import Promtool
from featurewatch.rules import coverage, promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

METRICS = """\
metrics:
  device_failures_total: { type: counter }
  data_quality: { type: gauge }
  http_seconds: { type: histogram, edges: [0.1, 1] }
  ok_total: { type: counter }
  failed_total: { type: counter }
"""


def objective(name: str, alert: str, body: str) -> str:
    return f"""\
  - name: {name}
    title: A promise
    alert: {alert}
    category: quality
    first_steps: [Look.]
    {body}
"""


QUALITY = objective(
    "quality",
    "QualityLow",
    "kind: gauge\n    of: { metric: data_quality }\n    limits: [{ below: 0.7, severity: high }]",
)
FAILURES = objective(
    "failures",
    "DeviceFailures",
    "kind: increase\n    of: { metric: device_failures_total }\n"
    "    limits: [{ at_least: 3, window: 1m, severity: high }]",
)
AGE = objective(
    "age",
    "InputStale",
    "kind: freshness\n    of: { metric: featurewatch_newest_input_timestamp_seconds }\n"
    "    limits: [{ above: 30s, severity: medium }]",
)
BUSY = objective(
    "busy",
    "DevicesBusy",
    "kind: rate\n    of: { metric: ok_total }\n    limits: [{ above: 5/s, severity: low, window: 1m }]",
)
ERRORS = objective(
    "errors-of-others",
    "OthersFail",
    "kind: ratio\n    good: { metric: ok_total }\n    bad: { metric: failed_total }\n"
    "    limits: [{ above: 5%, severity: high }]",
)


def text(*more: str, head: str = METRICS) -> str:
    whole: str = objectives_sample.TEXT
    before, after = whole.split("objectives:\n", 1)
    return f"{before}{head}objectives:\n{''.join(more)}{after}"


def read(tmp_path: Path, content: str) -> Objectives:
    path = tmp_path / "objectives.yaml"
    path.write_text(content, encoding="utf-8")
    return load(path)


def refused(tmp_path: Path, content: str) -> str:
    with pytest.raises(Faulty) as error:
        plan(read(tmp_path, content))
    return "\n".join(map(str, error.value.faults))


def test_a_metric_that_nobody_exports_is_refused_until_it_is_declared_or_the_objective_is_off(tmp_path: Path) -> None:
    assert "nobody exports data_quality" in refused(tmp_path, text(QUALITY, head=""))
    assert read(tmp_path, text(QUALITY)).objectives[0].name == "quality"
    off = read(tmp_path, text(QUALITY + "    enabled: false\n", head="")).off[0]
    assert (off.objective.name, off.needs) == ("quality", ("data_quality",))


def test_a_limit_beside_the_edges_of_a_declared_histogram_is_refused(tmp_path: Path) -> None:
    slow = objective(
        "slow",
        "SlowAnswers",
        "kind: quantile\n    quantile: 0.95\n    of: { metric: http_seconds }\n"
        "    limits: [{ above: 2s, severity: high }]",
    )
    assert "2s is not a bucket edge of http_seconds" in refused(tmp_path, text(slow))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("[{ extractor: nobody, enabled: false }]", "nobody is unknown"),
        ("[{ enabled: false }]", "is for everybody"),
        ("[{ extractor: a }]", "changes nothing"),
        ("[{ extractor: a, enabled: false }, { extractor: [a, b], enabled: false }]", "overlaps with overrides[0]"),
        ("[{ environment: moon, enabled: false }]", "moon is unknown"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused_in_its_line(tmp_path: Path, overrides: str, message: str) -> None:
    content = text(head="extractors: [a, b]\n").replace(
        "    quantile: 0.95\n", f"    quantile: 0.95\n    overrides: {overrides}\n"
    )
    told = refused(tmp_path, content)
    assert message in told
    assert f":{1 + content[: content.index('overrides:')].count(chr(10))}:" in told


def test_each_extractor_is_judged_by_exactly_one_ladder(tmp_path: Path) -> None:
    overrides = "[{ extractor: [a, b], limits: [{ above: 250ms, severity: high }] }, { extractor: c, enabled: false }]"
    content = text(head="extractors: [a, b, c]\n").replace(
        "    quantile: 0.95\n", f"    quantile: 0.95\n    overrides: {overrides}\n"
    )
    decided = plan(read(tmp_path, content))
    [latency] = [item for item in decided.objectives.objectives if item.name == "extraction-latency"]
    scopes = {limit.scope for limit in latency.limits}
    assert scopes == {Scope(without=("a", "b", "c")), Scope(only=("a", "b"))}
    for extractor in ("a", "b", "c", "any other"):
        assert sum(scope.holds(extractor) for scope in scopes) == (0 if extractor == "c" else 1)
    alerts = [
        rule
        for group in groups(decided)
        for rule in group.rules
        if isinstance(rule, Alert) and rule.name == "ExtractionTooSlow"
    ]
    assert sum('extractor=~"a|b"' in alert.expr for alert in alerts) == 1
    assert sum('extractor!~"a|b|c"' in alert.expr for alert in alerts) == 2


def test_every_threshold_of_the_catalogue_is_there_and_off_until_it_is_used(tmp_path: Path) -> None:
    everything = {item.name for item in shipped.everything()}
    assert {"cpu", "memory", "gpu", "cache-fill", "device-failures", "data-quality", "database-pool"} <= everything
    assert {"prediction-accuracy", "profitable-trades", "model-drift", "risk-limit", "response-time"} <= everything
    assert {off.objective.name for off in read(tmp_path, text()).off} == everything
    used = read(tmp_path, text(head="use: [memory]\n"))
    assert "memory" in {item.name for item in used.objectives}
    assert {off.objective.name for off in used.off} == everything - {"memory"}
    assert "data-quality needs neural_data_quality_score" in refused(tmp_path, text(head="use: [data-quality]\n"))


def test_more_events_than_scrapes_cannot_be_told_apart_and_are_refused(tmp_path: Path) -> None:
    many = FAILURES.replace("at_least: 3", "at_least: 100")
    assert "holds too few scrapes for 100" in refused(tmp_path, text(many))


def test_every_rule_of_every_kind_is_covered(tmp_path: Path) -> None:
    decided = plan(read(tmp_path, text(QUALITY, FAILURES, AGE, BUSY, ERRORS)))
    built = groups(decided)
    found = coverage.coverage(built, promtool_tests.test_files(decided, built).values())
    assert [fault for fault in found.untested if "Twin" not in fault.file] == []


@pytest.mark.long
def test_promtool_agrees_with_the_tests_of_every_kind(tools: Tools, tmp_path: Path) -> None:
    written = rules_sample.write(tmp_path, text(QUALITY, FAILURES, AGE, BUSY, ERRORS))
    promtool = Promtool(tools.promtool.path)
    assert promtool.check_rules(written.rules).faults == ()
    mine = ("quality", "failures", "age", "busy", "errors-of-others")
    tests = [path for path in written.tests if path.name.startswith(mine)]
    assert len(tests) > 10
    assert promtool.test_rules(tests).faults == ()
