"""Prometheus' main configuration follows from the plan, and Prometheus accepts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.objectives_sample import TEXT

from featurewatch import scrape, staging
from featurewatch.deployment import addresses
from featurewatch.native.parts import Ports
from featurewatch.objectives import load
from featurewatch.objectives.units import seconds
from featurewatch.promtool import Promtool
from featurewatch.rules.build import EXTRACTORS_JOB
from featurewatch.rules.plan import Plan, plan
from featurewatch.tools.toolbox import Tools


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    path = tmp_path / "objectives.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return plan(load(path))


def jobs(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in config["scrape_configs"]}


@pytest.mark.parametrize("budget", [9.0, 15.0, 60.0, 3600.0])
def test_the_intervals_are_those_of_the_plan(planned: Plan, budget: float) -> None:
    decided = plan(replace(planned.objectives, delivery_budget=budget))
    section = scrape.prometheus_config(decided)["global"]
    assert seconds(section["scrape_interval"]) == decided.timing.scrape_interval
    assert seconds(section["evaluation_interval"]) == decided.timing.evaluation_interval
    assert seconds(section["scrape_timeout"]) <= seconds(section["scrape_interval"])


def test_promtool_accepts_it_with_any_budget(planned: Plan, tools: Tools, tmp_path: Path) -> None:
    for budget in (9.0, 15.0, 3600.0):
        file = tmp_path / f"{budget:g}.yaml"
        decided = plan(replace(planned.objectives, delivery_budget=budget))
        file.write_text(scrape.render(scrape.prometheus_config(decided)), encoding="utf-8")
        assert Promtool(tools.promtool.path).check_config(file).faults == ()


def test_the_extractors_target_says_its_service_so_that_up_does(planned: Plan) -> None:
    job = jobs(scrape.prometheus_config(planned))[EXTRACTORS_JOB]
    assert job["static_configs"][0]["labels"] == {"service": planned.objectives.service}
    assert job["honor_labels"] is True


def test_only_our_own_series_may_bring_their_labels(planned: Plan) -> None:
    honoring = [name for name, job in jobs(scrape.prometheus_config(planned)).items() if job.get("honor_labels")]
    assert honoring == [EXTRACTORS_JOB]


def test_native_histograms_are_asked_for_first_and_classic_buckets_are_kept(planned: Plan) -> None:
    config = scrape.prometheus_config(planned)
    assert config["global"]["scrape_protocols"][0] == "PrometheusProto"
    assert jobs(config)[EXTRACTORS_JOB]["always_scrape_classic_histograms"] is True


def test_everything_that_leaves_says_its_environment(planned: Plan) -> None:
    assert scrape.prometheus_config(planned)["global"]["external_labels"] == {
        "environment": planned.objectives.environment
    }


def test_a_target_that_floods_is_bounded_in_every_way(planned: Plan) -> None:
    section = scrape.prometheus_config(planned)["global"]
    for limit in ("body_size_limit", "sample_limit", "label_limit", "label_name_length_limit"):
        assert section[limit]
    assert section["label_value_length_limit"]


def test_a_native_run_finds_every_address(planned: Plan) -> None:
    text = scrape.render(scrape.prometheus_config(planned))
    staged = yaml.safe_load(addresses(Ports()).apply(text))
    targets = [
        target
        for section in (*staged["scrape_configs"], *staged["alerting"]["alertmanagers"])
        for static in section["static_configs"]
        for target in static["targets"]
    ]
    assert targets
    assert all(target.startswith("127.0.0.1:") for target in targets), targets


def test_no_address_is_left_where_the_ports_are_moved(planned: Plan) -> None:
    text = scrape.render(scrape.prometheus_config(planned))
    moved = staging.Addresses({scrape.EXTRACTOR: "127.0.0.1:1"})
    assert scrape.EXTRACTOR not in moved.apply(text)
