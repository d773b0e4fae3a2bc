"""Our own stack: the commands, and the real binaries under the real supervisor."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from tests.conftest import CHECKOUT
from tests.native_sample import eventually, pid, row
from tests.ordinary_user import ordinary_user

from featurewatch.native import parts, process
from featurewatch.native.down import down
from featurewatch.native.errors import PartFailed, StackError
from featurewatch.native.parts import Ports, Settings
from featurewatch.native.ports import free_port
from featurewatch.native.readiness import request
from featurewatch.native.status import State, status
from featurewatch.native.up import up
from featurewatch.tools.alertmanager import Launch, Way, alertmanager_command
from featurewatch.tools.toolbox import Tools

_PROMETHEUS = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["rules/*.yaml"]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:ALERTMANAGER"]}]}]}
scrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:NODE"]}]}]
"""
_RULES = "groups: [{name: g, rules: [{alert: Always, expr: vector(1)}]}]\n"
_ALERTMANAGER = "route: {receiver: here}\nreceivers: [{name: here}]\n"


def settings_in(folder: Path, tools: Tools, launch: Launch) -> Settings:
    """Settings for a stack of its own, with the configuration it needs."""
    ports = Ports(*(free_port() for _ in fields(Ports)))
    settings = Settings(
        checkout=CHECKOUT,
        run_dir=folder / "run",
        data_dir=folder / "data",
        log_dir=folder / "logs",
        prometheus=tools.prometheus,
        alertmanager=tools.alertmanager,
        node_exporter=tools.node_exporter,
        alertmanager_launch=launch,
        ports=ports,
        # The first notification goes out before Prometheus has looked up where Alertmanager is.
        resend_delay="1s",
        with_example=False,
    )
    (settings.run_dir / "prometheus/rules").mkdir(parents=True)
    (settings.run_dir / "alertmanager").mkdir()
    (settings.run_dir / "prometheus/prometheus.yaml").write_text(
        _PROMETHEUS.replace("ALERTMANAGER", str(ports.alertmanager)).replace("NODE", str(ports.node_exporter))
    )
    (settings.run_dir / "prometheus/rules/always.yaml").write_text(_RULES)
    (settings.run_dir / "alertmanager/alertmanager.yaml").write_text(_ALERTMANAGER)
    return settings


@pytest.fixture
def settings(tmp_path: Path, tools: Tools, alertmanager_launch: Launch) -> Iterator[Settings]:
    made = settings_in(tmp_path, tools, alertmanager_launch)
    yield made
    down(made.run_dir)
    assert process.belonging_to(made.run_dir) == set()


def test_who_receives_is_started_before_who_sends(settings: Settings) -> None:
    full = parts.stack(dataclasses.replace(settings, with_example=True))
    assert [part.name for part in full.parts] == [
        *("node_exporter", "inbox", "alertmanager", "extractor", "prometheus", "preview")
    ]
    assert [part.name for part in parts.stack(settings).parts] == [
        *("node_exporter", "alertmanager", "prometheus", "preview")
    ]


def test_the_preview_reads_the_responder_with_a_token_of_its_own_or_not_at_all(settings: Settings) -> None:
    answering = dataclasses.replace(settings, responder_arguments=("--token", "am:operator:/secrets/responder_token"))
    assert "--responder" not in parts.preview(answering).argv
    reading = dataclasses.replace(answering, viewer_token=Path("/secrets/viewer_token"))
    argv = parts.preview(reading).argv
    assert argv[-4:] == (
        *("--responder", f"http://127.0.0.1:{settings.ports.responder}"),
        *("--responder-token-file", "/secrets/viewer_token"),
    )


def test_every_part_listens_on_loopback_only(settings: Settings) -> None:
    up(parts.stack(settings))
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].rpartition(":")
            used = (settings.ports.prometheus, settings.ports.alertmanager, settings.ports.node_exporter)
            if fields[3] == "0A" and int(port, 16) in used:
                addresses.add(address)
    assert addresses == {"0100007F"}


def test_the_real_stack_starts_and_an_alert_goes_from_prometheus_to_alertmanager(settings: Settings) -> None:
    rows = up(parts.stack(settings))

    assert {item.state for item in rows} == {State.READY}
    assert all(item.version and item.pid for item in rows)
    alerts = f"http://127.0.0.1:{settings.ports.alertmanager}/api/v2/alerts"
    eventually(lambda: '"Always"' in request("GET", alerts, 5)[1])


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "node_exporter"])
def test_each_real_part_comes_back_after_a_kill(settings: Settings, name: str) -> None:
    up(parts.stack(settings))
    before = pid(settings.run_dir, name)

    os.kill(before, signal.SIGKILL)

    eventually(lambda: row(settings.run_dir, name).state is State.READY and pid(settings.run_dir, name) != before)
    assert row(settings.run_dir, name).restarts == 1


def test_changed_rules_are_taken_by_a_reload(settings: Settings) -> None:
    up(parts.stack(settings))
    before = pid(settings.run_dir, "prometheus")
    (settings.run_dir / "prometheus/rules/always.yaml").write_text(_RULES.replace("Always", "Renamed"))
    steps: list[str] = []

    up(parts.stack(settings), steps.append)

    assert "reloading prometheus" in steps
    assert "reloading alertmanager" not in steps
    rules = f"http://127.0.0.1:{settings.ports.prometheus}/api/v1/rules"
    assert '"Renamed"' in request("GET", rules, 5)[1]
    assert pid(settings.run_dir, "prometheus") == before


def test_a_faulty_reload_leaves_the_running_rules_untouched(settings: Settings) -> None:
    up(parts.stack(settings))
    (settings.run_dir / "prometheus/rules/always.yaml").write_text(_RULES.replace("vector(1)", "vector("))

    with pytest.raises(StackError, match="prometheus refuses its new configuration and keeps the one it has"):
        up(parts.stack(settings))

    rules = f"http://127.0.0.1:{settings.ports.prometheus}/api/v1/rules"
    assert '"Always"' in request("GET", rules, 5)[1]


def test_a_faulty_configuration_at_start_is_quoted_from_the_log(settings: Settings) -> None:
    (settings.run_dir / "prometheus/prometheus.yaml").write_text("nonsense: true\n")

    with pytest.raises(PartFailed, match="field nonsense not found in type config") as caught:
        up(parts.stack(settings))

    assert caught.value.part == "prometheus"
    assert process.belonging_to(settings.run_dir) == set()


def test_the_altered_alertmanager_runs_in_the_stack_too(tmp_path: Path, tools: Tools) -> None:
    launch = alertmanager_command(tools.alertmanager.path, tmp_path / "keep", allowed=[Way.ALTERED, Way.PLAIN])
    settings = settings_in(tmp_path, tools, launch)
    try:
        rows = up(parts.stack(settings))
        assert {item.state for item in rows} == {State.READY}
    finally:
        down(settings.run_dir)


def test_data_and_logs_are_kept_when_the_stack_is_stopped(settings: Settings) -> None:
    up(parts.stack(settings))
    down(settings.run_dir)

    assert (settings.data_dir / "prometheus").is_dir()
    assert (settings.data_dir / "alertmanager").is_dir()
    assert "See you next time!" in (settings.log_dir / "prometheus.log").read_text()
    assert {item.state for item in status(settings.run_dir)} == {State.STOPPED}


def test_the_stack_without_the_example_is_small(settings: Settings) -> None:
    up(parts.stack(settings))
    total = sum(item.rss_bytes for item in status(settings.run_dir))
    assert 50e6 < total < 250e6


_AS_USER = """
import json, sys
from pathlib import Path
from featurewatch.native import parts
from featurewatch.native.down import down
from featurewatch.native.status import status
from featurewatch.native.up import up
from featurewatch.tools import toolbox
from featurewatch.tools.alertmanager import alertmanager_command
from tests.test_native_parts import settings_in
folder = Path(sys.argv[1])
tools = toolbox.provide(folder / "tools")
settings = settings_in(folder, tools, alertmanager_command(tools.alertmanager.path, folder / "keep"))
try:
    for row in up(parts.stack(settings)):
        assert row.state == "ready", row
    assert down(settings.run_dir)
    print("ready and stopped")
finally:
    down(settings.run_dir)
"""


def test_an_ordinary_user_can_run_the_stack(tools: Tools) -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests ran as an ordinary user already")
    user = ordinary_user()
    if user is None:
        pytest.skip("root cannot become an ordinary user here who can run this Python")
    # Neither pytest's temporary folder nor the checkout need be open to that user.
    folder = Path("/tmp") / f"featurewatch-test-{os.getpid()}"
    folder.mkdir()
    try:
        for found in tools.all():
            if found.path.is_relative_to(tools.folder / "debian"):
                package = found.path.relative_to(tools.folder / "debian").parts[0]
                place = folder / "tools/debian" / package
                if not place.exists():
                    shutil.copytree(tools.folder / "debian" / package, place, symlinks=True)
        user.own(folder)
        answer = subprocess.run(
            [
                *(*user.prefix, sys.executable, "-c", _AS_USER, str(folder)),
            ],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": f"{CHECKOUT / 'exporters'}:{CHECKOUT}", "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.stdout == "ready and stopped\n", answer.stderr
    finally:
        down(folder / "run")
        shutil.rmtree(folder)
