"""Running a command as an ordinary user, from tests that root runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_UID = 65534
_CAN_WORK = (
    "import os, subprocess, sys, psutil, supervisor\n"
    "assert os.geteuid() != 0\n"
    "subprocess.run([sys.executable, '-c', ''], check=True)"
)


@dataclass(frozen=True)
class OrdinaryUser:
    """How to become one."""

    prefix: tuple[str, ...]
    owner: int
    """The uid to which that user's files must belong."""

    def own(self, path: Path) -> None:
        os.chown(path, self.owner, self.owner)


def ordinary_user() -> OrdinaryUser | None:
    """A user without any right of root who can run this very Python; None if this machine has no way to become one.

    Where Python lies in a folder that only root may enter, a user namespace serves: root's own files, none of its
    rights, another uid.
    """
    candidates = (
        OrdinaryUser(("setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups"), _UID),
        OrdinaryUser(("unshare", "--user", f"--map-user={_UID}", f"--map-group={_UID}"), os.geteuid()),
    )
    for candidate in candidates:
        trial = [*candidate.prefix, sys.executable, "-c", _CAN_WORK]
        try:
            if subprocess.run(trial, cwd="/", capture_output=True, check=False).returncode == 0:
                return candidate
        except OSError:
            continue
    return None
