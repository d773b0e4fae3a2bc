"""How the stack is: as it really is, not as it was meant to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Final

import psutil

from featurewatch.native import readiness, supervisor
from featurewatch.native.part import Part
from featurewatch.native.process import Identity
from featurewatch.native.records import RunFolder, Started

SUPERVISOR: Final = "supervisor"
"""The name of the first row: the process that watches over the others."""


class State(StrEnum):
    """What a part is doing."""

    READY = "ready"
    """Running, and answers."""
    STARTING = "starting"
    """Running, and does not answer yet or any more."""
    WAITING = "waiting to restart"
    """It ended at once, several times perhaps; supervisor waits longer each time."""
    FAILED = "failed"
    """It ended at once so often that supervisor gave up; `up` tries again."""
    UNSUPERVISED = "unsupervised"
    """Running although its supervisor is gone: nobody would restart it. `up` and `down` both put that right."""
    STOPPED = "stopped"


_WITHOUT_PROCESS: Final = {"BACKOFF": State.WAITING, "FATAL": State.FAILED}


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One row of `make status`."""

    part: str
    url: str
    version: str
    pid: int | None
    state: State
    uptime_seconds: float
    restarts: int
    rss_bytes: int
    """Resident memory of the process and its children; 0 if it has none."""
    log: Path
    detail: str
    """Why it is not ready; empty if it is."""


def status(run_dir: Path) -> list[PartStatus]:
    """The supervisor and every part of the stack in `run_dir`, in starting order; empty if there never was one."""
    folder = RunFolder(run_dir)
    layout = folder.layout()
    supervising = folder.supervising()
    running = supervisor.connect(folder)
    states = running.states() if running is not None else None
    rows = []
    if supervising is not None:
        rows.append(_supervisor_row(supervising.process, running is not None, layout.log("supervisord")))
    for name in layout.order:
        recorded = folder.recorded(name)
        if recorded is not None:
            rows.append(_part_row(recorded.part, folder.started(name), states, layout.log(name)))
    return rows


def _supervisor_row(process: Identity, answers: bool, log: Path) -> PartStatus:
    alive = process.alive()
    if answers:
        state, detail = State.READY, ""
    elif alive:
        state, detail = State.STARTING, "alive, but does not answer; `up` starts a new one"
    else:
        state, detail = (
            State.STOPPED,
            f"pid {process.pid} ended without stopping its parts; `up` or `down` puts it right",
        )
    return PartStatus(
        part=SUPERVISOR,
        url="",
        version=installed_version("supervisor"),
        pid=process.pid if alive else None,
        state=state,
        uptime_seconds=process.uptime_seconds() if alive else 0.0,
        restarts=0,
        rss_bytes=resident_bytes(process.pid, children=False) if alive else 0,
        log=log,
        detail=detail,
    )


def _part_row(
    part: Part, started: Started | None, states: Mapping[str, Mapping[str, Any]] | None, log: Path
) -> PartStatus:
    process = started.process if started is not None and started.process.alive() else None
    state, detail = _state(part, process, None if states is None else states.get(part.name, {}))
    return PartStatus(
        part=part.name,
        url=part.url,
        version=part.version,
        pid=process.pid if process else None,
        state=state,
        uptime_seconds=process.uptime_seconds() if process else 0.0,
        restarts=max(0, started.starts - 1) if started is not None else 0,
        rss_bytes=resident_bytes(process.pid) if process else 0,
        log=log,
        detail=detail,
    )


def _state(part: Part, process: Identity | None, known: Mapping[str, Any] | None) -> tuple[State, str]:
    if process is None:
        if known is None:
            return State.STOPPED, ""
        return _WITHOUT_PROCESS.get(str(known.get("statename")), State.STOPPED), str(known.get("spawnerr", ""))
    if known is None:
        return State.UNSUPERVISED, "its supervisor is gone; `up` or `down` puts it right"
    reason = readiness.probe(part.ready_url, part.ca_file)
    return (State.STARTING, reason) if reason else (State.READY, "")


def resident_bytes(pid: int, children: bool = True) -> int:
    """Resident memory of a process, with all it has started unless told otherwise; 0 once it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if children else [process]
    except psutil.Error:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return int(total)
