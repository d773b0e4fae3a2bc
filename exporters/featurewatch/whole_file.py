"""Files written whole or not at all: no reader sees half of one, and a full disk leaves what was there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

UNFINISHED = ".unfinished"
"""How the name of a file ends that is being written; one that a killed run left behind is overwritten by the next."""


def write_all(files: Mapping[Path, bytes], mode: int = 0o644) -> None:
    """Write every file aside, and only when all of them are written put each in its place, in the order given.

    Folders are made as needed. Raises OSError that names the file; nothing is in place then unless a rename itself
    failed. The caller keeps others from writing the same files meanwhile.
    """
    with ExitStack() as undo:
        aside = {target: _write_aside(target, content, mode, undo) for target, content in files.items()}
        for target, unfinished in aside.items():
            unfinished.replace(target)


def write(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Write one file, in one step."""
    write_all({target: content}, mode)


def _write_aside(target: Path, content: bytes, mode: int, undo: ExitStack) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}{UNFINISHED}")
    undo.callback(unfinished.unlink, missing_ok=True)
    try:
        # Never through a link that somebody put there, and with its mode from the start: it may hold a secret.
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        # A full disk is told without a name.
        raise OSError(error.errno, error.strerror, str(target)) from error
    return unfinished
