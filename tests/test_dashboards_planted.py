"""Mistakes planted in good dashboards are each found, at their place, with a remedy."""

from __future__ import annotations

import pytest
from tests.dashboards_sample import DASHBOARDS, sample_plan

from featurewatch.dashboards import generate
from featurewatch.dashboards.check.planted import Mistake, Outcome, mistakes, plant_all
from featurewatch.rules.plan import Plan

ALL = {mistake.kind: mistake for mistake in mistakes()}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return sample_plan(tmp_path_factory.mktemp("objectives"))


@pytest.fixture(scope="module")
def files(chosen: Plan) -> dict[str, str]:
    return generate(chosen, DASHBOARDS)


@pytest.fixture(scope="module")
def outcomes(chosen: Plan, files: dict[str, str]) -> dict[str, Outcome]:
    return {outcome.mistake.kind: outcome for outcome in plant_all(files, chosen)}


def test_many_kinds_of_mistakes_are_listed_each_once() -> None:
    assert len(mistakes()) >= 100
    assert len(ALL) == len(mistakes())


@pytest.mark.parametrize("kind", ALL)
def test_a_planted_mistake_is_found(kind: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[kind]
    assert outcome.planted, "these dashboards have no place for it"
    assert outcome.finding is not None, "\n".join(map(str, outcome.others)) or "nothing was found"
    assert outcome.finding.remedy


def test_a_mistake_that_nothing_looks_for_is_told_as_missed(chosen: Plan, files: dict[str, str]) -> None:
    harmless = Mistake("a title that shouts", "timeseries", "shouts", {"title": "LATENCY!"})
    [outcome] = plant_all(files, chosen, [harmless])
    assert outcome.planted
    assert outcome.finding is None


def test_a_mistake_without_a_place_is_told_as_such(chosen: Plan, files: dict[str, str]) -> None:
    [outcome] = plant_all(files, chosen, [Mistake("a map", "geomap", "geomap", {"title": "x"})])
    assert not outcome.planted
