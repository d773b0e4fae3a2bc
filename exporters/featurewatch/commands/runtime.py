"""Whether the stack runs natively or with Docker: written down at `up`, so that no other command needs an option."""

from __future__ import annotations

from typing import Final, Literal

from featurewatch import whole_file
from featurewatch.commands import docker
from featurewatch.native.errors import StackError
from featurewatch.native.status import status
from featurewatch.project import Project

Runtime = Literal["native", "docker"]

FILE: Final = "runtime"
"""In the state folder."""


def recorded(project: Project) -> Runtime:
    """How the stack was started last."""
    try:
        return "docker" if (project.state / FILE).read_text(encoding="utf-8").strip() == "docker" else "native"
    except (FileNotFoundError, UnicodeDecodeError):
        return "native"


def choose(project: Project, wanted: str) -> Runtime:
    """What `up` is to use: as wanted (`native`, `docker`), or for `auto` what runs already, else Docker if it answers.

    Raises StackError when the stack runs the other way: nobody would stop it any more.
    """
    running = _running(project)
    if wanted == "auto":
        return running or ("docker" if docker.answers() else "native")
    chosen: Runtime = "docker" if wanted == "docker" else "native"
    if running not in (None, chosen):
        raise StackError(f"the stack runs already, with the runtime {running}; `make down` stops it")
    return chosen


def record(project: Project, chosen: Runtime) -> None:
    """Before the start: a start that is killed in between is stopped by the right `down`."""
    whole_file.write(project.state / FILE, f"{chosen}\n".encode())


def _running(project: Project) -> Runtime | None:
    if recorded(project) == "docker":
        return "docker" if docker.runs(project) else None
    return "native" if any(row.pid for row in status(project.state / "run")) else None
