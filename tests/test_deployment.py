from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.checkout_sample import change, checkout, contents, decided

from featurewatch.deployment import PORT_VARIABLES, Deployment, addresses, ports_from, ports_of
from featurewatch.faults import Faulty
from featurewatch.native.part import Part
from featurewatch.native.parts import Ports
from featurewatch.native.records import RunFolder
from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools

PORTS = Ports(19090, 19093, 19100, 18000, 12525, 18025, 13000, 18090)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: mine")


def test_every_port_has_its_variable() -> None:
    environment = {variable: str(20000 + n) for n, variable in enumerate(PORT_VARIABLES.values())}
    assert ports_from(environment) == Ports(20000, 20001, 20002, 20003, 20004, 20005, 20006, 20007)
    assert ports_from({}) == Ports()
    assert ports_from({"PROMETHEUS_PORT": ""}) == Ports()


@pytest.mark.parametrize("text", ["0", "65536", "-1", "9090 ", "9_090", "٩", "http"])
def test_what_is_no_port_is_named_with_its_variable(text: str) -> None:
    with pytest.raises(Faulty, match=r"ALERTMANAGER_PORT: .* is not a port; a number from 1 to 65535"):
        ports_from({"ALERTMANAGER_PORT": text})


def test_every_address_that_the_committed_files_name_is_mapped(project: Project) -> None:
    where = addresses(PORTS)
    texts = [(project.root / place).read_text() for place in ("deploy/prometheus/prometheus.yaml",)]
    config = yaml.safe_load(where.apply(texts[0]))
    targets = [
        target for job in config["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    ]
    assert sorted(targets) == ["127.0.0.1:18000", "127.0.0.1:19090", "127.0.0.1:19093", "127.0.0.1:19100"]
    alertmanager = where.apply((project.root / "alertmanager/alertmanager.yaml").read_text())
    assert "127.0.0.1:12525" in alertmanager
    assert "127.0.0.1:18025" in alertmanager
    assert "inbox:" not in alertmanager


def test_the_staged_configuration_and_the_parts_meet_at_the_same_ports(project: Project, tools: Tools) -> None:
    deployment = Deployment(project, decided(project), tools, PORTS)
    deployment.stage()
    prometheus = (deployment.run_dir / "prometheus/prometheus.yaml").read_text()
    for part in deployment.stack.parts:
        if part.name not in {"inbox", "preview"}:
            assert any(f"127.0.0.1:{port}" in prometheus for port in part.ports), part.name
    assert deployment.run_dir.stat().st_mode & 0o077 == 0


def test_a_faulty_tree_leaves_the_staged_configuration_as_it_was(project: Project, tools: Tools) -> None:
    deployment = Deployment(project, decided(project), tools, PORTS)
    deployment.stage()
    before = contents(deployment.run_dir)
    change(project, "rules/extraction.rules.yaml", "groups:", "groups: [")
    with pytest.raises(Faulty):
        deployment.up()
    assert contents(deployment.run_dir) == before


def test_the_inbox_knows_the_secrets_that_alertmanager_sends(project: Project, tools: Tools) -> None:
    deployment = Deployment(project, decided(project), tools, PORTS)
    (inbox,) = [part for part in deployment.stack.parts if part.name == "inbox"]
    for name in ("pagerduty_routing_key", "slack_api_url", "smtp_password"):
        assert str(project.secrets / name) in inbox.argv


def test_without_the_example_there_is_neither_extractor_nor_inbox(project: Project, tools: Tools) -> None:
    deployment = Deployment(project, decided(project), tools, PORTS, with_example=False)
    assert {part.name for part in deployment.stack.parts} == {"prometheus", "alertmanager", "node_exporter", "preview"}


def _part(name: str, *ports: int) -> Part:
    return Part(name, ("true",), Path("/"), "tcp://127.0.0.1:1", ports)


def test_a_reload_stays_on_the_ports_that_the_stack_was_started_with(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.make()
    folder.write_part(_part("prometheus", 19190), "")
    folder.write_part(_part("inbox", 12626, 18126), "")
    assert ports_of(tmp_path, Ports()) == Ports(prometheus=19190, inbox_smtp=12626, inbox_http=18126)


def test_without_a_record_the_ports_are_as_asked(tmp_path: Path) -> None:
    assert ports_of(tmp_path / "never", PORTS) == PORTS
