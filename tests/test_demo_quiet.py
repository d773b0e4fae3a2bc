from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests import objectives_sample

from featurewatch.demo import scenes
from featurewatch.demo.observer import SeenAlert
from featurewatch.demo.quiet import disturbing, elsewhere
from featurewatch.objectives import load
from featurewatch.rules.plan import Plan, plan

SCENE = scenes.find("slow")

OUTLOOK = """
budgets:
  of: [{ objective: extraction-latency }]
capacity:
  - name: disk-space
    title: Space on the file systems
    alert: DiskFillsUp
    of: disk
    limits: [{ within: 4h, severity: high }]
    first_steps: [Free space.]
trends:
  - name: latency-trend
    title: Extraction gets slower
    alert: ExtractionGetsSlower
    of: extraction-latency
    direction: above
    first_steps: [Look what was deployed.]
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path: Path = tmp_path_factory.mktemp("quiet") / "objectives.yaml"
    path.write_text(objectives_sample.TEXT + OUTLOOK)
    return plan(load(path))


def _alert(name: str, state: str = "firing", **labels: str) -> SeenAlert:
    named: Mapping[str, str] = {"alertname": name, **labels}
    return SeenAlert(named, state, 0.0)


@pytest.mark.parametrize(
    "name",
    ["ExtractionLatencyBudgetBurning", "ExtractionLatencyBudgetExhausted", "DiskFillsUp", "ExtractionGetsSlower"],
)
def test_what_remembers_hours_or_days_is_another_story(declared: Plan, name: str) -> None:
    alerts = [_alert(name)]
    assert disturbing(alerts, declared, SCENE) == []
    assert elsewhere(alerts, declared, SCENE) == [name]


@pytest.mark.parametrize("state", ["pending", "firing"])
@pytest.mark.parametrize("name", ["ExtractionTooSlow", "CacheHitRatioLow", "ExtractionDataAbsent"])
def test_what_one_could_take_for_the_story_is_waited_for(declared: Plan, name: str, state: str) -> None:
    alerts = [_alert(name, state), _alert(name, state, extractor="another")]
    assert disturbing(alerts, declared, SCENE) == [name]
    assert elsewhere(alerts, declared, SCENE) == []


@pytest.mark.parametrize(
    ("objective", "state", "waited_for"),
    [
        ("throughput", "pending", False),
        ("throughput", "firing", True),
        ("extraction-latency", "pending", True),
    ],
)
def test_a_window_that_has_not_filled_yet_is_waited_for_only_where_the_story_is_about_it(
    declared: Plan, objective: str, state: str, waited_for: bool
) -> None:
    alerts = [_alert("ObjectiveDataAbsent", state, objective=objective)]
    assert bool(disturbing(alerts, declared, SCENE)) is waited_for
