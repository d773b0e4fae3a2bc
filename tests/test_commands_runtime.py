"""Which way the stack runs, with a `docker` that is a script: no engine is needed to know what is asked of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.checkout_sample import checkout, featurewatch

from featurewatch.commands import docker, runtime
from featurewatch.native.errors import StackError
from featurewatch.project import Project

ENGINE = """#!/bin/sh
echo "$FEATUREWATCH_SECRETS $*" >> {log}
case "$*" in
  *" ps --quiet"*) {ps} ;;
  *" ps --format json"*) echo '[]' ;;
  *" up "*) {up} ;;
  info) {info} ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: mine")


class _Docker:
    """A `docker` on PATH that writes down what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "asked"
        self._binary = folder / "bin/docker"
        self._binary.parent.mkdir()
        self.path = f"{self._binary.parent}{os.pathsep}{os.environ['PATH']}"
        self.answer()

    def answer(self, *, ps: str = "exit 0", up: str = "exit 0", info: str = "exit 0") -> None:
        self._binary.write_text(ENGINE.format(log=f"'{self.log}'", ps=ps, up=up, info=info))
        self._binary.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Docker:
    found = _Docker(tmp_path)
    monkeypatch.setenv("PATH", found.path)
    return found


def test_docker_is_taken_where_an_engine_answers(project: Project, engine: _Docker) -> None:
    assert runtime.choose(project, "auto") == "docker"
    engine.answer(info="exit 1")
    assert runtime.choose(project, "auto") == "native"
    assert runtime.choose(project, "docker") == "docker"


def test_an_engine_that_never_answers_is_none(
    project: Project, engine: _Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "ANSWER_SECONDS", 0.2)
    engine.answer(info="exec sleep 20", ps="exec sleep 20")
    assert not docker.answers()
    assert not docker.runs(project)


def test_what_runs_already_is_kept_and_the_other_way_refused(project: Project, engine: _Docker) -> None:
    project.make_state()
    runtime.record(project, "docker")
    engine.answer(ps="echo 0123456789ab")
    assert runtime.choose(project, "auto") == "docker"
    with pytest.raises(StackError, match=r"runs already, with the runtime docker; `make down` stops it"):
        runtime.choose(project, "native")
    engine.answer()
    assert runtime.choose(project, "native") == "native"


@pytest.mark.parametrize("text", ["", "podman\n", "native\n"])
def test_whatever_else_was_written_down_is_native(project: Project, text: str) -> None:
    project.make_state()
    (project.state / runtime.FILE).write_text(text)
    assert runtime.recorded(project) == "native"


def test_up_status_logs_and_down_go_to_compose(project: Project, engine: _Docker) -> None:
    def call(*arguments: str) -> int:
        return featurewatch(project, *arguments, PATH=engine.path).returncode

    assert call("up", "--runtime", "docker") == 0
    engine.answer(ps="echo 0123456789ab")
    assert call("status", "--json") == 0
    assert call("logs", "prometheus", "--lines", "7") == 0
    assert call("reload") == 1
    assert call("demo") == 1
    assert call("down") == 0
    assert {line.split(" ", 1)[0] for line in engine.asked if "compose" in line} == {str(project.secrets).split(" ")[0]}
    compose = f"--file {project.root / 'deploy/docker-compose.yml'}"
    for tail in ("up --detach --build --wait --wait-timeout 180", "logs --tail 7 prometheus", "down"):
        assert any(line.endswith(f"compose {compose} {tail}") for line in engine.asked), tail


def test_a_failed_start_says_how_to_do_without_docker(project: Project, engine: _Docker) -> None:
    engine.answer(up="exit 18")
    done = featurewatch(project, "up", "--runtime", "docker", PATH=engine.path)
    assert done.returncode == 1
    assert "use `make up RUNTIME=native`" in done.stderr


def test_without_docker_on_path_the_remedy_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = featurewatch(project, "up", "--runtime", "docker", PATH=str(tmp_path / "empty"))
    assert done.returncode == 1
    assert "docker is not on PATH; install it, or use `make up RUNTIME=native`" in done.stderr


def test_with_docker_what_tls_asks_for_is_refused_and_nothing_is_started(project: Project, engine: _Docker) -> None:
    on = "tls: { certificate_file: secrets/tls.crt, key_file: secrets/tls.key, ca_file: secrets/ca.pem }\n"
    with project.objectives.open("a") as file:
        file.write(on)
    done = featurewatch(project, "up", "--runtime", "docker")
    assert done.returncode == 1
    assert "speaks plain HTTP on its own network; `make up RUNTIME=native` starts the stack with it" in done.stderr
    assert not [asked for asked in engine.asked if " up " in asked]
