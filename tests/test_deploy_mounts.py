"""What docker-compose.yml mounts is accepted by the real binaries, at the path where the image expects it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
import yaml
from tests import compose_file, container_root
from tests.compose_file import DEPLOY, ROOT, binds
from tests.container_root import Root

from featurewatch.amtool import Amtool
from featurewatch.promtool import Promtool
from featurewatch.tools.toolbox import Tools

FORBIDDEN = "this machine forbids namespaces; the same files are checked in a copied tree"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose_file.resolved(compose_file.binary())["services"]
    return found


@pytest.fixture
def namespaces() -> None:
    if not container_root.possible():
        pytest.skip(FORBIDDEN)


@pytest.fixture
def prometheus(services: dict[str, dict[str, Any]], tools: Tools) -> Root:
    return Root(
        binaries={"/bin/prometheus": tools.prometheus.path.resolve(), "/bin/promtool": tools.promtool.path.resolve()},
        mounts=binds(services["prometheus"]),
        writable=["/prometheus"],
        working_dir="/prometheus",
    )


@pytest.fixture
def alertmanager(services: dict[str, dict[str, Any]], tools: Tools, tmp_path: Path) -> Root:
    service = services["alertmanager"]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("slack_api_url", "webhook_url"):
        (secrets / name).write_text("http://127.0.0.1:9/\n")
    for name in ("pagerduty_routing_key", "smtp_password"):
        (secrets / name).write_text("x" * 32 + "\n")
    (place,) = [mount["target"] for mount in service["volumes"] if mount["source"] == "secrets"]
    binary = tools.alertmanager.path.resolve()
    # Debian's build reads its own templates from here; upstream's, in the image, has them built in.
    own = binary.parent.parent / "share/prometheus/alertmanager"
    return Root(
        binaries={"/bin/alertmanager": binary, "/bin/amtool": tools.amtool.path.resolve()},
        mounts={**binds(service), place: secrets},
        image={"/usr/share/prometheus/alertmanager": own} if own.is_dir() else {},
        writable=["/alertmanager"],
        working_dir=service["working_dir"],
    )


@contextmanager
def started(root: Root, folder: Path, *command: str) -> Iterator[Iterator[str]]:
    """The lines that a program says in this root; it ends with the block, or after a while by itself."""
    with subprocess.Popen(
        root.command(folder, *command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        end = Timer(30, process.kill)
        end.start()
        try:
            assert process.stdout is not None
            yield iter(process.stdout)
        finally:
            end.cancel()
            process.kill()


def heard(lines: Iterator[str], sentence: str) -> bool:
    """Whether the sentence comes; what came instead is shown when a test fails."""
    for line in lines:
        print(line, end="")
        if sentence in line:
            return True
    return False


@pytest.mark.usefixtures("namespaces")
def test_promtool_accepts_the_configuration_and_every_rule_file_where_the_image_has_them(
    prometheus: Root, tmp_path: Path
) -> None:
    answer = prometheus.run(tmp_path, "/bin/promtool", "check", "config", "/etc/prometheus/prometheus.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    rule_files = len(list((ROOT / "rules").glob("*.rules.yaml")))
    assert rule_files > 0
    assert f"{rule_files} rule files found" in answer.stdout


@pytest.mark.usefixtures("namespaces")
def test_prometheus_starts_with_the_flags_of_the_compose_file(
    services: dict[str, dict[str, Any]], prometheus: Root, tmp_path: Path
) -> None:
    with started(prometheus, tmp_path, "/bin/prometheus", *services["prometheus"]["command"]) as lines:
        assert heard(lines, "Server is ready to receive web requests")


@pytest.mark.usefixtures("namespaces")
def test_amtool_accepts_the_configuration_and_finds_the_templates_where_the_image_has_them(
    alertmanager: Root, tmp_path: Path
) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    answer = alertmanager.run(folder, "/bin/amtool", "check-config", "/etc/alertmanager/alertmanager.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    configuration, _, templates = answer.stdout.partition("- 1 templates")
    assert "SUCCESS" in configuration
    assert "SUCCESS" in templates
    assert list((alertmanager.mounts["/etc/alertmanager"] / "templates").glob("*.tmpl"))


@pytest.mark.usefixtures("namespaces")
def test_alertmanager_starts_with_the_flags_of_the_compose_file(
    services: dict[str, dict[str, Any]], alertmanager: Root, tmp_path: Path
) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    with started(alertmanager, folder, "/bin/alertmanager", *services["alertmanager"]["command"]) as lines:
        assert heard(lines, "Listening on")


@pytest.mark.usefixtures("namespaces")
def test_node_exporter_starts_with_the_flags_of_the_compose_file(
    services: dict[str, dict[str, Any]], tools: Tools, tmp_path: Path
) -> None:
    machine = {f"/host/{name}": Path("/") / name for name in ("proc", "sys")}
    root = Root(binaries={"/bin/node_exporter": tools.node_exporter.path.resolve()}, mounts={}, image=machine)
    with started(root, tmp_path, "/bin/node_exporter", *services["node-exporter"]["command"]) as lines:
        assert heard(lines, "Listening on")


@pytest.mark.usefixtures("namespaces")
def test_a_folder_that_is_missing_below_a_mount_is_noticed(prometheus: Root, tmp_path: Path) -> None:
    """Docker could not make it in a read-only mount; nor do these tests."""
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(DEPLOY / "prometheus/prometheus.yaml", bare)
    root = Root(prometheus.binaries, {**prometheus.mounts, "/etc/prometheus": bare}, working_dir="/prometheus")
    folder = tmp_path / "root"
    folder.mkdir()
    answer = root.run(folder, "/bin/promtool", "--version")
    assert answer.returncode == 9
    assert "no /etc/prometheus/rules to mount on" in answer.stderr


def copied(mounts: dict[str, Path], tree: Path) -> None:
    """The mounts as plain copies below `tree`: what is left to do where namespaces are forbidden."""
    for place, source in sorted(mounts.items(), key=lambda item: item[0].count("/")):
        shutil.copytree(source, tree / place.lstrip("/"), dirs_exist_ok=True)


def test_the_same_files_are_accepted_in_a_copied_tree(
    services: dict[str, dict[str, Any]], tools: Tools, tmp_path: Path
) -> None:
    for name in ("prometheus", "alertmanager"):
        copied(binds(services[name]), tmp_path)
    assert Promtool(tools.promtool.path).check_config(tmp_path / "etc/prometheus/prometheus.yaml").faults == ()
    assert Amtool(tools.amtool.path).check_config(tmp_path / "etc/alertmanager/alertmanager.yaml").faults == ()


def test_the_configuration_that_is_named_is_one_that_is_mounted(services: dict[str, dict[str, Any]]) -> None:
    for name in ("prometheus", "alertmanager"):
        (flag,) = [flag for flag in services[name]["command"] if flag.startswith("--config.file=")]
        file = Path(flag.partition("=")[2])
        assert (binds(services[name])[str(file.parent)] / file.name).is_file()


def provisioned(kind: str) -> list[dict[str, Any]]:
    files = sorted((DEPLOY / "grafana/provisioning" / kind).glob("*.yaml"))
    assert files
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


def test_grafana_gets_its_provisioning_where_it_looks(services: dict[str, dict[str, Any]]) -> None:
    mounts = binds(services["grafana"])
    for kind in ("datasources", "dashboards"):
        assert mounts[f"/etc/grafana/provisioning/{kind}"] == DEPLOY / "grafana/provisioning" / kind
        assert all(file["apiVersion"] == 1 for file in provisioned(kind))


def test_grafana_s_datasources_are_parts_of_the_stack(services: dict[str, dict[str, Any]]) -> None:
    sources = {source["uid"]: source for file in provisioned("datasources") for source in file["datasources"]}
    assert sources["prometheus"]["isDefault"] is True
    for source in sources.values():
        name, port = re.fullmatch(r"http://([a-z-]+):(\d+)", source["url"]).groups()  # type: ignore[union-attr]
        assert int(port) in {published["target"] for published in services[name]["ports"]}
        assert source["editable"] is False


def test_grafana_s_dashboards_lie_where_the_provider_looks(services: dict[str, dict[str, Any]]) -> None:
    mounts = binds(services["grafana"])
    for file in provisioned("dashboards"):
        for provider in file["providers"]:
            assert provider["allowUiUpdates"] is False
            dashboards = sorted(mounts[provider["options"]["path"]].glob("*.json"))
            assert dashboards
            uids = [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in dashboards]
            assert len(set(uids)) == len(uids)


def test_a_dashboard_s_variable_finds_the_provisioned_datasource() -> None:
    types = {source["type"] for file in provisioned("datasources") for source in file["datasources"]}
    for path in (ROOT / "dashboards/out").glob("*.json"):
        variables = json.loads(path.read_text(encoding="utf-8"))["templating"]["list"]
        wanted = {variable["query"] for variable in variables if variable["type"] == "datasource"}
        assert wanted <= types
        assert wanted
