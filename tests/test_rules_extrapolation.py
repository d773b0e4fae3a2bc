"""Our fractions against what Prometheus computes, over random counters."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

from featurewatch.promtool import Promtool
from featurewatch.rules.extrapolation import increase
from featurewatch.tools.toolbox import Tools
from featurewatch.yaml_text import dump


def test_increase_is_what_prometheus_says(tools: Tools, tmp_path: Path) -> None:
    chance = random.Random(7)
    cases = []
    for number in range(60):
        step, samples = chance.choice([2, 5, 7]), chance.randint(3, 40)
        counter = [chance.choice([0, 0, 3, 1000])]
        for _ in range(samples):
            counter.append(counter[-1] + chance.choice([0, 0, 1, 5, 80]))
        window = chance.choice([11, 20, 60, 90])
        found = increase(counter, samples, Fraction(window), Fraction(step))
        # As a whole number of millionths: promtool compares nearly the last bit.
        samples_expected = [] if found is None else [{"labels": "{}", "value": round(found * 1_000_000)}]
        cases.append(
            {
                "name": f"counter {number}",
                "interval": f"{step}s",
                "input_series": [{"series": "c", "values": " ".join(map(str, counter))}],
                "promql_expr_test": [
                    {
                        "expr": f"round(1000000 * increase(c[{window}s]))",
                        "eval_time": f"{step * samples}s",
                        "exp_samples": samples_expected,
                    }
                ],
            }
        )
    file = tmp_path / "increase.test.yaml"
    file.write_text(
        dump({"rule_files": [], "evaluation_interval": "1s", "fuzzy_compare": True, "tests": cases}), encoding="utf-8"
    )

    assert Promtool(tools.promtool.path).test_rules([file]).faults == ()


def test_one_sample_in_the_window_is_no_increase() -> None:
    assert increase([0, 5, 9], 2, Fraction(2), Fraction(2)) is None


def test_a_counter_that_began_at_zero_is_not_stretched_below_it() -> None:
    assert increase([0, 5, 9], 2, Fraction(60), Fraction(2)) == 9


def test_a_full_window_is_stretched_by_one_interval() -> None:
    assert increase(list(range(1000, 1100)), 99, Fraction(60), Fraction(2)) == 30
