"""The lock between processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from featurewatch.tools.lock import Occupied, exclusive

_HOLD = """
import fcntl, sys
handle = open(sys.argv[1], "w")
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


def test_a_second_process_waits_is_told_so_once_and_gives_up_in_time(tmp_path: Path) -> None:
    told: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = exclusive(tmp_path / "lock", 0.3, waiting=lambda: told.append("waiting"))
        with pytest.raises(Occupied, match=r"lock is held by another process for more than 0\.3 s"), waiting:
            pass
        holder.kill()
    assert told == ["waiting"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
    with exclusive(tmp_path / "lock", 5, waiting=lambda: None):
        assert (tmp_path / "lock").exists()
