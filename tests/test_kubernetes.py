"""What the Prometheus Operator is given: the same rules and scrapes, in fields that its resources have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import objectives_sample, rules_sample

from featurewatch import kubernetes, scrape
from featurewatch.promtool import Promtool
from featurewatch.rules.build import groups
from featurewatch.rules.model import render
from featurewatch.rules.plan import Plan
from featurewatch.tools.toolbox import Tools

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
DURATION = re.compile(r"0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?")
SIZE = re.compile(r"0|(\d*\.)?\d+((K|M|G|T|E|P)i?)?B")
GROUP = {"name", "interval", "query_offset", "limit", "labels", "partial_response_strategy", "rules"}
RULE = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
MONITOR = {
    *("selector", "endpoints", "namespaceSelector", "jobLabel", "targetLabels", "scrapeProtocols"),
    *("scrapeClassicHistograms", "sampleLimit", "targetLimit", "labelLimit", "labelNameLengthLimit"),
    *("labelValueLengthLimit", "bodySizeLimit"),
}
ENDPOINT = {"port", "path", "scheme", "interval", "scrapeTimeout", "honorLabels", "relabelings", "metricRelabelings"}
RELABELING = {"action", "sourceLabels", "separator", "targetLabel", "regex", "modulus", "replacement"}
"""Fields of the operator's version v1."""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return rules_sample.planned(tmp_path, objectives_sample.TEXT)


@pytest.fixture
def documents(plan: Plan) -> dict[str, dict[str, Any]]:
    files = kubernetes.resources(plan, groups(plan))
    return {name: yaml.safe_load(text) for name, text in files.items()}


def of_kind(documents: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in documents.values() if document["kind"] == kind]


def test_every_group_of_rules_is_one_resource_and_holds_the_same(
    plan: Plan, documents: dict[str, dict[str, Any]]
) -> None:
    rules = of_kind(documents, "PrometheusRule")

    assert [rule["spec"] for rule in rules] == [render(group) for group in groups(plan)]


def test_rules_have_only_fields_that_the_operator_knows(documents: dict[str, dict[str, Any]]) -> None:
    for resource in of_kind(documents, "PrometheusRule"):
        assert resource["apiVersion"] == "monitoring.coreos.com/v1"
        assert resource["spec"].keys() == {"groups"}
        for group in resource["spec"]["groups"]:
            assert group.keys() <= GROUP
            assert DURATION.fullmatch(group["interval"])
            for rule in group["rules"]:
                assert rule.keys() <= RULE
                assert isinstance(rule["expr"], str)
                assert ("alert" in rule) != ("record" in rule)
                assert DURATION.fullmatch(rule.get("for", "0"))
                for texts in (rule.get("labels", {}), rule.get("annotations", {})):
                    assert all(isinstance(text, str) for text in texts.values())


def test_the_scrape_is_that_of_prometheus_own_configuration(plan: Plan, documents: dict[str, dict[str, Any]]) -> None:
    [monitor] = of_kind(documents, "ServiceMonitor")
    spec, config = monitor["spec"], scrape.prometheus_config(plan)["global"]

    assert spec.keys() <= MONITOR
    [endpoint] = spec["endpoints"]
    assert endpoint.keys() <= ENDPOINT
    assert all(each.keys() <= RELABELING for each in endpoint["relabelings"])
    assert endpoint["interval"] == config["scrape_interval"]
    assert endpoint["scrapeTimeout"] == config["scrape_timeout"]
    assert spec["scrapeProtocols"] == config["scrape_protocols"]
    assert spec["sampleLimit"] == config["sample_limit"]
    assert SIZE.fullmatch(spec["bodySizeLimit"])
    assert endpoint["honorLabels"]
    assert spec["scrapeClassicHistograms"]
    assert {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"]} == {
        "job": "extractors",
        "service": plan.objectives.service,
    }


def test_names_are_ones_that_kubernetes_takes_and_the_kustomization_lists_all(
    documents: dict[str, dict[str, Any]],
) -> None:
    kustomization = documents.pop("kustomization.yaml")
    names = [(document["kind"], document["metadata"]["name"]) for document in documents.values()]

    assert all(NAME.fullmatch(name) and len(name) <= 253 for _, name in names)
    assert len(set(names)) == len(names)
    assert kustomization["resources"] == sorted(documents)


def test_promtool_accepts_what_the_operator_would_write(
    documents: dict[str, dict[str, Any]], tools: Tools, tmp_path: Path
) -> None:
    files = []
    for resource in of_kind(documents, "PrometheusRule"):
        files.append(tmp_path / f"{resource['metadata']['name']}.yaml")
        files[-1].write_text(yaml.safe_dump(resource["spec"]), encoding="utf-8")

    assert Promtool(tools.promtool.path).check_rules(files).faults == ()
