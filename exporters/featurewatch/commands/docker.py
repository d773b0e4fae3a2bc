"""The stack with a Docker engine: the same configuration, from deploy/docker-compose.yml."""

from __future__ import annotations

import os
import shutil
import subprocess

from featurewatch.native.errors import StackError
from featurewatch.project import SECRETS_VARIABLE, Project

COMPOSE = "deploy/docker-compose.yml"

ANSWER_SECONDS = 20
"""An engine that takes longer to answer is as good as none."""


def answers() -> bool:
    """Whether a Docker engine and its compose plugin can be used."""
    return shutil.which("docker") is not None and all(
        _succeeds(command) for command in (["docker", "info"], ["docker", "compose", "version"])
    )


def runs(project: Project) -> bool:
    """Whether any service of the stack has a container that runs; False where no engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [*_command(project), "ps", "--quiet"],
            env=_environment(project),
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def up(project: Project) -> None:
    """Start and wait until every service is healthy. Raises StackError."""
    try:
        _compose(project, "up", "--detach", "--build", "--wait", "--wait-timeout", "180")
    except StackError as error:
        raise StackError(f"{error}\nwithout images (no registry?), use `make up RUNTIME=native`") from error


def down(project: Project) -> None:
    """Stop; named volumes, and so the data, are kept."""
    _compose(project, "down")


def status(project: Project, *, as_json: bool = False) -> None:
    """Print what runs."""
    _compose(project, "ps", *(["--format", "json"] if as_json else []))


def logs(project: Project, part: str, lines: int, *, follow: bool) -> None:
    """Print the last lines of a service, or of all of them."""
    _compose(project, "logs", "--tail", str(lines), *(["--follow"] if follow else []), *([part] if part else []))


def _compose(project: Project, *arguments: str) -> None:
    if shutil.which("docker") is None:
        raise StackError("docker is not on PATH; install it, or use `make up RUNTIME=native`")
    command = [*_command(project), *arguments]
    if subprocess.run(command, cwd=project.root, env=_environment(project), check=False).returncode:  # noqa: S603
        raise StackError(f"`docker compose {' '.join(arguments)}` failed, see above")


def _command(project: Project) -> list[str]:
    return ["docker", "compose", "--file", str(project.root / COMPOSE)]


def _environment(project: Project) -> dict[str, str]:
    return {**os.environ, SECRETS_VARIABLE: str(project.secrets)}


def _succeeds(command: list[str]) -> bool:
    try:
        return (
            subprocess.run(  # noqa: S603 - a fixed command
                command, capture_output=True, timeout=ANSWER_SECONDS, check=False
            ).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False
