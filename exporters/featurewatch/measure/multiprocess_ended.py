"""What processes left behind when they ended, gathered into one file so that their own can go.

A gathering adds up the files of ended processes, writes the result with the names of these files beside the old one,
puts it in its place and only then removes them. Killed in between, it leaves files whose names are on the list: nobody
counts them again, and the next gathering removes them.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from featurewatch.measure.multiprocess_file import SUFFIX, Found, opened
from featurewatch.measure.multiprocess_format import Damaged, Description, Shared, description, records
from featurewatch.measure.multiprocess_merge import Key, Sum, exact_parts

ENDED = "ended.json"
LOCK = "lock"
HEADING = "featurewatch-ended-1 "
ABANDONED_SECONDS = 60.0
"""Age from which a file that was never finished is taken for the remains of a killed process."""

_turn = threading.Lock()

Records = list[tuple[Description, Shared]]


@dataclass(frozen=True, slots=True)
class Ended:
    """Counts and sums of all processes that have ended and been gathered."""

    token: str = ""
    processes: int = 0
    gathered: frozenset[str] = frozenset()
    """Files that are included and may still be there."""
    series: dict[Key, Sum] = field(default_factory=dict)


@contextmanager
def locked(folder: Path, how: int, patience: float) -> Iterator[bool]:
    """Hold the folder's lock, shared for a scrape or exclusive for a gathering; False when it was not to be had.

    It goes with the process that holds it, and a forked child does not inherit it. Such a lock is the process's, not
    the thread's, so threads take turns first. `patience` is in seconds.
    """
    until = time.monotonic() + patience
    turn = _turn
    if not turn.acquire(timeout=patience):
        yield False
        return
    with ExitStack() as stack:
        stack.callback(turn.release)
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        stack.callback(os.close, fd)
        yield _locked(fd, how, until)


def _locked(fd: int, how: int, until: float) -> bool:
    while True:
        try:
            fcntl.lockf(fd, how | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.001)
        else:
            return True


def renew_turn() -> None:
    """In a forked child: the thread whose turn it was is not there."""
    global _turn
    _turn = threading.Lock()


def load(folder: Path, known: Ended | None = None) -> Ended:
    """What was gathered so far; `known` if it is still the same. Damaged when the file is not ours."""
    try:
        with opened(folder / ENDED, lock=False) as file:
            data = file.read()
    except FileNotFoundError:
        return Ended()
    except OSError as error:
        raise Damaged(str(error)) from error
    try:
        heading, _, body = data.decode().partition("\n")
        token = heading.removeprefix(HEADING)
        if not heading.startswith(HEADING):
            raise Damaged(f"{ENDED} is no file of this version")
        if known is not None and token == known.token:
            return known
        raw = json.loads(body)
        series = [_sum(item) for item in raw["series"]]
        gathered = frozenset(str(name) for name in raw["gathered"])
        processes = int(raw["processes"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{ENDED} cannot be read: {error}") from error
    return Ended(token, processes, gathered, {(held.of.family.name, held.of.labels): held for held in series})


def gather(folder: Path, patience: float = 0.0) -> bool:
    """Fold the files of ended processes into one and remove them. False when another process holds the lock.

    OSError when the folder cannot be written; nothing is lost then.
    """
    with ExitStack() as stack:
        if not stack.enter_context(locked(folder, fcntl.LOCK_EX, patience)):
            return False
        _remove_abandoned(folder)
        try:
            before = load(folder)
        except Damaged:
            before = Ended()
        found: list[tuple[Path, Records]] = []
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            if path.name in before.gathered:
                path.unlink(missing_ok=True)
                continue
            try:
                file = stack.enter_context(opened(path))
                if file.ended:
                    found.append((path, readings(file)))
            except (Damaged, OSError):
                continue  # not ours: a scrape says so
        if found:
            _replace(folder, before, found)
            for path, _ in found:
                path.unlink(missing_ok=True)
    return True


def readings(file: Found, tries: int = 20) -> Records:
    """The readings in a file. While its process is alive, a series that is being written is looked at again.

    Damaged when that does not help.
    """
    for left in reversed(range(tries)):
        try:
            found = list(records(file.read()))
        except Damaged:
            if file.ended or not left:
                raise
            continue
        whole = [(of, reading) for of, reading in found if reading is not None]
        if len(whole) == len(found):
            # The later record of a series that needed more room replaces the earlier one.
            return list({(of.family.name, of.labels): (of, reading) for of, reading in whole}.values())
    raise Damaged("a series without a whole reading")


def _replace(folder: Path, before: Ended, found: list[tuple[Path, Records]]) -> None:
    sums = {key: Sum(held.of, held.cumulative, list(held.parts), held.native) for key, held in before.series.items()}
    for _, held in found:
        for of, reading in held:
            if of.family.kind == "gauge":
                continue  # it says how things are, and with its process they are no more
            key = of.family.name, of.labels
            if key in sums and sums[key].of.edges != of.edges:
                sums[key] = Sum(of)  # the program was changed since; newer edges win
            sums.setdefault(key, Sum(of)).add(reading)
    raw = {
        "processes": before.processes + len(found),
        "gathered": [path.name for path, _ in found],
        "series": [_raw(held) for held in sums.values()],
    }
    new = folder / f"{secrets.token_hex(8)}.new"
    new.write_text(f"{HEADING}{secrets.token_hex(16)}\n{json.dumps(raw, separators=(',', ':'))}\n")
    new.replace(folder / ENDED)


def _raw(held: Sum) -> dict[str, object]:
    native = None if held.native is None else sorted(held.native.items())
    parts = exact_parts(held.parts)
    return {**held.of.as_json(), "cumulative": held.cumulative, "parts": parts, "native": native}


def _sum(raw: dict[str, object]) -> Sum:
    of = description(raw)
    cumulative = tuple(int(count) for count in raw["cumulative"])  # type: ignore[attr-defined]  # else a TypeError
    parts = [float(part) for part in raw["parts"]]  # type: ignore[attr-defined]
    native = raw["native"]
    if len(cumulative) != (0 if of.edges is None else len(of.edges) + 1):
        raise Damaged(f"{of.family.name} has {len(cumulative)} buckets")
    if native is not None:
        native = {int(index): int(count) for index, count in native}  # type: ignore[attr-defined]
    return Sum(of, cumulative, parts, native)


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob("*.new"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()
        except OSError:
            continue
