"""Stopping the stack so that nothing is left running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from featurewatch.native import process, supervisor
from featurewatch.native.errors import StackError
from featurewatch.native.process import Identity
from featurewatch.native.records import RunFolder
from featurewatch.native.supervisor import STOPPED_STATES, Supervisor
from featurewatch.tools.lock import Occupied, exclusive

LOCK_SECONDS = 180.0


def down(run_dir: Path, progress: Callable[[str], None] = lambda _: None) -> bool:
    """Stop every process of the stack in `run_dir`; data and logs stay. Returns whether anything was running.

    Works also when the supervisor was killed: what it left behind is found and stopped. Raises StackError.
    """
    folder = RunFolder(run_dir)
    if not folder.path.is_dir():
        return False
    try:
        with exclusive(
            folder.lock, LOCK_SECONDS, waiting=lambda: progress("waiting: another command is at work on this stack")
        ):
            return stop_everything(folder, progress)
    except Occupied as fault:
        raise StackError(str(fault)) from fault


def stop_everything(folder: RunFolder, progress: Callable[[str], None] = lambda _: None) -> bool:
    """What `down` does; the caller holds the lock."""
    running = supervisor.connect(folder)
    if running is not None:
        _stop_supervised(folder, running, progress)
    orphans = sweep(folder, progress, expected=running is not None)
    folder.forget_supervising()
    return running is not None or orphans > 0


def sweep(folder: RunFolder, progress: Callable[[str], None] = lambda _: None, expected: bool = False) -> int:
    """Stop whatever is left of the stack without a supervisor; returns how many processes that were.

    A supervisor that is alive but deaf is killed first: it would start its parts anew as they end.
    """
    supervising = folder.supervising()
    if supervising is not None and supervising.process.alive():
        process.stop({supervising.process}, grace_seconds=0)
    left = leftovers(folder)
    if left and not expected:
        pids = ", ".join(str(item.pid) for item in sorted(left, key=lambda item: item.pid))
        progress(f"stopping what a killed supervisor left behind: pid {pids}")
    remaining = process.stop(left)
    if remaining:
        raise StackError(f"still running: pid {', '.join(str(item.pid) for item in remaining)}; they cannot be killed")
    return len(left)


def leftovers(folder: RunFolder) -> set[Identity]:
    """Every living process of this stack, by the mark in its environment and by the parts' own records."""
    found = process.belonging_to(folder.path)
    for name in folder.recorded_names():
        started = folder.started(name)
        if started is not None and started.process.alive():
            found.add(started.process)
    return found


def _stop_supervised(folder: RunFolder, running: Supervisor, progress: Callable[[str], None]) -> None:
    order = folder.layout().order
    states = running.states()
    for name in sorted(states, key=lambda item: order.index(item) if item in order else -1, reverse=True):
        recorded = folder.recorded(name)
        if states[name]["statename"] not in STOPPED_STATES:
            progress(f"stopping {name}")
        # Also when it has no process at this moment: one in back-off would be started again.
        running.stop(name, recorded.part.stop_seconds if recorded is not None else 15)
    running.shutdown()
    process.outliving({running.process}, seconds=10)
