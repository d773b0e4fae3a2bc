"""Mistakes made on purpose: which there are, that the tests notice them, and that blind tests do not."""

from __future__ import annotations

from collections import Counter

import promql_parser
import pytest
from tests.conftest import CHECKOUT

from featurewatch.objectives import load
from featurewatch.promtool import Promtool
from featurewatch.rules import plan as plans
from featurewatch.rules.build import groups
from featurewatch.rules.cases import Case
from featurewatch.rules.dependencies import downstream, upstream
from featurewatch.rules.equivalent import EQUIVALENT, reason
from featurewatch.rules.hunt import Outcome, hunt
from featurewatch.rules.model import Alert, Group, Recording
from featurewatch.rules.mutants import chosen, score
from featurewatch.rules.mutation import Mutant, mutants
from featurewatch.tools.toolbox import Tools


@pytest.fixture
def promtool(tools: Tools) -> Promtool:
    return Promtool(tools.promtool.path)


def of(built: tuple[Group, ...], rule: str, kind: str) -> list[Mutant]:
    return [mutant for mutant in mutants(built) if mutant.rule == rule and mutant.kind == kind]


def test_every_kind_of_mistake_is_made(built: tuple[Group, ...]) -> None:
    kinds = Counter(mutant.kind for mutant in mutants(built))

    assert kinds.keys() == {
        *("threshold", "for", "comparison", "window", "minimum", "label", "matcher", "tolerance"),
        *("operator", "aggregation", "function", "arithmetic"),
    }


def test_every_mutant_is_another_rule_that_still_is_one(built: tuple[Group, ...]) -> None:
    seen = set()
    for mutant in mutants(built):
        [group] = [group for group in built if group.name == mutant.group]
        original = group.rules[mutant.position]
        assert mutant.changed != original
        assert mutant.changed.name == original.name
        promql_parser.parse(mutant.changed.expr)
        seen.add((mutant.group, mutant.position, repr(mutant.changed)))
    assert len(seen) == len(list(mutants(built)))


def test_a_threshold_is_moved_both_ways_by_a_tenth_of_what_it_allows(built: tuple[Group, ...]) -> None:
    changes = [mutant.change for mutant in of(built, "ExtractionTooSlow (high)", "threshold")]

    assert [change.rpartition(": ")[2] for change in changes] == [
        "< 0.95 - -> < 0.945 -",
        "< 0.95 - -> < 0.955 -",
    ]


@pytest.mark.parametrize("kind", ["threshold", "for", "minimum", "tolerance", "operator", "matcher"])
def test_the_tests_of_an_alert_notice_the_mistakes_in_it(
    kind: str, built: tuple[Group, ...], tests: dict[str, Case], promtool: Promtool
) -> None:
    wanted = of(built, "ExtractionTooSlow (high)", kind)
    assert wanted

    assert [str(found.mutant) for found in hunt(built, tests, wanted, promtool) if found.killed_by is None] == []


def test_the_tests_of_the_recorded_series_notice_the_mistakes_in_one(
    built: tuple[Group, ...], tests: dict[str, Case], promtool: Promtool
) -> None:
    names = {f"service_extractor:fallback_ratio:{what}" for what in ("good_increase1m", "good_ratio_rate1m")}
    wanted = [mutant for mutant in mutants(built) if mutant.rule in names and reason(mutant) is None]
    assert len(wanted) > 15

    assert [str(found.mutant) for found in hunt(built, tests, wanted, promtool) if found.killed_by is None] == []


def test_a_mutant_survives_tests_that_do_not_look(
    built: tuple[Group, ...], tests: dict[str, Case], promtool: Promtool
) -> None:
    for case in tests["cache-hit-ratio.test.yaml"]["tests"]:
        case["alert_rule_test"] = case["alert_rule_test"][:1]
    wanted = of(built, "CacheHitRatioLow (medium)", "for")

    assert [found.killed_by for found in hunt(built, tests, wanted, promtool)] == [None, None]


def test_tests_that_fail_anyway_prove_nothing_and_are_refused(
    built: tuple[Group, ...], tests: dict[str, Case], promtool: Promtool
) -> None:
    for case in tests["cache-hit-ratio.test.yaml"]["tests"]:
        case["alert_rule_test"][-1]["exp_alerts"] = [{"exp_labels": {}}]

    with pytest.raises(ValueError, match="fails although nothing was changed"):
        list(hunt(built, tests, of(built, "CacheHitRatioLow (medium)", "for"), promtool))


def test_every_equivalent_mutant_is_one_that_is_made() -> None:
    committed = plans.plan(load(CHECKOUT / "objectives.yaml"))
    made = [str(mutant) for mutant in mutants(groups(committed))]

    assert [e.pattern.pattern for e in EQUIVALENT if not any(e.pattern.fullmatch(mutant) for mutant in made)] == []
    assert all(len(entry.reason) > 20 for entry in EQUIVALENT)


def test_what_depends_on_a_rule_is_found_through_expressions_and_messages() -> None:
    quantile = Recording("a:p95", "b")
    ratio = Recording("a:ratio", "c")
    alert = Alert("Bad", "a:ratio > 1", 0.0, {}, {"value": '{{ printf "a:p95" | query }}'})
    chain = (Group("x", 1.0, (quantile, ratio, alert)),)

    assert downstream(chain, "a:p95") == {"a:p95", "Bad"}
    assert upstream(chain, {"Bad"}) == {"Bad", "a:p95", "a:ratio"}


def test_survivors_are_told_and_counted_and_progress_goes_elsewhere(built: tuple[Group, ...]) -> None:
    first, second, third = list(mutants(built))[:3]
    found = [Outcome(first, "a.test.yaml"), Outcome(second, None), Outcome(third, "a.test.yaml")]
    out: list[str] = []
    progress: list[str] = []
    seconds = iter((0.0, 1.0, 31.0, 31.0, 32.0))

    assert score(found, 3, out.append, progress.append, lambda: next(seconds)) == 1
    assert out == [f"survived: {second}\n"]
    assert progress == ["2 of 3 mutants after 31 s, 1 survived\n"]


def test_mutants_are_chosen_by_group_or_rule(built: tuple[Group, ...]) -> None:
    everything = list(mutants(built))

    assert all(chosen(mutant, ()) for mutant in everything)
    assert {mutant.group for mutant in everything if chosen(mutant, ["chain"])} == {"chain"}
    assert {mutant.rule for mutant in everything if chosen(mutant, ["CacheHitRatioLow"])} == {
        "CacheHitRatioLow (medium)"
    }
