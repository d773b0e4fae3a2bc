"""Folders of nodes that are no more: each start of Ray makes a node with a new name, and a folder for it."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import time
from pathlib import Path

log = logging.getLogger("featurewatch")

LOCK = "exporter.lock"
OLD_SECONDS = 86_400.0
"""Age below which a folder without an exporter is left alone: its node may be about to get one again."""


def hold(folder: Path) -> int:
    """Mark the folder as one that a living exporter serves, for as long as the descriptor is open. OSError if not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    os.utime(held)
    fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return held


def remove_beside(folder: Path, now: float | None = None) -> list[Path]:
    """Remove the folders beside this one that no exporter has served for a day. Never raises; what was removed."""
    removed = []
    for beside in sorted(folder.parent.iterdir()):
        if beside == folder or not (beside / LOCK).is_file():
            continue
        try:
            held = os.open(beside / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if (time.time() if now is None else now) - os.fstat(held).st_mtime < OLD_SECONDS:
                    continue
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(beside)
                removed.append(beside)
            finally:
                os.close(held)
        except OSError as error:  # somebody serves it, or it is not ours
            log.debug("featurewatch leaves %s: %s", beside, error)
    return removed
