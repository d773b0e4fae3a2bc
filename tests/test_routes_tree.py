from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
import yaml
from tests import routing

from featurewatch.objectives.handling import Handling
from featurewatch.objectives.load import load
from featurewatch.objectives.model import Limit, Notify, Objectives, Scope, Severity
from featurewatch.objectives.outlook import Outlook
from featurewatch.routes import alertmanager_config, render
from featurewatch.routes.channels import CONFIG_KEYS
from featurewatch.routes.inhibition import ALWAYS_EQUAL, Inhibition, inhibitions
from featurewatch.routes.tree import GROUP_BY
from featurewatch.rules.plan import Plan, plan


@pytest.fixture
def objectives() -> Objectives:
    """Without incidents, policies and people, which tests/test_routes_handling.py is about."""
    return replace(routing.declared(), handling=Handling())


def _config(chosen: Plan) -> dict[str, Any]:
    """The configuration as Alertmanager reads it."""
    loaded: dict[str, Any] = yaml.safe_load(render(alertmanager_config(chosen)))
    return loaded


def _receivers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in config["receivers"]}


def _with_channels(objectives: Objectives, **channels: tuple[str, ...]) -> Plan:
    declared: dict[Any, Any] = {severity: channels.get(str(severity), ()) for severity in Severity}
    return routing.with_notify(objectives, replace(objectives.notify, channels=declared))


def _with_limits(objectives: Objectives, name: str, *limits: Limit) -> Plan:
    changed = tuple(
        replace(objective, limits=limits) if objective.name == name else objective
        for objective in objectives.objectives
    )
    return plan(replace(objectives, objectives=changed))


def test_each_severity_has_a_receiver_of_its_name_with_the_declared_channels(objectives: Objectives) -> None:
    receivers = _receivers(_config(plan(objectives)))
    for severity, channels in objectives.notify.channels.items():
        if channels:
            assert {key for key in receivers[str(severity)] if key != "name"} == {
                CONFIG_KEYS[name] for name in channels
            }
        else:
            assert str(severity) not in receivers


def test_every_channel_of_every_receiver_also_tells_the_end(objectives: Objectives) -> None:
    configs = [
        entry
        for receiver in _receivers(_config(plan(objectives))).values()
        for key, entries in receiver.items()
        if key != "name"
        for entry in entries
    ]
    assert len(configs) == sum(map(len, objectives.notify.channels.values()))
    assert all(entry["send_resolved"] is True for entry in configs)


def test_the_timing_is_the_one_of_the_delivery_budget(objectives: Objectives) -> None:
    route = _config(plan(objectives))["route"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("1s", "1m", "4h")


def test_the_responder_hears_of_changes_sooner_than_people() -> None:
    routes = _config(plan(load(routing.ROOT / "objectives.yaml")))["route"]["routes"]
    assert {r["group_interval"] for r in routes if r["receiver"] == "responder"} == {"5s"}
    assert not any("group_interval" in route for route in routes if route["receiver"] != "responder")


def test_grouping_separates_services_and_severities_but_not_extractors() -> None:
    assert set(GROUP_BY) >= {"alertname", "service", "severity"}
    assert "extractor" not in GROUP_BY


@pytest.mark.parametrize(
    ("channels", "receiver"),
    [
        ({"critical": ("pagerduty",), "high": ("slack",)}, "high"),
        ({"critical": ("pagerduty",), "medium": ("email",)}, "critical"),
        ({"medium": ("email",)}, "medium"),
        ({}, "nobody"),
    ],
)
def test_an_unknown_severity_goes_to_high_or_else_to_whom_there_is(
    objectives: Objectives, channels: dict[str, tuple[str, ...]], receiver: str
) -> None:
    last = _config(_with_channels(objectives, **channels))["route"]["routes"][-1]
    assert last == {"receiver": receiver}


def test_a_channel_that_nobody_uses_leaves_no_trace(objectives: Objectives) -> None:
    text = render(alertmanager_config(_with_channels(objectives, high=("email",))))
    config = yaml.safe_load(text)
    assert "slack_api_url_file" not in config["global"]
    assert "pagerduty" not in text
    assert config["global"]["smtp_smarthost"] == "inbox:2525"


def test_without_any_channel_there_is_still_a_configuration(objectives: Objectives) -> None:
    config = _config(routing.with_notify(objectives, Notify(channels=dict.fromkeys(Severity, ()))))
    assert config["receivers"] == [{"name": "nobody"}]
    assert "global" not in config
    assert config["inhibit_rules"] == []


def test_a_severity_without_channels_goes_to_nobody(objectives: Objectives) -> None:
    routes = _config(_with_channels(objectives, high=("email",)))["route"]["routes"]
    assert {"matchers": ['severity="critical"'], "receiver": "nobody"} in routes


def test_braces_in_an_address_are_no_template(objectives: Objectives) -> None:
    notify = objectives.notify
    assert notify.slack is not None
    changed = replace(notify, slack=replace(notify.slack, channel="#{{odd}}"))
    slack = _receivers(_config(routing.with_notify(objectives, changed)))["high"]["slack_configs"][0]
    assert slack["channel"] == '#{{ "{{" }}odd}}'


def test_the_file_says_what_it_was_made_from_and_explains_each_section(objectives: Objectives) -> None:
    config = alertmanager_config(plan(objectives))
    text = render(config)
    assert text.startswith("# Made from objectives.yaml by `make generate`")
    assert yaml.safe_load(text) == config
    lines = text.splitlines()
    for key in config:
        assert lines[lines.index(f"{key}:") - 1].startswith("# ")


def test_the_same_objectives_give_the_same_text(objectives: Objectives) -> None:
    again = replace(routing.declared(), handling=Handling())
    assert render(alertmanager_config(plan(objectives))) == render(alertmanager_config(plan(again)))


def test_the_more_severe_step_over_the_same_window_inhibits(objectives: Objectives) -> None:
    chosen = plan(replace(objectives, outlook=Outlook()))
    assert inhibitions(chosen) == (
        Inhibition(Severity.CRITICAL, Severity.HIGH, ("extraction-latency",)),
        Inhibition(Severity.CRITICAL, Severity.MEDIUM, ("memory",), ("instance",)),
    )
    rule = _config(chosen)["inhibit_rules"][0]
    assert rule["name"] == "critical-over-high"
    assert set(rule["equal"]) == set(ALWAYS_EQUAL) >= {"objective", "service", "extractor"}


def test_what_is_told_apart_by_another_label_than_the_extractor_is_silenced_one_by_one(objectives: Objectives) -> None:
    rules = {rule["name"]: rule for rule in _config(plan(objectives))["inhibit_rules"]}
    assert "instance" in rules["critical-over-medium"]["equal"]
    assert {"instance", "mountpoint"} <= set(rules["high-over-medium"]["equal"])


def test_the_faster_burning_of_a_budget_silences_the_slower_ones_but_no_limit(objectives: Objectives) -> None:
    table = inhibitions(plan(objectives))
    silenced = {(rule.source, rule.target) for rule in table if "error-ratio-budget" in rule.objectives}
    # `low` is told to nobody.
    assert silenced == set(combinations((Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM), 2))
    assert all("objective" in rule.equal for rule in table)
    assert not any("error-ratio-budget-exhausted" in rule.objectives for rule in table)


def test_an_override_with_other_windows_leaves_the_whole_objective_alone(objectives: Objectives) -> None:
    some, others = Scope(only=("orders",)), Scope(without=("orders",))
    same = (Limit(Severity.HIGH, 0.1, window=60.0, scope=some), Limit(Severity.CRITICAL, 0.15, window=60.0, scope=some))
    apart = (
        Limit(Severity.HIGH, 0.1, window=300.0, scope=others),
        Limit(Severity.CRITICAL, 0.15, window=60.0, scope=others),
    )
    for limits in ((*same, *apart), (*apart, *same)):
        chosen = _with_limits(objectives, "extraction-latency", *limits)
        assert not any("extraction-latency" in rule.objectives for rule in inhibitions(chosen))


def test_a_step_over_another_window_inhibits_nothing_because_it_could_last_longer(objectives: Objectives) -> None:
    chosen = _with_limits(
        objectives,
        "extraction-latency",
        Limit(Severity.HIGH, 0.1, window=300.0),
        Limit(Severity.CRITICAL, 0.15, window=60.0),
    )
    assert not any("extraction-latency" in rule.objectives for rule in inhibitions(chosen))


def test_steps_of_a_presence_always_share_their_question(objectives: Objectives) -> None:
    chosen = _with_limits(
        objectives,
        "extractor-up",
        Limit(Severity.HIGH, 10.0, hold=10.0),
        Limit(Severity.CRITICAL, 60.0, hold=60.0),
    )
    found = {(rule.source, rule.target): rule.objectives for rule in inhibitions(chosen)}
    assert {"extraction-latency", "extractor-up"} <= set(found[Severity.CRITICAL, Severity.HIGH])


def test_an_alert_that_nobody_hears_inhibits_nothing(objectives: Objectives) -> None:
    assert inhibitions(_with_channels(objectives, high=("slack",))) == ()
