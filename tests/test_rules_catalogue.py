"""docs/alerts/README.md: every alert, how sure it is, and what was decided otherwise than declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.faults import Faulty
from featurewatch.objectives.load import load
from featurewatch.rules import plan as planning
from featurewatch.rules.build import groups
from featurewatch.rules.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[1]


def _page(folder: Path, *budgets: str) -> str:
    text = objectives_sample.TEXT + "\nbudgets:\n  of:\n" + "".join(f"    - {{ {budget} }}\n" for budget in budgets)
    return catalogue(rules_sample.planned(folder, text))


def test_every_alert_of_this_checkout_stands_in_it_with_each_of_its_severities() -> None:
    decided = planning.plan(load(ROOT / "objectives.yaml"))
    rows = [line for line in catalogue(decided).splitlines() if line.startswith("| [")]
    for alert in (alert for group in groups(decided) for alert in group.alerts):
        if alert.name == "IncidentMember":  # of which nobody is told
            continue
        severity = alert.labels["severity"]
        assert any(row.startswith(f"| [{alert.name}]") and severity in row for row in rows), (alert.name, severity)


def test_a_pair_of_a_budget_says_from_which_share_it_fires_and_how_often_by_chance(tmp_path: Path) -> None:
    page = _page(tmp_path, "objective: error-ratio")
    assert re.search(r"BudgetBurning\.md\) \| critical .* \| 14.4 \| 1.44 % \| 2m \| under 0.01 % \|", page)
    assert re.search(r"BudgetExhausted\.md\) \| high .* \| all of it \| 0.1 % \| 2m \| under 0.01 % \|", page)
    assert "Every pair is as declared" in page


def test_a_lowered_factor_and_a_dropped_pair_stand_there_with_the_reason(tmp_path: Path) -> None:
    page = _page(tmp_path, "objective: cache-hit-ratio")
    assert "- budget of cache-hit-ratio: 1h/5m at 14.4 left out: it asks for 216 % bad events" in page
    assert "- budget of cache-hit-ratio: 6h/30m at 6 lowered to 5.33" in page


def test_a_budget_so_small_that_chance_spends_it_is_refused(tmp_path: Path) -> None:
    text = rules_sample.changed(("minimum: 40/s", "minimum: 2/s"), ("budget: 15s", "budget: 5m"))
    pair = "burn: [{ long: 1h, short: 5m, factor: 20, severity: critical }]"
    text += f"\nbudgets:\n  of:\n    - {{ objective: error-ratio, window: 6h, {pair} }}\n"
    with pytest.raises(Faulty, match="by chance alone it is spent"):
        rules_sample.planned(tmp_path, text)


def test_a_window_that_had_to_be_longer_says_why(tmp_path: Path) -> None:
    page = catalogue(rules_sample.planned(tmp_path, objectives_sample.TEXT))
    assert re.search(r"- error-ratio, high: \w+, because \w+ .*fires", page)
    assert "- extraction-latency" not in page
