"""One part of a running stack taken away and brought back, as a failure would and a repair does."""

from __future__ import annotations

from pathlib import Path

from featurewatch.native import supervisor
from featurewatch.native.errors import StackError
from featurewatch.native.records import RunFolder
from featurewatch.native.supervisor import Supervisor

STOP_SECONDS = 30.0


def stop_part(run_dir: Path, name: str) -> None:
    """Stop it, and keep it from being restarted. Raises StackError."""
    _running(run_dir).stop(name, STOP_SECONDS)


def start_part(run_dir: Path, name: str) -> None:
    """Start it again; it is supervised as before. Raises StackError."""
    _running(run_dir).start(name)


def _running(run_dir: Path) -> Supervisor:
    running = supervisor.connect(RunFolder(run_dir))
    if running is None:
        raise StackError("nothing runs; `make up` starts the stack")
    return running
