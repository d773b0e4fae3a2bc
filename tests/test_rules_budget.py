"""Error budgets: which pairs of windows can fire, what is refused, and what the rules sum up."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.faults import Faulty
from featurewatch.rules import outlook
from featurewatch.rules.budget_plan import BudgetPlan
from featurewatch.rules.build import groups


def decided(folder: Path, *budgets: str) -> dict[str, BudgetPlan]:
    text = objectives_sample.TEXT + "\nbudgets:\n  of:\n" + "".join(f"    - {{ {budget} }}\n" for budget in budgets)
    return {budget.objective.name: budget for budget in rules_sample.planned(folder, text).budgets}


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
