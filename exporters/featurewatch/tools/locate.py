"""Finding a binary that is already on the machine, and believing only what it says about itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from featurewatch.tools.catalogue import Tool
from featurewatch.tools.versions import Version, printed

ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Found:
    """A binary that answered `--version` and is new enough."""

    tool: Tool
    path: Path
    version: Version


@dataclass(frozen=True, slots=True)
class Refused:
    """A file by the right name that will not do, and why."""

    tool: Tool
    path: Path
    reason: str


def folders(tools_folder: Path, search_path: str | None = None) -> tuple[Path, ...]:
    """Where binaries are looked for, in order: PATH, `tools_folder/bin` (put there by hand), the fetched packages."""
    listed = os.environ.get("PATH", os.defpath) if search_path is None else search_path
    on_path = [Path(entry) for entry in listed.split(os.pathsep) if entry]
    fetched = sorted(tools_folder.glob("debian/*/usr/bin"))
    return (*on_path, tools_folder / "bin", *fetched)


def locate(tool: Tool, places: Iterable[Path]) -> tuple[Found | None, tuple[Refused, ...]]:
    """The first binary in `places` that is new enough, and those that were passed over on the way."""
    refused: list[Refused] = []
    for path in _candidates(tool, places):
        verdict = examine(tool, path)
        if isinstance(verdict, Found):
            return verdict, tuple(refused)
        refused.append(verdict)
    return None, tuple(refused)


def examine(tool: Tool, path: Path, seconds: float = ANSWER_SECONDS) -> Found | Refused:
    """Ask the binary at `path` what it is."""
    try:
        # Some releases answer on standard error, and a stranger by the same name may wait for input or never end.
        answer = subprocess.run(  # noqa: S603
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        ).stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return Refused(tool, path, f"does not answer --version within {seconds:g} s")
    except OSError as fault:
        return Refused(tool, path, f"cannot be run: {fault.strerror}")
    version = printed(tool.name, answer)
    if version is None:
        first = (answer.strip().splitlines() or ["nothing"])[0][:80]
        return Refused(tool, path, f"does not say that it is {tool.name}; --version answers: {first}")
    if version < tool.minimum:
        return Refused(tool, path, f"version {version} is older than {tool.minimum}")
    return Found(tool, path, version)


def _candidates(tool: Tool, places: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for place in places:
        for command in tool.commands:
            path = shutil.which(command, path=str(place))
            if path is not None and (absolute := Path(path).absolute()) not in seen:
                seen.add(absolute)
                yield absolute
