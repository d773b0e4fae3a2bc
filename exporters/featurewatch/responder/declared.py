"""What objectives.yaml says, for the responder: read again when the file changes, the last good one kept."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from featurewatch.faults import Faulty
from featurewatch.objectives.load import load
from featurewatch.people.model import People
from featurewatch.rules.plan import Plan, plan

log = logging.getLogger(__name__)


class NothingDeclared(Exception):
    """There is no objectives.yaml that can be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Version:
    modified: int
    size: int


class Declared:
    """One file. Thread-safe."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version: _Version | None = None
        self._plan: Plan | None = None
        self._fault = ""

    def plan(self) -> Plan:
        """What was decided from it. Raises NothingDeclared."""
        if self._path is None:
            raise NothingDeclared("the responder was started without --objectives; start it with objectives.yaml")
        with self._lock:
            self._read(self._path)
            if self._plan is None:
                raise NothingDeclared(self._fault)
            return self._plan

    def people(self) -> People:
        """Raises NothingDeclared."""
        return self.plan().objectives.handling.people

    def _read(self, path: Path) -> None:
        try:
            status = path.stat()
            version = _Version(status.st_mtime_ns, status.st_size)
            if version == self._version:
                return
            # Noted before it is read: a file that cannot be used is not read at each request.
            self._version = version
            self._plan = plan(load(path, path.name), path.name)
        except (OSError, Faulty) as error:
            self._fault = f"{path.name} cannot be used; `featurewatch check` says why"
            log.warning("%s: %s", self._fault, error)
