"""Processes that belong to a stack: recognised without doubt, stopped without remainder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from featurewatch.native.launch import RUN_DIR_VARIABLE, boot_id, start_ticks


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, told from any later one that got the same pid."""

    pid: int
    ticks: int
    boot: str

    def alive(self) -> bool:
        return start_ticks(self.pid) == self.ticks and boot_id() == self.boot

    def uptime_seconds(self) -> float:
        since_boot = float(Path("/proc/uptime").read_text().split()[0])
        return max(0.0, since_boot - self.ticks / os.sysconf("SC_CLK_TCK"))

    def send(self, what: signal.Signals) -> None:
        """Signal this process and no other, even if it ends and its pid is given away meanwhile."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, what)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


def identity(pid: int) -> Identity | None:
    """The process that has this pid now."""
    ticks = start_ticks(pid)
    return None if ticks is None else Identity(pid, ticks, boot_id())


def belonging_to(run_dir: Path) -> set[Identity]:
    """Every process that was started by the stack in `run_dir`, by the mark in its environment.

    The mark is inherited, so children of parts are found too, and what is left of a stack whose supervisor was killed.
    This process and those above it are left out: a command may be run from within a part.
    """
    mark = f"{RUN_DIR_VARIABLE}={run_dir.absolute()}".encode()
    above = _ancestors()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in above:
            try:
                marked = mark in (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # ended meanwhile, or another user's
                continue
            if marked and (process := identity(int(entry.name))) is not None:
                found.add(process)
    return found


def stop(processes: Iterable[Identity], grace_seconds: float = 15.0, kill_seconds: float = 5.0) -> set[Identity]:
    """Ask the processes to end, kill those that do not within the grace. Returns those that are still there."""
    left = {process for process in processes if process.alive()}
    for what, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, kill_seconds)):
        for process in left:
            process.send(what)
        left = outliving(left, seconds)
    return left


def outliving(processes: set[Identity], seconds: float) -> set[Identity]:
    """Wait until all have ended, at most so long; those that have not."""
    deadline = time.monotonic() + seconds
    left = processes
    while left:
        left = {process for process in left if process.alive()}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def _ancestors() -> set[int]:
    pids = set()
    pid = os.getpid()
    while pid > 0:
        pids.add(pid)
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            break
        pid = int(stat.rpartition(")")[2].split()[1])
    return pids
