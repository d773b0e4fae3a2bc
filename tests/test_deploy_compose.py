"""docker-compose.yml is valid, keeps to the rules of a careful deployment, and runs what the native stack runs."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from tests import compose_file
from tests.compose_file import DEPLOY, FILE, ROOT, binds

from featurewatch import compose as deployment
from featurewatch import generate, scrape
from featurewatch.native import parts
from featurewatch.objectives import load
from featurewatch.objectives.model import Slack
from featurewatch.objectives.units import duration_text
from featurewatch.routes.tree import MINIMUM_ALERTMANAGER
from featurewatch.rules.plan import Plan, plan
from featurewatch.tools import catalogue
from featurewatch.tools.alertmanager import Launch, Way
from featurewatch.tools.catalogue import Tool
from featurewatch.tools.locate import Found
from featurewatch.tools.versions import Version

LONG_RUNNING = {"prometheus", "alertmanager", "node-exporter", "grafana", "extractor", "inbox", "responder"}

ROOT_ALLOWED = {"secrets": "reads files that only their owner may read, to hand them to an unprivileged part"}
"""Services that may run as root, and why."""

WHOLE_MACHINE = {
    "node-exporter": "measures the machine it runs on",
    "alertmanager": "reads the time zones of those on call",
}
"""Services that may see a folder outside the checkout, and why."""


@pytest.fixture(scope="module")
def compose() -> Path:
    return compose_file.binary()


@pytest.fixture(scope="module")
def services(compose: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose_file.resolved(compose)["services"]
    return found


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan(load(ROOT / "objectives.yaml"))


def test_compose_accepts_it_without_a_warning(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == LONG_RUNNING | {"secrets"}


def test_the_figures_of_the_plan_arrive(services: dict[str, dict[str, Any]], planned: Plan) -> None:
    timing = planned.timing
    flags = services["prometheus"]["command"]
    assert f"--storage.tsdb.retention.time={duration_text(planned.objectives.retention)}" in flags
    assert f"--rules.alert.resend-delay={duration_text(timing.resend_delay)}" in flags
    interval = duration_text(timing.maintenance_interval)
    assert f"--data.maintenance-interval={interval}" in services["alertmanager"]["command"]


def test_the_plan_s_figures_are_generated_with_the_rest(planned: Plan) -> None:
    assert generate.generate(planned, ROOT)["deploy/.env"] == deployment.env_file(planned)


def test_without_the_generated_figures_it_says_what_to_do(compose: Path, tmp_path: Path) -> None:
    alone = tmp_path / "docker-compose.yml"
    shutil.copy(FILE, alone)
    answer = compose_file.run(compose, "config", file=alone)
    assert answer.returncode != 0
    assert "make generate" in answer.stderr


@pytest.mark.parametrize("channel", ["#alerts", "#a$HOME", "#it's", '#say-"so"', "#back\\slash", "#${PATH}"])
def test_names_arrive_at_the_inbox_as_declared(compose: Path, tmp_path: Path, planned: Plan, channel: str) -> None:
    notify = replace(planned.objectives.notify, slack=Slack(channel, "secrets/slack_api_url"))
    odd = replace(planned, objectives=replace(planned.objectives, notify=notify))
    shutil.copy(FILE, tmp_path / FILE.name)
    (tmp_path / ".env").write_text(deployment.env_file(odd), encoding="utf-8")
    command = compose_file.resolved(compose, tmp_path / FILE.name)["services"]["inbox"]["command"]
    # What compose prints can be read by compose again, so a dollar stands there twice.
    assert command[command.index("--slack-channel") + 1].replace("$$", "$") == channel.removeprefix("#")


def test_every_image_is_pinned_to_a_release(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"]), (name, service["image"])
    for line in (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("FROM ") and not line.startswith("FROM base "):
            assert re.match(r"FROM python:3\.11\.\d+-slim-bookworm AS base$", line)


@pytest.mark.parametrize(
    ("service", "least"),
    [
        ("prometheus", catalogue.PROMETHEUS.minimum),
        ("alertmanager", max(catalogue.ALERTMANAGER.minimum, Version(*MINIMUM_ALERTMANAGER))),
        ("node-exporter", catalogue.NODE_EXPORTER.minimum),
        ("grafana", Version(12, 0)),
    ],
)
def test_every_image_is_new_enough(services: dict[str, dict[str, Any]], service: str, least: Version) -> None:
    major, minor, patch = services[service]["image"].rpartition(":")[2].removeprefix("v").split(".")
    assert Version(int(major), int(minor), int(patch)) >= least


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_every_service_that_stays_is_probed_and_comes_back(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(LONG_RUNNING | {"secrets"}))
def test_every_service_has_no_more_rights_than_it_needs(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "devices", "userns_mode"} & service.keys()
    assert service.get("network_mode") in (None, "none")
    user = service["user"].partition(":")[0]
    if name in ROOT_ALLOWED:
        assert user == "0"
        assert service["network_mode"] == "none"
    else:
        assert user not in ("", "0", "root")
        assert "cap_add" not in service


@pytest.mark.parametrize("name", sorted(LONG_RUNNING | {"secrets"}))
def test_every_service_is_bounded(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert int(limits["memory"]) > 0
    assert limits["pids"] > 0
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    for mount in service.get("tmpfs", ()):
        assert "size=" in mount


def test_nothing_can_be_reached_from_another_machine(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert all(port["host_ip"] == "127.0.0.1" for ports in published.values() for port in ports)
    assert {name for name, ports in published.items() if ports} == LONG_RUNNING


def test_every_port_can_be_moved_by_the_variable_of_the_native_run(compose: Path) -> None:
    from featurewatch.deployment import PORT_VARIABLES

    # In Docker, Grafana itself stands where the preview of its dashboards stands natively.
    names = [*(set(PORT_VARIABLES.values()) - {"PREVIEW_PORT"}), "GRAFANA_PORT"]
    variables = {name: str(20_000 + index) for index, name in enumerate(names)}
    moved = compose_file.resolved(compose, FILE, **variables)["services"].values()
    published = {port["published"] for service in moved for port in service.get("ports", ())}
    assert published == set(variables.values())


def test_nothing_starts_before_what_it_needs_is_ready(services: dict[str, dict[str, Any]]) -> None:
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    for name, conditions in needs.items():
        for other, condition in conditions.items():
            expected = "service_healthy" if other in LONG_RUNNING else "service_completed_successfully"
            assert condition == expected, (name, other)
    assert needs["alertmanager"].keys() == {"secrets", "inbox", "responder"}
    assert needs["prometheus"].keys() == {"alertmanager", "node-exporter", "extractor"}
    assert needs["grafana"].keys() == {"prometheus"}


def test_a_part_that_ends_is_awaited_by_one_that_stays_so_that_up_wait_succeeds(
    services: dict[str, dict[str, Any]],
) -> None:
    awaited = {
        other
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert awaited == services.keys() - LONG_RUNNING


def test_every_mounted_folder_of_the_checkout_is_there_and_read_only(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for mount in service.get("volumes", ()):
            if mount["type"] != "bind":
                continue
            assert mount["read_only"] is True
            source = Path(mount["source"])
            if source == ROOT / ".featurewatch/secrets":
                continue  # never committed; the responsibility of `make up` and of whoever deploys
            if not source.is_relative_to(ROOT):
                assert name in WHOLE_MACHINE
                continue
            assert source.is_dir(), f"{name}: {source}"


def test_a_missing_folder_is_told_instead_of_made(services: dict[str, dict[str, Any]]) -> None:
    text = FILE.read_text(encoding="utf-8")
    mounted = [
        mount for service in services.values() for mount in service.get("volumes", ()) if mount["type"] == "bind"
    ]
    assert text.count("create_host_path: false") == len(mounted) - 1  # the root of node-exporter


def test_the_secrets_folder_can_be_elsewhere(compose: Path) -> None:
    elsewhere = compose_file.resolved(compose, FEATUREWATCH_SECRETS="/etc/our-secrets")["services"]
    assert binds(elsewhere["secrets"]) == {"/from": Path("/etc/our-secrets")}


def test_secrets_reach_only_who_needs_them(services: dict[str, dict[str, Any]]) -> None:
    holders = {
        name
        for name, service in services.items()
        for mount in service.get("volumes", ())
        if mount["type"] == "volume" and mount["source"] == "secrets"
    }
    assert holders == {"secrets", "alertmanager", "inbox", "responder"}


def test_alertmanager_finds_its_secrets_from_where_it_stands(
    services: dict[str, dict[str, Any]], planned: Plan
) -> None:
    service = services["alertmanager"]
    (mounted,) = [mount["target"] for mount in service["volumes"] if mount["source"] == "secrets"]
    slack = planned.objectives.notify.slack
    if slack is not None and not slack.api_url_file.startswith("/"):
        assert PurePosixPath(service["working_dir"]) / slack.api_url_file == PurePosixPath(mounted) / "slack_api_url"
    assert PurePosixPath(mounted) == deployment.SECRETS


def test_what_is_kept_lies_in_named_volumes(compose: Path) -> None:
    whole = compose_file.resolved(compose)
    used = {
        mount["source"]
        for service in whole["services"].values()
        for mount in service.get("volumes", ())
        if mount["type"] == "volume"
    }
    assert used == set(whole["volumes"]) == {"alertmanager", "grafana", "inbox", "prometheus", "responder", "secrets"}


def test_the_scraped_addresses_are_services_of_the_network(services: dict[str, dict[str, Any]]) -> None:
    for address in (scrape.PROMETHEUS, scrape.ALERTMANAGER, scrape.NODE_EXPORTER, scrape.EXTRACTOR):
        name, _, port = address.partition(":")
        assert int(port) in {published["target"] for published in services[name]["ports"]}


def native(planned: Plan) -> dict[str, tuple[str, ...]]:
    """The arguments of the native stack's parts."""

    def found(tool: Tool) -> Found:
        return Found(tool, Path("/bin") / tool.commands[0], tool.minimum)

    settings = parts.Settings(
        checkout=Path("/checkout"),
        run_dir=Path("/run"),
        data_dir=Path("/data"),
        log_dir=Path("/log"),
        prometheus=found(catalogue.PROMETHEUS),
        alertmanager=found(catalogue.ALERTMANAGER),
        node_exporter=found(catalogue.NODE_EXPORTER),
        alertmanager_launch=Launch(("/bin/alertmanager",), None, Way.PLAIN, ""),
        retention=duration_text(planned.objectives.retention),
        resend_delay=duration_text(planned.timing.resend_delay),
        maintenance_interval=duration_text(planned.timing.maintenance_interval),
        inbox_arguments=deployment.inbox_arguments(planned.objectives.notify),
    )
    return {part.name.replace("_", "-"): part.argv for part in parts.stack(settings).parts}


OWN = {
    # Where it listens, what it reads and where it writes differ between a container and a folder.
    *("--config.file", "--storage.tsdb.path", "--storage.path", "--web.listen-address"),
    *("--path.procfs", "--path.sysfs", "--path.rootfs"),
}


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "node-exporter"])
def test_a_part_has_the_flags_of_the_native_run(services: dict[str, dict[str, Any]], planned: Plan, name: str) -> None:
    def judged(arguments: list[str]) -> list[str]:
        return [flag for flag in arguments if flag.startswith("--") and flag.partition("=")[0] not in OWN]

    assert judged(services[name]["command"]) == judged(list(native(planned)[name]))


@pytest.mark.parametrize(
    ("name", "own"), [("inbox", {"--address", "0.0.0.0", "--allow-remote"}), ("extractor", {"0.0.0.0"})]
)
def test_our_own_parts_are_called_as_in_the_native_run(
    services: dict[str, dict[str, Any]], planned: Plan, name: str, own: set[str]
) -> None:
    called = [word for word in services[name]["command"][1:] if word not in own]
    expected = [word for word in native(planned)[name][1:] if word != "127.0.0.1"]
    paths = {"/data/inbox": "/var/lib/featurewatch"}
    assert called == [paths.get(word, word) for word in expected]
