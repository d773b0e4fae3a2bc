"""Error budgets: which pairs of windows can fire, what is refused, and what the rules sum up."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.faults import Faulty
from featurewatch.promtool import Promtool
from featurewatch.rules import outlook
from featurewatch.rules.budget_plan import BudgetPlan
from featurewatch.rules.build import groups
from featurewatch.tools.toolbox import Tools


def decided(folder: Path, *budgets: str) -> dict[str, BudgetPlan]:
    text = objectives_sample.TEXT + "\nbudgets:\n  of:\n" + "".join(f"    - {{ {budget} }}\n" for budget in budgets)
    return {budget.objective.name: budget for budget in rules_sample.planned(folder, text).budgets}


PATIENT = (
    ("minimum: 40/s", "minimum: {}"),
    ("budget: 15s", "budget: 1h"),
    ("absent_for: 30s", "absent_for: 15m"),
    ("above: 0.1%, severity: high", "above: 2%, severity: high"),
)
"""With windows that suit any traffic."""


@pytest.fixture
def promtool(tools: Tools) -> Promtool:
    return Promtool(tools.promtool.path)


def factors(budget: BudgetPlan) -> dict[str, float]:
    return {pair.text: pair.pair.factor for pair in budget.pairs}


def test_a_small_budget_keeps_the_four_usual_pairs(tmp_path: Path) -> None:
    budget = decided(tmp_path, "objective: error-ratio")["error-ratio"]

    assert factors(budget) == {"1h_5m": 14.4, "6h_30m": 6, "1d_2h": 3, "3d_6h": 1}
    assert [pair.target for pair in budget.pairs] == [0.9856, 0.994, 0.997, 0.999]
    assert budget.notes == ()


def test_a_factor_that_asks_for_more_than_can_fail_is_lowered_or_left_out_and_said(tmp_path: Path) -> None:
    budget = decided(tmp_path, "objective: cache-hit-ratio")["cache-hit-ratio"]

    assert factors(budget) == {"6h_30m": 5.33, "1d_2h": 3, "3d_6h": 1}
    assert "1h/5m at 14.4 left out: it asks for 216 % bad events" in budget.notes[0]
    assert "6h/30m at 6 lowered to 5.33" in budget.notes[1]


def test_a_budget_that_nothing_can_overspend_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="no pair of windows can fire"):
        decided(tmp_path, "objective: cache-hit-ratio, target: 10%")


def test_a_shorter_window_spends_the_same_shares_and_never_fires_within_the_budget(tmp_path: Path) -> None:
    budget = decided(tmp_path, "objective: error-ratio, window: 7d")["error-ratio"]

    assert factors(budget) == {"1h_5m": 3.36, "6h_30m": 1.4, "3d_6h": 1}
    assert len(budget.notes) == 2


def test_a_window_longer_than_the_retention_is_refused_with_both(tmp_path: Path) -> None:
    text = (
        rules_sample.changed(("retention: 35d", "retention: 15d")) + "\nbudgets: { of: [{ objective: error-ratio }] }\n"
    )

    with pytest.raises(Faulty, match=r"30d is longer than the samples are kept, retention: 15d"):
        rules_sample.planned(tmp_path, text)


@pytest.mark.parametrize(
    ("budget", "fault"),
    [
        ("objective: nothing", "there is no such objective"),
        ("objective: extraction-data, target: 99%", "nothing can be counted of it"),
        ("objective: extractor-up", "needs a `target`"),
    ],
)
def test_a_budget_of_what_cannot_be_counted_is_refused(tmp_path: Path, budget: str, fault: str) -> None:
    with pytest.raises(Faulty, match=fault):
        decided(tmp_path, budget)


def test_no_window_is_an_average_of_ratios_and_none_reads_raw_counters_for_longer_than_a_minute(tmp_path: Path) -> None:
    text = objectives_sample.TEXT + "\nbudgets: { of: [{ objective: error-ratio }] }\n"
    plan = rules_sample.planned(tmp_path, text)
    rules = {rule.name: rule.expr for group in outlook.groups(plan) for rule in group.recordings}

    assert "avg_over_time" not in "".join(rules.values())
    raw = {name for name, expr in rules.items() if "featurewatch_" in expr}
    assert raw == {"service_extractor:error_ratio:good_sum1m", "service_extractor:error_ratio:total_sum1m"}
    assert all("[62s]" in rules[name] for name in raw)


def test_long_windows_are_evaluated_beside_the_short_ones_and_less_often(tmp_path: Path) -> None:
    text = objectives_sample.TEXT + "\nbudgets: { of: [{ objective: error-ratio }] }\n"
    plan = rules_sample.planned(tmp_path, text)
    intervals = {group.name: group.interval for group in groups(plan)}

    assert intervals["budget-error-ratio"] == 60
    assert intervals["budget-error-ratio-long"] == 120
    assert intervals["extraction"] == plan.timing.evaluation_interval < 60


def test_a_slow_alert_fires_whenever_a_faster_one_does_so_that_neither_outlives_the_other(tmp_path: Path) -> None:
    text = objectives_sample.TEXT + "\nbudgets: { of: [{ objective: error-ratio }] }\n"
    plan = rules_sample.planned(tmp_path, text)
    alerts = [rule for group in groups(plan) for rule in group.alerts if rule.name == "ErrorRatioBudgetBurning"]

    assert [len(alert.expr.split("\nor\n")) for alert in alerts] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("traffic", "budget", "least"),
    [
        ("40/s", "objective: extraction-latency", 10_368_000),
        ("20000/s", "objective: extraction-latency", 5_184_000_000),
        ("6/m", "objective: extraction-latency, window: 1d", 864),
        ("40/s", "objective: extractor-up, target: 99.9%, window: 1d", 576),
    ],
)
def test_all_of_a_budget_is_spent_only_once_a_tenth_of_its_window_was_seen(
    traffic: str, budget: str, least: int, promtool: Promtool, tmp_path: Path
) -> None:
    text = rules_sample.changed(*((before, after.format(traffic)) for before, after in PATIENT))
    written = rules_sample.write(tmp_path, f"{text}\nbudgets: {{ of: [{{ {budget} }}] }}\n")
    (decided_,) = written.plan.budgets

    assert decided_.least == least
    assert decided_.asks_for_bad is (least == 576)
    told = [file for file in written.tests if file.name.endswith("budget.exhausted.test.yaml")]
    assert len(told) == 1
    assert promtool.test_rules(told).faults == ()
