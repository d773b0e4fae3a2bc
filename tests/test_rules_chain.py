"""The chain watches itself: what its alerts are about, that they are tested, and that each mistake in them shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch import delivery, scrape
from featurewatch.faults import Faulty
from featurewatch.promtool import Promtool
from featurewatch.rules import chain, chain_cases, chain_guards, promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.equivalent import reason
from featurewatch.rules.hunt import hunt
from featurewatch.rules.mutation import mutants
from featurewatch.rules.plan import Plan
from featurewatch.tools.toolbox import Tools

SWITCHED_OFF = ("retention: 35d\n", "retention: 35d\n\nchain:\n  watch: false\n")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return rules_sample.planned(tmp_path, objectives_sample.TEXT)


def test_the_chain_is_watched_unless_it_is_switched_off(plan: Plan, tmp_path: Path) -> None:
    off = rules_sample.planned(tmp_path / "off", rules_sample.changed(SWITCHED_OFF))

    assert chain.GROUP in {group.name for group in groups(plan)}
    assert chain.GROUP not in {group.name for group in groups(off)}
    assert {"Watchdog"} <= {alert.name for group in groups(off) for alert in group.alerts}
    assert "chain.test.yaml" not in promtool_tests.test_files(off, groups(off))


def test_every_alert_of_the_chain_is_listed_and_probed(plan: Plan) -> None:
    names = [guard.alert for guard in chain_guards.guards(plan.timing)]
    probed = {probe.alert for probe in chain_cases.probes("any")}

    assert tuple(sorted(names)) == tuple(sorted(chain.ALERTS))
    assert probed | {"DeliverySlow"} == set(names)


@pytest.mark.parametrize("alert", chain.ALERTS)
def test_no_objective_may_take_the_name_of_an_alert_of_the_chain(alert: str, tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=f"alert: {alert}"):
        rules_sample.planned(tmp_path, rules_sample.changed(("alert: CacheHitRatioLow", f"alert: {alert}")))


def test_the_promised_delivery_is_what_the_budget_counts_with(plan: Plan) -> None:
    worst = plan.worst_case

    assert chain_guards.delivery_limit(plan.timing) == worst.group + worst.send
    assert chain_guards.delivery_limit(plan.timing) < plan.objectives.delivery_budget


def test_the_limit_of_samples_is_that_of_the_scrapes(plan: Plan) -> None:
    assert scrape.prometheus_config(plan)["global"]["sample_limit"] == chain_guards.SAMPLE_LIMIT


@pytest.mark.long
def test_every_mistake_in_the_rules_of_the_chain_shows(plan: Plan, tools: Tools) -> None:
    group = chain.group(plan.objectives, delivery.timing(15, [], 2))
    built = tuple(group if other.name == chain.GROUP else other for other in groups(plan))
    files = promtool_tests.test_files(plan, groups(plan))
    tests = {name: content for name, content in files.items() if name.startswith(f"{chain.GROUP}.")}
    assert tests.keys() >= {"chain.test.yaml", "chain.beside.test.yaml"}
    wanted = [mutant for mutant in mutants(built) if mutant.group == chain.GROUP and reason(mutant) is None]
    assert len(wanted) > 250

    found = hunt(built, tests, wanted, Promtool(tools.promtool.path))

    assert [str(outcome.mutant) for outcome in found if outcome.killed_by is None] == []
