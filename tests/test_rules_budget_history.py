"""The rules of a budget on a real Prometheus that finds a day of recorded sums, against NumPy."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests import objectives_sample, rules_sample
from tests.running_prometheus import running

from featurewatch.native.ports import free_port
from featurewatch.rules import budget, outlook
from featurewatch.rules.budget_plan import SHORT_STEP
from featurewatch.rules.model import render
from featurewatch.tools.toolbox import Tools
from featurewatch.yaml_text import dump

LABELS = 'service="market-features",extractor="technical"'
MINUTES = 30 * 60


@pytest.mark.long
def test_burn_rates_over_hours_of_history_are_those_that_numpy_finds(tools: Tools, tmp_path: Path) -> None:
    text = objectives_sample.TEXT + "\nbudgets: { of: [{ objective: error-ratio }] }\n"
    plan = rules_sample.planned(tmp_path, text)
    [decided] = plan.budgets
    chance = np.random.default_rng(4)
    total = chance.poisson(2400, MINUTES)
    bad = chance.binomial(total, np.where(np.arange(MINUTES) > MINUTES - 90, 0.03, 0.0004))
    ends = int(time.time() // 60 * 60)
    times = ends - 60 * np.arange(MINUTES)[::-1]
    lines = []
    for name, values in ((budget.good_sum, total - bad), (budget.total_sum, total)):
        series = name(decided.sli, SHORT_STEP)
        lines.append(f"# TYPE {series} gauge")
        lines += [f"{series}{{{LABELS}}} {value} {at}" for value, at in zip(values, times, strict=True)]
    (tmp_path / "history.om").write_text("\n".join([*lines, "# EOF", ""]))
    fill = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "history.om", "data"]
    subprocess.run([tools.promtool.path, *fill], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    for group in outlook.groups(plan):
        (tmp_path / f"{group.name}.rules.yaml").write_text(dump(render(group)))
    (tmp_path / "prometheus.yaml").write_text(dump({"global": {"evaluation_interval": "1s"}}))
    address = f"127.0.0.1:{free_port()}"
    argv: list[str | Path] = [
        tools.prometheus.path,
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=35d",
        f"--web.listen-address={address}",
    ]
    recordings = {rule.name: rule.expr for group in outlook.groups(plan) for rule in group.recordings}

    with running(argv, tmp_path, f"http://{address}/-/ready", deadline=60.0):

        def ask(expr: str) -> list[float]:
            answer = httpx.get(
                f"http://{address}/api/v1/query", params={"query": expr, "time": str(ends)}, timeout=60, trust_env=False
            ).raise_for_status()
            return [float(sample["value"][1]) for sample in answer.json()["data"]["result"]]

        for window in decided.windows:
            if window > 6 * 3600:
                continue  # those read what the rules themselves write in twos of minutes
            minutes = round(window / 60)
            expected = 1 - bad[-minutes:].sum() / total[-minutes:].sum()
            assert ask(recordings[budget.good_ratio(decided.sli, window)]) == [pytest.approx(expected, abs=1e-12)]
        hour = budget.bad_sum(decided.sli, 3600.0)
        assert ask(recordings[hour]) == [pytest.approx(bad[-60:].sum())]
