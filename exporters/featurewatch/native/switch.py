"""One part of a running stack taken away and brought back, as a failure would and a repair does."""

from __future__ import annotations

from pathlib import Path

from featurewatch.native import supervisor
from featurewatch.native.errors import StackError
from featurewatch.native.records import RunFolder
from featurewatch.native.supervisor import Supervisor

STOP_SECONDS = 30.0
"""How long a part may take to stop before it is killed."""


def stop_part(run_dir: Path, name: str) -> None:
    """Stop it, and keep it from being restarted; `start_part` or `up` brings it back. Raises StackError."""
    _running(run_dir, name).stop(name, STOP_SECONDS)


def start_part(run_dir: Path, name: str) -> None:
    """Start it again; it is supervised as before. Raises StackError."""
    _running(run_dir, name).start(name)


def _running(run_dir: Path, name: str) -> Supervisor:
    running = supervisor.connect(RunFolder(run_dir))
    if running is None:
        raise StackError("nothing runs; `make up` starts the stack")
    known = running.states()
    if name not in known:
        raise StackError(f"no part is called {name}; there are: {', '.join(known)}")
    return running
