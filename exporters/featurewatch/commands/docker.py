"""The stack with a Docker engine: the same configuration, from deploy/docker-compose.yml."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from featurewatch.native.errors import StackError
from featurewatch.project import SECRETS_VARIABLE, Project

COMPOSE = "deploy/docker-compose.yml"


def answers() -> bool:
    """Whether a Docker engine and its compose plugin can be used."""
    return shutil.which("docker") is not None and all(
        subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0  # noqa: S603
        for command in (["docker", "info"], ["docker", "compose", "version"])
    )


def up(project: Project) -> None:
    """Start and wait until every service is healthy. Raises StackError."""
    try:
        _compose(project, "up", "--detach", "--build", "--wait", "--wait-timeout", "180")
    except StackError as error:
        raise StackError(f"{error}\nwithout images (no registry?), use `make up RUNTIME=native`") from error


def down(project: Project) -> None:
    """Stop; named volumes, and so the data, are kept."""
    _compose(project, "down")


def status(project: Project) -> None:
    _compose(project, "ps")


def logs(project: Project, part: str, lines: int, *, follow: bool) -> None:
    _compose(project, "logs", "--tail", str(lines), *(["--follow"] if follow else []), *([part] if part else []))


def _compose(project: Project, *arguments: str) -> None:
    command = ["docker", "compose", "--file", str(project.root / COMPOSE), *arguments]
    environment = {**os.environ, SECRETS_VARIABLE: str(project.secrets)}
    if subprocess.run(command, cwd=Path(project.root), env=environment, check=False).returncode:  # noqa: S603
        raise StackError(f"`docker compose {' '.join(arguments)}` failed, see above")
