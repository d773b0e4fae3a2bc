"""`featurewatch up`, `down`, `status`, `logs` and `reload`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict

from featurewatch.commands import docker
from featurewatch.commands.secrets import ensure_demo_secrets
from featurewatch.commands.table import show
from featurewatch.commands.tools import provided
from featurewatch.deployment import Deployment, ports_from
from featurewatch.native.down import down
from featurewatch.native.errors import StackError
from featurewatch.native.logs import logs
from featurewatch.native.status import PartStatus, State, status
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import plan

RUNTIME_FILE = "runtime"
"""In the state folder: how the stack was started, so that `down` needs no option."""


def run(project: Project, options: argparse.Namespace) -> int:
    """Dispatch to one of the five."""
    match options.command:
        case "up":
            return _up(project, options.runtime, with_example=not options.without_example)
        case "reload":
            return _reload(project)
        case "down":
            return _down(project)
        case "status":
            return _status(project, as_json=options.json)
        case _:
            return _logs(project, options)


def deployment(project: Project, *, with_example: bool = True) -> Deployment:
    """This checkout, ready to be run natively: objectives read, tools there, demo secrets made."""
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    ports = ports_from(os.environ)
    ensure_demo_secrets(project, decided, f"http://127.0.0.1:{ports.inbox_http}")
    return Deployment(project, decided, provided(project), ports, with_example)


def _up(project: Project, runtime: str, *, with_example: bool) -> int:
    began = time.monotonic()
    project.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    chosen = runtime if runtime != "auto" else ("docker" if docker.answers() else "native")
    if chosen == "docker":
        decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
        ensure_demo_secrets(project, decided, "http://inbox:8025")
        (project.state / RUNTIME_FILE).write_text("docker\n")
        docker.up(project)
        docker.status(project)
        return 0
    here = deployment(project, with_example=with_example)
    (project.state / RUNTIME_FILE).write_text("native\n")
    rows = here.up(progress=lambda line: print(f"  {line}", flush=True))
    _table(rows)
    note = here.launch.note
    print(f"\nready after {time.monotonic() - began:.1f} s" + (f"; {note}" if note else ""))
    if with_example:
        print("`make demo` tells a story on it; `make down` stops it and keeps the data")
    return 0


def _reload(project: Project) -> int:
    if _runtime(project) == "docker":
        raise StackError("reload is for the native stack; with Docker: make down up")
    running = {row.part for row in status(project.state / "run")}
    if not running:
        raise StackError("nothing runs; `make up` starts the stack")
    _table(deployment(project, with_example="extractor" in running).reload(progress=print))
    return 0


def _down(project: Project) -> int:
    if _runtime(project) == "docker":
        docker.down(project)
        return 0
    stopped = down(project.state / "run", progress=lambda line: print(f"  {line}", flush=True))
    print("stopped; data is kept in " + str(project.state / "data") if stopped else "nothing was running")
    return 0


def _status(project: Project, *, as_json: bool) -> int:
    """0 when everything is ready, 1 otherwise."""
    if _runtime(project) == "docker":
        docker.status(project)
        return 0
    rows = status(project.state / "run")
    if as_json:
        print(json.dumps([asdict(row) | {"log": str(row.log)} for row in rows], indent=2))
    elif rows:
        _table(rows)
    else:
        print("nothing runs; `make up` starts the stack")
    return 0 if rows and all(row.state is State.READY for row in rows) else 1


def _logs(project: Project, options: argparse.Namespace) -> int:
    if _runtime(project) == "docker":
        docker.logs(project, options.part, options.lines, follow=options.follow)
        return 0
    known = [row.part for row in status(project.state / "run")]
    if options.part not in known:
        listed = ", ".join(known) or "none; `make up` starts the stack"
        print(f"no part {options.part!r}; there are {listed} (make logs PART=…)", file=sys.stderr)
        return 2
    for line in logs(project.state / "run", options.part, options.lines, options.follow):
        print(line)
    return 0


def _runtime(project: Project) -> str:
    try:
        return (project.state / RUNTIME_FILE).read_text().strip()
    except FileNotFoundError:
        return "native"


def _table(rows: list[PartStatus]) -> None:
    show(
        ("part", "state", "url", "version", "pid", "up", "restarts", "memory"),
        [
            (
                row.part,
                f"{row.state}" + (f" ({row.detail})" if row.detail else ""),
                row.url,
                row.version,
                str(row.pid or ""),
                _ago(row.uptime_seconds) if row.pid else "",
                str(row.restarts),
                f"{row.rss_bytes / 1e6:.0f} MB" if row.rss_bytes else "",
            )
            for row in rows
        ],
    )


def _ago(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
