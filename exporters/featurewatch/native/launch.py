"""Becomes one part of the stack: run by the supervisor as a script, `python -I -S launch.py parts/NAME.json`.

It writes down who it is and then turns into the part by exec, so the pid that the supervisor knows is the part's own.
Commands, paths and environment come from a JSON file, because in the supervisor's configuration a space before `;` or
`#` begins a comment and `%` is a placeholder. The record is what finds the process again if the supervisor itself is
killed. Standard library only: it runs at every start of every part.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

RUN_DIR_VARIABLE = "FEATUREWATCH_RUN_DIR"
"""Environment variable of every process of a stack: the absolute path of its run folder."""

LAUNCHER_VARIABLE = "FEATUREWATCH_LAUNCHER"
"""Environment variable of the supervisor: the command that runs this script."""


def start_ticks(pid: int) -> int | None:
    """When the process was started, in clock ticks since boot; None if it is gone. Pid and ticks make an identity."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def boot_id() -> str:
    """Tells this boot from every other one, so that pids of the last one are not believed."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def record_path(spec: Path) -> Path:
    """Where the part whose specification is `spec` writes down who it is."""
    return spec.with_suffix(".started")


def _write_record(spec: Path) -> None:
    path = record_path(spec)
    try:
        starts = int(json.loads(path.read_text())["starts"])
    except (OSError, ValueError, KeyError, TypeError):
        starts = 0
    record = {
        "pid": os.getpid(),
        "ticks": start_ticks(os.getpid()),
        "boot": boot_id(),
        "starts": starts + 1,
        "at": time.time(),
    }
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(json.dumps(record))
    unfinished.replace(path)


def main(arguments: list[str]) -> int:
    """Turn into the part; returns only on failure."""
    spec = Path(arguments[0])
    part: dict[str, Any] = json.loads(spec.read_text())["part"]
    _write_record(spec)
    argv = part["argv"]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SUPERVISOR_") and name != LAUNCHER_VARIABLE
    }
    try:
        os.chdir(part["cwd"])
        os.execvpe(argv[0], argv, {**kept, **part["env"]})  # noqa: S606
    except OSError as fault:
        sys.stderr.write(f"cannot start {argv[0]} in {part['cwd']}: {fault.strerror}\n")
    return 127


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
