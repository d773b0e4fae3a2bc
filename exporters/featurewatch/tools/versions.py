"""Versions as the binaries print them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_PRINTED = re.compile(r"\bversion[ :=]+v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-~](rc|alpha|beta|pre)[.\d]*)?", re.IGNORECASE)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """Three numbers; a pre-release (`3.5.0-rc.1`) is older than the release of the same numbers."""

    major: int
    minor: int
    patch: int = 0
    pre_release: bool = False

    def __lt__(self, other: Version) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, int, int, bool]:
        return self.major, self.minor, self.patch, not self.pre_release

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + ("-pre" if self.pre_release else "")


def printed(name: str, text: str) -> Version | None:
    """The version in the answer to `--version`, or None if it is not `name` that answered.

    The first line reads `prometheus, version 3.5.3+ds1 (branch: …)`; distributions append to the numbers (`+ds1`), and
    old releases answer on standard error. The name is checked because other programs carry the same file names.
    """
    for line in text.splitlines():
        if line.lower().startswith(name.lower()):
            found = _PRINTED.search(line)
            if found:
                major, minor, patch, pre = found.groups()
                return Version(int(major), int(minor), int(patch or 0), pre is not None)
    return None
