"""`featurewatch up`, `down`, `status`, `logs` and `reload`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from featurewatch.commands import docker, runtime
from featurewatch.commands.secrets import ensure_demo_secrets
from featurewatch.commands.table import show, show_json, tell
from featurewatch.commands.tools import provided
from featurewatch.deployment import Deployment, ports_from, ports_of
from featurewatch.native.down import down
from featurewatch.native.errors import StackError
from featurewatch.native.logs import logs
from featurewatch.native.status import PartStatus, State, status
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import Plan, plan

NOTHING_RUNS = "nothing runs; `make up` starts the stack"


def run(project: Project, options: argparse.Namespace) -> int:
    """Dispatch to one of the five."""
    match options.command:
        case "up":
            return _up(project, options.runtime, with_example=not options.without_example, as_json=options.json)
        case "reload":
            return _reload(project, as_json=options.json)
        case "down":
            return _down(project)
        case "status":
            return _status(project, as_json=options.json)
        case _:
            return _logs(project, options.part, options.lines, follow=options.follow)


def _up(project: Project, wanted: str, *, with_example: bool, as_json: bool) -> int:
    began = time.monotonic()
    decided = _decided(project)
    ports = ports_from(os.environ)
    project.make_state()
    chosen = runtime.choose(project, wanted)
    if chosen == "docker" and decided.objectives.tls is not None:
        raise StackError(
            "objectives.yaml asks for `tls`, and deploy/docker-compose.yml speaks plain HTTP on its own network; "
            "`make up RUNTIME=native` starts the stack with it"
        )
    ensure_demo_secrets(project, decided)
    if chosen == "docker":
        runtime.record(project, chosen)
        docker.up(project)
        docker.status(project, as_json=as_json)
        return 0
    here = Deployment(project, decided, provided(project), ports, with_example)
    runtime.record(project, chosen)
    rows = here.up(progress=tell)
    if as_json:
        _json(rows)
        return 0
    _table(rows)
    note = here.launch.note
    print(f"\nready after {time.monotonic() - began:.1f} s" + (f"; {note}" if note else ""))
    if with_example:
        print("`make demo` tells a story on it; `make down` stops it and keeps the data")
    return 0


def _reload(project: Project, *, as_json: bool) -> int:
    """The stack that runs, where it listens, takes the configuration as it is now."""
    if runtime.recorded(project) == "docker":
        raise StackError("reload is for the native stack; with Docker: `make down up`")
    decided = _decided(project)
    run_dir = project.state / "run"
    running = {row.part for row in status(run_dir) if row.pid}
    if not running:
        raise StackError(NOTHING_RUNS)
    ensure_demo_secrets(project, decided)
    ports = ports_of(run_dir, ports_from(os.environ))
    rows = Deployment(project, decided, provided(project), ports, with_example="inbox" in running).up(progress=tell)
    _json(rows) if as_json else _table(rows)
    return 0


def _down(project: Project) -> int:
    if runtime.recorded(project) == "docker":
        docker.down(project)
        return 0
    stopped = down(project.state / "run", progress=tell)
    print(f"stopped; data is kept in {project.state / 'data'}" if stopped else "nothing was running")
    return 0


def _status(project: Project, *, as_json: bool) -> int:
    """0 when everything is ready, 1 otherwise."""
    if runtime.recorded(project) == "docker":
        docker.status(project, as_json=as_json)
        return 0 if docker.runs(project) else 1
    rows = status(project.state / "run")
    if as_json:
        _json(rows)
    elif rows:
        _table(rows)
    else:
        print(NOTHING_RUNS)
    return 0 if rows and all(row.state is State.READY for row in rows) else 1


def _logs(project: Project, part: str, lines: int, *, follow: bool) -> int:
    if runtime.recorded(project) == "docker":
        docker.logs(project, part, lines, follow=follow)
        return 0
    run_dir = project.state / "run"
    if not part:
        known = ", ".join(row.part for row in status(run_dir)) or f"none: {NOTHING_RUNS}"
        print(f"which part? `make logs PART=…`; there are: {known}", file=sys.stderr)
        return 2
    for line in logs(run_dir, part, lines, follow):
        print(line, flush=follow)
    return 0


def _decided(project: Project) -> Plan:
    return plan(load(project.objectives, OBJECTIVES), OBJECTIVES)


def _json(rows: Sequence[PartStatus]) -> None:
    show_json([asdict(row) for row in rows])


def _table(rows: Sequence[PartStatus]) -> None:
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
