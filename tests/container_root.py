"""A root as a container has it: the image's binary and the mounts of docker-compose.yml, and nothing else to read.

Made of bind mounts in namespaces of its own, so an ordinary user can do it and nothing outside sees it. Mounts are made
in Docker's way: in the order of their depth, read-only, and never into a folder that is not there.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_ENTER = "/bin/env"
_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount", "--net")


@cache
def possible() -> bool:
    """Whether this machine lets us make namespaces and mounts in them."""
    try:
        trial = subprocess.run([*_NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return trial.returncode == 0


@dataclass(frozen=True)
class Root:
    """What is seen inside."""

    binaries: Mapping[str, Path]
    """Path inside to the binary on this machine."""
    mounts: Mapping[str, Path]
    """As in docker-compose.yml: folder inside to folder on this machine, all read-only."""
    image: Mapping[str, Path] = field(default_factory=dict)
    """More of what the image brings."""
    writable: Sequence[str] = ()
    """Folders that stand for volumes."""
    working_dir: str = "/"

    def command(self, root: Path, *inside: str) -> list[str]:
        """The command that runs `inside` in this root, to be made at the empty folder `root`."""
        return [*_NAMESPACES, "sh", "-euc", self._script(root), "sh", *inside]

    def run(self, root: Path, *inside: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(root, *inside), capture_output=True, text=True, timeout=timeout, check=False)

    def _script(self, root: Path) -> str:
        lines = [
            f"root={shlex.quote(str(root))}",
            'mount -t tmpfs none "$root"',
            # The C library and the loader stand for the image's own.
            'mkdir -p "$root/usr/lib" "$root/proc" "$root/dev" "$root/etc" "$root/tmp" "$root/bin"',
            'mount --rbind /usr/lib "$root/usr/lib"',
            'for lib in lib lib64; do ln -s "usr/$lib" "$root/$lib"; done',
            'if [ -d /usr/lib64 ]; then mkdir "$root/usr/lib64"; mount --rbind /usr/lib64 "$root/usr/lib64"; fi',
            'mount --rbind /proc "$root/proc"',
            'mount --rbind /dev "$root/dev"',
        ]
        for place, source in {_ENTER: Path("/usr/bin/env"), **self.binaries}.items():
            lines += [_mkdir(str(Path(place).parent)), f'touch "$root"{shlex.quote(place)}', _bind(source, place)]
        for place, source in self.image.items():
            lines += [_mkdir(place), _bind(source, place)]
        lines += [_mkdir(place) for place in (*self.writable, self.working_dir)]
        mounted: list[str] = []
        for place, source in sorted(self.mounts.items(), key=lambda item: item[0].count("/")):
            if any(place.startswith(f"{outer}/") for outer in mounted):
                # A read-only mount lies there: Docker could make no folder in it either.
                lines.append(f'[ -d "$root"{shlex.quote(place)} ] || {{ echo "no {place} to mount on" >&2; exit 9; }}')
            else:
                lines.append(_mkdir(place))
            lines += [_bind(source, place), _read_only(place)]
            mounted.append(place)
        lines.append(f'exec chroot "$root" {_ENTER} -C {shlex.quote(self.working_dir)} "$@"')
        return "\n".join(lines)


def _mkdir(place: str) -> str:
    return f'mkdir -p "$root"{shlex.quote(place)}'


def _bind(source: Path, place: str) -> str:
    return f'mount --rbind {shlex.quote(str(source))} "$root"{shlex.quote(place)}'


def _read_only(place: str) -> str:
    # In a user namespace, flags that the machine's own mount has must be given again.
    inside = f'"$root"{shlex.quote(place)}'
    return f"mount -o remount,bind,ro {inside} 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev {inside}"
