"""From the committed configuration to the one a native run reads: addresses mapped, checked, then put in place.

The committed files name other parts as a compose network does (`prometheus:9090`). A native run has all of them on
loopback, on ports of the user's choice, so each `name:port` is replaced. Nothing else differs, and nothing is put in
place before promtool and amtool have accepted the whole.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from featurewatch.faults import Fault, Faulty

SOURCES = {
    "prometheus/prometheus.yaml": "deploy/prometheus/prometheus.yaml",
    "prometheus/rules": "rules",
    "alertmanager/alertmanager.yaml": "alertmanager/alertmanager.yaml",
    "alertmanager/templates": "alertmanager/templates",
}
"""Place below the staged folder to the committed file, or folder of files, that goes there."""

KEPT = {"prometheus/rules": "*.rules.yaml", "alertmanager/templates": "*.tmpl"}
"""What is taken of a folder."""

SECRETS = "alertmanager/secrets"

Check = Callable[[Path], Sequence[Fault]]
"""Looks at a staged folder before it is put in place."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """`name:port` as the committed files have it, to where that part really listens."""

    replaced: Mapping[str, str]

    def apply(self, text: str) -> str:
        """`text` with every known address replaced; a longer name that ends alike is left alone."""
        if not self.replaced:
            return text
        known = "|".join(re.escape(address) for address in sorted(self.replaced, key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w.-])(?:{known})(?![\w.-])")
        return pattern.sub(lambda match: self.replaced[match[0]], text)


def stage(root: Path, secrets: Path, addresses: Addresses, target: Path, checks: Sequence[Check]) -> None:
    """Build the configuration beside `target`, check it, and only then replace what `target` holds.

    Raises `Faulty` with what the checks found; `target` is then as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _build(root, secrets, addresses, fresh)
        faults = [fault for check in checks for fault in check(fresh)]
        if faults:
            raise Faulty(faults)
        _put_in_place(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _build(root: Path, secrets: Path, addresses: Addresses, fresh: Path) -> None:
    for place, source in SOURCES.items():
        for file, name in _files(root / source, KEPT.get(place)):
            destination = fresh / place / name if name else fresh / place
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_text(addresses.apply(file.read_text(encoding="utf-8")), encoding="utf-8")
    folder = fresh / SECRETS
    folder.mkdir(parents=True, mode=0o700)
    if secrets.is_dir():
        for secret in sorted(path for path in secrets.iterdir() if path.is_file()):
            copy = folder / secret.name
            copy.touch(mode=0o600)
            copy.write_bytes(secret.read_bytes())


def _files(source: Path, pattern: str | None) -> list[tuple[Path, str]]:
    if pattern is not None:
        return [(path, path.name) for path in sorted(source.glob(pattern))]
    if not source.is_file():
        raise Faulty([Fault(str(source), 0, 0, "is missing", "run `make generate`")])
    return [(source, "")]


def _put_in_place(fresh: Path, target: Path) -> None:
    """File by file, each in one step, so that a process that reads meanwhile sees whole files; then what is stale."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for folder in (path for path in fresh.rglob("*") if path.is_dir()):
        place = target / folder.relative_to(fresh)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(folder.stat().st_mode & 0o777)
    for path in sorted(wanted):
        (fresh / path).replace(target / path)
    # Only what stands in the parts' own folders is ours to remove.
    for part in {path.parts[0] for path in wanted}:
        for path in [found for found in (target / part).rglob("*") if found.is_file()]:
            if path.relative_to(target) not in wanted:
                path.unlink()
