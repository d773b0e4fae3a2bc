"""What the runner writes down in the run folder, so that any later command can go on from there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from featurewatch import whole_file
from featurewatch.native.launch import record_path
from featurewatch.native.part import Part, from_json, to_json
from featurewatch.native.process import Identity


@dataclass(frozen=True, slots=True)
class Recorded:
    """A part as it was last asked for, and the fingerprints of that."""

    part: Part
    command: str
    watched: str


@dataclass(frozen=True, slots=True)
class Started:
    """The process that a part last became."""

    process: Identity
    starts: int
    """How often it was started since somebody asked for it; one less is the number of restarts."""


@dataclass(frozen=True, slots=True)
class Supervising:
    """The supervisor of a run folder."""

    process: Identity
    socket: Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The stack that was last asked for."""

    order: tuple[str, ...]
    """The names of its parts as they are started."""
    log_dir: Path

    def log(self, name: str) -> Path:
        """The log file of a part."""
        return self.log_dir / f"{name}.log"


class RunFolder:
    """The files under one run folder. Only the user may read them: they hold the environment of the parts."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.parts = self.path / "parts"
        self.lock = self.path / "lock"
        self.configuration = self.path / "supervisord.conf"
        self.pid_file = self.path / "supervisord.pid"
        self._supervising = self.path / "supervisor.json"
        self._layout = self.path / "stack.json"

    def make(self) -> None:
        """Create it, closed to other users."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.parts.mkdir(exist_ok=True)
        for folder in (self.path, self.parts):
            folder.chmod(0o700)

    def spec(self, name: str) -> Path:
        return self.parts / f"{name}.json"

    def write_part(self, part: Part, watched: str) -> None:
        """Write down what the part's next start will be."""
        values = {"part": to_json(part), "command": part.command_fingerprint(), "watched": watched}
        _write(self.spec(part.name), values)

    def recorded(self, name: str) -> Recorded | None:
        """The part as last asked for; None if never, or if its file cannot be understood."""
        values = _read(self.spec(name))
        try:
            return Recorded(from_json(values["part"]), str(values["command"]), str(values["watched"]))
        except (KeyError, TypeError, ValueError):
            return None

    def recorded_names(self) -> tuple[str, ...]:
        """Every part that has a file, in alphabetical order."""
        return tuple(sorted(path.stem for path in self.parts.glob("*.json")))

    def started(self, name: str) -> Started | None:
        """The process that the part last became; it may have ended since."""
        values = _read(record_path(self.spec(name)))
        try:
            return Started(
                Identity(int(values["pid"]), int(values["ticks"]), str(values["boot"])), int(values["starts"])
            )
        except (KeyError, TypeError, ValueError):
            return None

    def forget_started(self, name: str) -> None:
        """Begin counting starts anew."""
        record_path(self.spec(name)).unlink(missing_ok=True)

    def forget_part(self, name: str) -> None:
        """The part no longer belongs to the stack."""
        self.forget_started(name)
        self.spec(name).unlink(missing_ok=True)

    def write_layout(self, layout: Layout) -> None:
        """Write down which stack is asked for; it stays when the stack is stopped, for `logs`."""
        _write(self._layout, {"order": layout.order, "log_dir": str(layout.log_dir)})

    def layout(self) -> Layout:
        """The stack last asked for; one without parts if there never was one."""
        values = _read(self._layout)
        try:
            return Layout(tuple(values["order"]), Path(values["log_dir"]))
        except (KeyError, TypeError):
            return Layout((), self.path)

    def write_supervising(self, supervising: Supervising) -> None:
        """Write down who supervises, and where to talk to it."""
        _write(self._supervising, {"process": asdict(supervising.process), "socket": str(supervising.socket)})

    def supervising(self) -> Supervising | None:
        """The supervisor that was last started and not stopped; it may be gone."""
        values = _read(self._supervising)
        try:
            return Supervising(Identity(**values["process"]), Path(values["socket"]))
        except (KeyError, TypeError):
            return None

    def discard_socket(self, socket: Path) -> None:
        """Remove the supervisor's socket, and its folder where it had to have one of its own."""
        socket.unlink(missing_ok=True)
        if socket.parent != self.path and socket.parent.name.startswith("featurewatch-"):
            shutil.rmtree(socket.parent, ignore_errors=True)

    def forget_supervising(self) -> None:
        """After a clean stop, or before a new start. The parts' files stay: they say what the last stack was."""
        supervising = self.supervising()
        if supervising is not None:
            self.discard_socket(supervising.socket)
        for path in (self._supervising, self.pid_file):
            path.unlink(missing_ok=True)
        for name in self.recorded_names():
            self.forget_started(name)


def _write(path: Path, values: Mapping[str, Any]) -> None:
    whole_file.write(path, json.dumps(values, indent=1).encode(), mode=0o600)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
