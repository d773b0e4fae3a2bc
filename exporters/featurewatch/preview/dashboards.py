"""The dashboards of a folder, read again whenever a file changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard, or the reason why a file holds none."""

    file: str
    uid: str
    data: Json
    fault: str = ""

    def entry(self) -> Json:
        """What a list says about it."""
        if self.fault:
            return {"file": self.file, "fault": self.fault}
        about = str(self.data.get("description", "")).split("\n\n")[0]
        tags = [str(tag) for tag in self.data.get("tags", [])]
        return {"uid": self.uid, "title": str(self.data.get("title", self.uid)), "description": about, "tags": tags}


class Boards:
    """All dashboards of a folder. They are few and small, so that none is kept longer than its file stays as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[tuple[int, int], Board]] = {}

    def all(self) -> list[Board]:
        """In the order of their files' names. A folder that is not there has none."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                stat = path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size)
                known = self._read.get(path)
                if known is None or known[0] != stamp:
                    known = self._read[path] = (stamp, _read(path))
                found.append(known[1])
            except OSError as error:
                found.append(Board(path.name, "", {}, f"cannot be read: {error.strerror}"))
        return found

    def find(self, uid: str) -> Board | None:
        """The dashboard with this uid; it never becomes part of a path."""
        return next((board for board in self.all() if board.uid == uid and not board.fault), None)


def _read(path: Path) -> Board:
    try:
        data = json.loads(path.read_bytes())
    except ValueError as error:
        return Board(path.name, "", {}, f"is not JSON: {error}")
    if not isinstance(data, dict) or not isinstance(data.get("uid"), str) or not isinstance(data.get("panels"), list):
        return Board(path.name, "", {}, "is no dashboard: it needs a uid and panels")
    return Board(path.name, data["uid"], data)
