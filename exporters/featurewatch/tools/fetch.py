"""Fetching packages into the project's own folder: verified, complete or not at all, once."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from featurewatch.tools.errors import ToolError
from featurewatch.tools.private_apt import for_this_machine

MANIFEST: Final = "manifest.json"


class Apt(Protocol):
    """What fetching needs of apt."""

    repository: str

    def update(self) -> None: ...
    def download(self, packages: Iterable[str]) -> dict[str, Path]: ...


@dataclass(frozen=True, slots=True)
class Package:
    """What was fetched: kept beside the unpacked files as `manifest.json`."""

    package: str
    version: str
    sha256: str
    fetched: str
    """UTC, ISO 8601."""
    repository: str


def fetch(
    packages: Iterable[str],
    tools_folder: Path,
    say: Callable[[str], None] = lambda _: None,
    apt_in: Callable[[Path], Apt] = for_this_machine,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Package]:
    """Unpack the packages into `tools_folder/debian/<package>`, replacing what is there.

    Everything is downloaded and unpacked aside first; each package then appears by one rename, so a reader sees the
    old one or the new one, and an interrupted run leaves nothing behind that could be taken for a package.
    The caller holds the folder's lock. Raises ToolError.
    """
    wanted = tuple(dict.fromkeys(packages))
    tools_folder.mkdir(parents=True, exist_ok=True)
    for leftover in tools_folder.glob(".aside-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".aside-", dir=tools_folder) as aside:
        apt = apt_in(Path(aside) / "apt")
        say(f"fetching {', '.join(wanted)} from {apt.repository}")
        apt.update()
        archives = apt.download(wanted)
        fetched = []
        for package, archive in archives.items():
            _require_libc(package, _field(archive, "Depends"))
            unpacked = Path(aside) / "unpacked" / package
            _unpack(archive, unpacked)
            entry = Package(
                package=package,
                version=_field(archive, "Version"),
                sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
                fetched=now().isoformat(timespec="seconds"),
                repository=_without_password(apt.repository),
            )
            (unpacked / MANIFEST).write_text(json.dumps(asdict(entry), indent=2) + "\n")
            fetched.append(entry)
        for entry in fetched:
            _put(Path(aside), tools_folder / "debian" / entry.package, entry.package)
            say(f"fetched {entry.package} {entry.version} (sha256 {entry.sha256[:16]}…)")
    return fetched


def fetched_packages(tools_folder: Path) -> list[Package]:
    """What the folder holds, by its manifests."""
    return [
        Package(**json.loads(manifest.read_text())) for manifest in sorted(tools_folder.glob(f"debian/*/{MANIFEST}"))
    ]


def libc_version() -> tuple[int, ...] | None:
    """This machine's glibc, or None where the C library is another one."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return None
    found = re.fullmatch(r"glibc (\d+(?:\.\d+)*)", name or "")
    return _numbers(found.group(1)) if found else None


def _require_libc(package: str, depends: str, have: Callable[[], tuple[int, ...] | None] = libc_version) -> None:
    needed = re.search(r"\blibc6 \(>= ([\d.]+)", depends)
    if needed is None:
        return
    mine = have()
    if mine is None:
        raise ToolError(f"{package} needs the GNU C library {needed.group(1)}, and this machine's is another one")
    if mine < _numbers(needed.group(1)):
        raise ToolError(
            f"{package} needs the GNU C library {needed.group(1)} or newer; this machine has {'.'.join(map(str, mine))}"
        )


def _numbers(dotted: str) -> tuple[int, ...]:
    return tuple(int(part) for part in dotted.split(".") if part)


def _unpack(archive: Path, into: Path) -> None:
    into.mkdir(parents=True)
    _dpkg("dpkg", "-x", str(archive), str(into))


def _field(archive: Path, field: str) -> str:
    return _dpkg("dpkg-deb", "--field", str(archive), field).strip()


def _dpkg(*command: str) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode != 0:
        raise ToolError(f"`{' '.join(command)}` failed: {answer.stderr.strip()}")
    return answer.stdout


def _put(aside: Path, place: Path, package: str) -> None:
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.rename(aside / f"replaced-{package}")
    (aside / "unpacked" / package).rename(place)


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
