from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.checkout_sample import change, checkout, contents, environment, featurewatch
from tests.conftest import CHECKOUT
from tests.native_sample import eventually

from featurewatch import cli
from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools

COMMANDS = ("generate", "check", "tools", "up", "down", "status", "logs", "reload", "demo")
FAULTY = """\
version: featurewatch/v1
service: market-features
traffic:
  minimum: -40/s
objectives: []
nonsense: 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: mine")


def _no_checkout(folder: Path) -> Project:
    folder.mkdir()
    return Project(folder, folder / "state", folder / "tools", folder / "secrets")


def test_help_lists_every_command_and_the_exit_statuses(project: Project) -> None:
    done = featurewatch(project, "--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^ +{command} ", done.stdout, re.MULTILINE), command
    assert cli.EXIT_STATUS.strip() in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, project: Project) -> None:
    assert featurewatch(project, command, "--help").returncode == 0


def test_the_version_is_told(project: Project) -> None:
    done = featurewatch(project, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("featurewatch ")


@pytest.mark.parametrize(
    "call", [(), ("fly",), ("logs", "prometheus", "--lines", "-3"), ("up", "--runtime", "podman"), ("demo", "a", "b")]
)
def test_a_wrong_call_is_refused_with_status_2(project: Project, call: tuple[str, ...]) -> None:
    assert featurewatch(project, *call).returncode == 2


def test_outside_a_checkout_the_remedy_is_told(tmp_path: Path) -> None:
    done = featurewatch(_no_checkout(tmp_path / "elsewhere"), "status")
    assert done.returncode == 2
    assert "elsewhere: no objectives.yaml here or above; run featurewatch inside a checkout" in done.stderr


def test_it_works_from_a_folder_below_the_checkout(project: Project) -> None:
    done = featurewatch(project, "generate", "--json", cwd=project.root / "rules/tests")
    assert done.returncode == 0
    assert json.loads(done.stdout)["changed"] == []


@pytest.mark.parametrize("command", ["generate", "check", "up", "reload", "demo"])
def test_faulty_objectives_are_told_all_at_once_and_nothing_is_written(project: Project, command: str) -> None:
    project.objectives.write_text(FAULTY)
    before = contents(project.root)
    done = featurewatch(project, command)
    assert done.returncode == 2
    assert done.stdout == ""
    for place in ("objectives.yaml:4:", "nonsense", "objectives.yaml:5:", "notify"):
        assert place in done.stderr, place
    assert contents(project.root) == before


def test_a_port_that_is_none_is_refused_before_anything_is_written(project: Project) -> None:
    before = contents(project.root)
    done = featurewatch(project, "up", PROMETHEUS_PORT="ninety", INBOX_HTTP_PORT="70000")
    assert done.returncode == 2
    assert "PROMETHEUS_PORT: 'ninety' is not a port" in done.stderr
    assert "INBOX_HTTP_PORT: '70000' is not a port" in done.stderr
    assert contents(project.root) == before


def test_an_unknown_scene_is_refused_with_those_there_are(project: Project) -> None:
    done = featurewatch(project, "demo", "flood")
    assert done.returncode == 2
    assert "no scene 'flood'; there are slow, cache, fallback, errors, down" in done.stderr


def test_generate_tells_what_it_wrote_and_the_worst_case(project: Project) -> None:
    change(project, "objectives.yaml", "above: 100ms, severity: high", "above: 90ms, severity: high")
    done = featurewatch(project, "generate")
    assert done.returncode == 0
    assert "wrote rules/extraction.rules.yaml\n" in done.stdout
    assert "worst case" in done.stdout
    assert "0 changed" in featurewatch(project, "generate").stdout


def test_generate_as_json_counts_and_names(project: Project) -> None:
    told = json.loads(featurewatch(project, "generate", "--json").stdout)
    assert told["objectives"] == 6
    assert told["changed"] == []
    assert told["worst_case_seconds"]["total"] <= 15


@pytest.mark.long
def test_check_says_in_one_line_each_what_is_well_and_where_a_fault_is(project: Project, tools: Tools) -> None:
    (project.root / "rules/extraction.rules.yaml").unlink()
    done = featurewatch(project, "check", tools_folder=tools.folder)
    assert done.returncode == 1
    assert re.search(r"^FAULT generated files are fresh", done.stdout, re.MULTILINE)
    assert re.search(r"^ok    secrets", done.stdout, re.MULTILINE)
    assert "rules/extraction.rules.yaml: is missing; run `make generate`" in done.stdout


@pytest.mark.long
def test_check_as_json_has_every_step_with_its_faults(project: Project, tools: Tools) -> None:
    (project.root / "rules/extraction.rules.yaml").unlink()
    done = featurewatch(project, "check", "--json", tools_folder=tools.folder)
    assert done.returncode == 1
    steps = {step["name"]: step for step in json.loads(done.stdout)}
    assert steps["secrets"]["ok"]
    assert steps["generated files are fresh"]["faults"][0]["file"] == "rules/extraction.rules.yaml"


@pytest.mark.long
def test_check_of_a_good_tree_ends_with_0_and_makes_up_only_the_demos_secrets(project: Project, tools: Tools) -> None:
    before = contents(project.root)
    assert featurewatch(project, "check", tools_folder=tools.folder).returncode == 0
    assert contents(project.root) == before
    (project.secrets / "webhook_url").unlink()
    assert featurewatch(project, "check", tools_folder=tools.folder).returncode == 0
    change(project, "objectives.yaml", "environment: demo", "environment: production")
    featurewatch(project, "generate")
    (project.secrets / "webhook_url").unlink()
    done = featurewatch(project, "check", tools_folder=tools.folder)
    assert done.returncode == 1
    assert f"{project.secrets / 'webhook_url'}: notify.webhook.url_file: missing" in done.stdout


def test_without_a_stack_every_command_says_that_nothing_runs(project: Project) -> None:
    status = featurewatch(project, "status")
    assert (status.returncode, status.stdout) == (1, "nothing runs; `make up` starts the stack\n")
    assert json.loads(featurewatch(project, "status", "--json").stdout) == []
    down = featurewatch(project, "down")
    assert (down.returncode, down.stdout) == (0, "nothing was running\n")
    assert featurewatch(project, "reload").returncode == 1
    logs = featurewatch(project, "logs")
    assert (logs.returncode, logs.stdout) == (2, "")
    assert "never started here" in featurewatch(project, "logs", "prometheus").stderr
    demo = featurewatch(project, "demo")
    assert demo.returncode == 1
    assert "extractor is not running; `make up` starts the stack" in demo.stderr


def test_a_state_folder_that_cannot_be_had_is_named_with_the_remedy(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = featurewatch(project, "generate", FEATUREWATCH_STATE=str(tmp_path / "file/state"))
    assert done.returncode == 1
    assert str(tmp_path / "file/state") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_checkout_that_cannot_be_written_is_told_and_stays_whole(project: Project, tmp_path: Path) -> None:
    change(project, "objectives.yaml", "above: 100ms, severity: high", "above: 90ms, severity: high")
    before = contents(project.root)
    (project.root / "rules").chmod(0o500)
    try:
        done = featurewatch(project, "generate", prefix=_without_roots_rights())
    finally:
        (project.root / "rules").chmod(0o700)
    assert done.returncode == 1
    assert "rules/extraction.rules.yaml: Permission denied" in done.stderr
    after = {name: data for name, data in contents(project.root).items() if not name.endswith(".lock")}
    assert after == before


def _without_roots_rights() -> tuple[str, ...]:
    """Root may write everywhere; without that one right it may not, and may still do all else."""
    rights = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}") if os.geteuid() == 0 else ()


def test_without_a_package_that_it_needs_it_says_how_to_install_it(project: Project, tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ModuleNotFoundError(\"No module named 'yaml'\", name='yaml')\n")
    python_path = f"{tmp_path}{os.pathsep}{CHECKOUT / 'exporters'}"
    done = featurewatch(project, "generate", PYTHONPATH=python_path)
    assert done.returncode == 1
    assert "needs the Python package yaml; install it with: pip install 'featurewatch[demo]'" in done.stderr


def test_a_reader_that_goes_away_gets_no_complaint(project: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "featurewatch.cli", "generate"],
            cwd=project.root,
            env=environment(project),
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_command_that_is_told_to_end_unwinds(
    number: signal.Signals, status: int, project: Project, tmp_path: Path
) -> None:
    """A `generate` that waits for another one's lock is ended, and says nothing but that."""
    holder = (
        "import fcntl, os, sys, time; handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(handle, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    lock = project.state / "generate.lock"
    with subprocess.Popen([sys.executable, "-c", holder, str(lock)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = tmp_path / "said"
        with (
            said.open("wb") as errors,
            subprocess.Popen(
                [sys.executable, "-m", "featurewatch.cli", "generate"],
                cwd=project.root,
                env=environment(project),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # A run of the tests in the background may ignore these signals, and what is ignored is inherited.
                preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
            ) as command,
        ):
            eventually(lambda: b"waiting" in said.read_bytes())
            command.send_signal(number)
            assert command.wait(20) == status
        other.kill()
    assert "Traceback" not in said.read_text()


def test_main_can_be_called_from_any_thread(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("FEATUREWATCH_STATE", str(project.state))
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(cli.main(["status", "--json"])))
    thread.start()
    thread.join()
    assert results == [1]


def test_tools_says_where_each_binary_came_from(project: Project, tools: Tools) -> None:
    done = featurewatch(project, "tools", "--json", tools_folder=tools.folder)
    assert done.returncode == 0
    told = {row["name"]: row for row in json.loads(done.stdout)}
    assert set(told) == {"prometheus", "promtool", "alertmanager", "amtool", "node_exporter"}
    assert all(re.match(r"PATH$|put there by hand$|Debian's \S+ \d", row["source"]) for row in told.values())
    text = featurewatch(project, "tools", tools_folder=tools.folder).stdout
    assert all(row["source"] in text and row["path"] in text for row in told.values())
