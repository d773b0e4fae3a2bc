"""The objectives on Ray Serve's own metrics honour what is odd about them, and their generated tests pass."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from tests import rules_sample

from featurewatch import generate, manifests
from featurewatch.objectives import kinds, shipped
from featurewatch.promtool import Promtool
from featurewatch.rules import runbooks
from featurewatch.rules.model import Recording
from featurewatch.tools.toolbox import Tools

PACK = tuple(item for item in shipped.everything() if item.name.startswith("ray-"))
CHURNING = re.compile(r"\b(replica|WorkerId|SessionName|NodeAddress|actor_id|handle)\b")


def written(folder: Path) -> rules_sample.Written:
    used = ", ".join(item.name for item in PACK)
    return rules_sample.write(folder, rules_sample.changed(("\nobjectives:\n", f"\nuse: [{used}]\n\nobjectives:\n")))


def expressions(made: rules_sample.Written) -> dict[str, str]:
    """What is recorded about Ray, by the name of the series."""
    found = (rule for group in made.groups for rule in group.rules if isinstance(rule, Recording))
    return {rule.name: " ".join(rule.expr.split()) for rule in found if "ray_" in rule.name}


def recorded(made: rules_sample.Written, name: str) -> str:
    [found] = [expr for record, expr in expressions(made).items() if re.fullmatch(name, record)]
    return found


def test_errors_are_a_share_of_both_counters_since_one_counts_successes_only(tmp_path: Path) -> None:
    made = written(tmp_path)
    events = recorded(made, r".*:ray_errors:events_increase.*")
    assert "ray_errors:bad_increase" in events
    assert "ray_serve_deployment_request_counter_total" in events
    assert "+" in events


def test_errors_that_never_happened_count_as_none(tmp_path: Path) -> None:
    made = written(tmp_path)
    assert " or 0 * " in recorded(made, r".*:ray_errors:bad_increase.*")
    assert " or 0 * " in recorded(made, r".*:ray_http_errors:bad_increase.*")


def test_latencies_are_judged_at_edges_in_milliseconds_and_shown_in_seconds(tmp_path: Path) -> None:
    made = written(tmp_path)
    assert 'le="100.0"' in recorded(made, r".*:ray_latency_100ms:good_ratio_rate.*")
    assert recorded(made, r".*:ray_latency:p95_rate.*").endswith("/ 1000")
    for item in PACK:
        if isinstance(item, kinds.Quantile):
            assert item.unit == "milliseconds"
            edges = manifests.RAY_SERVE_EDGES_MS
            assert all(any(math.isclose(step.above * 1000, edge) for edge in edges) for step in item.limits)


def test_nothing_is_judged_by_what_comes_and_goes(tmp_path: Path) -> None:
    made = written(tmp_path)
    for record, expr in expressions(made).items():
        assert not any(CHURNING.search(by) for by in re.findall(r"by \(([^)]*)\)", expr)), record


def test_every_metric_of_the_pack_is_one_that_a_real_ray_was_seen_to_export() -> None:
    for item in PACK:
        for metric in re.findall(r"ray_serve_\w+", item.model_dump_json()):
            assert metric in manifests.RAY_SERVE or metric in manifests.RAY_SERVE_LATENCIES, metric


@pytest.mark.long
def test_the_generated_tests_of_the_pack_pass(tools: Tools, tmp_path: Path) -> None:
    made = written(tmp_path)
    promtool = Promtool(tools.promtool.path, timeout=600)
    about = [test for test in made.tests if test.name.startswith("ray-")]
    assert {test.name.split(".")[0] for test in about} == {item.name for item in PACK}
    verdict = promtool.test_rules(about)
    assert not verdict.faults, verdict.output


def test_every_alert_of_the_pack_leads_to_a_runbook_that_generate_begins(tmp_path: Path) -> None:
    made = written(tmp_path)
    wanted = {item.alert for item in PACK}
    fired = {alert.name: alert for group in made.groups for alert in group.alerts if alert.name in wanted}
    assert fired.keys() == wanted
    base = made.plan.objectives.runbooks
    for name, alert in fired.items():
        assert alert.annotations["runbook_url"] == f"{base}/{name}"
    begun = generate.beginnings(made.plan, tmp_path)
    assert {f"{runbooks.FOLDER}/{name}.md" for name in wanted} <= begun.keys()
    (tmp_path / runbooks.FOLDER).mkdir(parents=True)
    for path, text in begun.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    # They ask for what exists only, and are never written over.
    assert not runbooks.faults(tmp_path, made.plan)
    assert not generate.beginnings(made.plan, tmp_path)
