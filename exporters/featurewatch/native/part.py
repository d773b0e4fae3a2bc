"""What a stack consists of."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack."""

    name: str
    """Lower case; it is also the name of the log file."""
    argv: tuple[str, ...]
    cwd: Path
    ready_url: str
    """Ready when this answers with 2xx (`http://…`, `https://…`) or accepts a connection (`tcp://host:port`)."""
    ports: tuple[int, ...] = ()
    """TCP ports on loopback that must be free before it starts."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of whoever started the stack."""
    url: str = ""
    """What a person opens; empty: nothing to open."""
    version: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 15
    """How long it may take to stop before it is killed."""
    ready_seconds: float = 60.0
    optional: bool = False
    """Its failure to start is reported, and does not take the stack down."""
    watch: tuple[Path, ...] = ()
    """Configuration files, or folders of them: when their contents change, the part is reloaded or restarted."""
    reload_url: str = ""
    """POSTed to when only `watch` changed; without it, the part is restarted."""
    ca_file: str = ""
    """The authority to trust where its URLs begin with `https`."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"part name {self.name!r}: lower-case letters, digits, _ and - only, a letter first")
        if not self.argv:
            raise ValueError(f"part {self.name} has no command")

    def command_fingerprint(self) -> str:
        """Changes whenever the running process no longer is what is asked for."""
        parts = [list(self.argv), str(self.cwd), sorted(self.env.items()), self.version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def watched_fingerprint(self) -> str:
        """Changes whenever the contents, names or number of the watched files change."""
        digest = hashlib.sha256()
        for root in self.watch:
            files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
            for file in files:
                if "__pycache__" not in file.parts:
                    contents = file.read_bytes()
                    digest.update(f"{file}\0{len(contents)}\0".encode())
                    digest.update(contents)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Stack:
    """The parts, in the order in which they are started, and where the runner keeps its own files."""

    parts: tuple[Part, ...]
    run_dir: Path
    log_dir: Path

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two parts go by the same name: {', '.join(twice)}")


def to_json(part: Part) -> dict[str, Any]:
    """For the part's file in the run folder."""
    return {
        **asdict(part),
        "cwd": str(part.cwd),
        "env": dict(part.env),
        "watch": [str(path) for path in part.watch],
        "stop_signal": part.stop_signal.name,
    }


def from_json(values: Mapping[str, Any]) -> Part:
    """The reverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
    return Part(
        **{
            **values,
            "argv": tuple(values["argv"]),
            "cwd": Path(values["cwd"]),
            "ports": tuple(values["ports"]),
            "watch": tuple(Path(path) for path in values["watch"]),
            "stop_signal": signal.Signals[values["stop_signal"]],
        }
    )
