"""From the committed configuration to the one a native run reads: addresses mapped, checked, then put in place.

The committed files name other parts as a compose network does (`prometheus:9090`). A native run has all of them on
loopback, on ports of the user's choice, so each `name:port` is replaced. Nothing else differs, and nothing is put in
place before promtool and amtool have accepted the whole.

Alertmanager looks for relative secrets in the folder in which it was started, which for an altered copy is another one
than its configuration's: their paths become absolute here. It gets the secrets that its configuration names, and no
other part's.

Files are replaced one by one, each in one step: first what a configuration refers to, then the configurations, and at
last what is stale goes. A part that starts meanwhile finds whole files and everything that they refer to.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from featurewatch.faults import Fault, Faulty

SOURCES = {
    "prometheus/prometheus.yaml": "deploy/prometheus/prometheus.yaml",
    "prometheus/rules": "rules",
    "alertmanager/alertmanager.yaml": "alertmanager/alertmanager.yaml",
    "alertmanager/templates": "alertmanager/templates",
}
"""Place below the staged folder to the committed file, or folder of files, that goes there."""

WEB = {
    "prometheus/web.yaml": "deploy/prometheus/web.yaml",
    "alertmanager/web.yaml": "alertmanager/web.yaml",
}
"""The same, where TLS is on."""

KEPT = {"prometheus/rules": "*.rules.yaml", "alertmanager/templates": "*.tmpl"}
"""What is taken of a folder. One without any such file is a fault: Prometheus would judge nothing, and say nothing."""

ALERTMANAGER = "alertmanager/alertmanager.yaml"
SECRETS = "alertmanager/secrets"

LARGEST_SECRET = 64 * 1024
"""Bytes; what is larger is no secret of ours, and is not read into memory."""

_ASIDE = ".unchecked-"

_SECRET_FILE = re.compile(r"""^([ -]*\w+_file: )(["']?)secrets/([^/"'\n]+)\2[ \t]*$""", re.MULTILINE)
"""A setting that names a file below the folder of secrets."""

Check = Callable[[Path], Sequence[Fault]]
"""Looks at a staged folder before it is put in place. A fault may name a file of that folder."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """`name:port` as the committed files have it, to where that part really listens."""

    replaced: Mapping[str, str]

    def apply(self, text: str) -> str:
        """`text` with every known address replaced; a longer name or port that holds one is left alone."""
        if not self.replaced:
            return text
        known = "|".join(re.escape(address) for address in sorted(self.replaced, key=len, reverse=True))
        # A dot behind it may end a sentence; a dot and a letter go on with the name.
        pattern = re.compile(rf"(?<![\w.-])(?:{known})(?![\w-]|\.\w)")
        return pattern.sub(lambda match: self.replaced[match[0]], text)


def stage(
    root: Path,
    secrets: Path,
    addresses: Addresses,
    target: Path,
    checks: Sequence[Check],
    events: Path | None = None,
    *,
    tls: bool = False,
) -> None:
    """Build the configuration inside `target`, check it, and only then replace the one that `target` holds.

    Raises `Faulty` with what is missing or what the checks found, as faults of the committed files, and OSError;
    the configuration in `target` is then as it was. What else stands there is left alone. The caller sees to it that
    only one process stages there. Alertmanager is told to record its events in the file `events`: only who starts it
    knows whether it can. With `tls` both get their `web.yaml`, too; it and Prometheus read the files that it names
    where they are, so that a certificate that was renewed is shown at once.
    """
    target.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(target)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=target))
        _build(root, secrets, addresses, fresh, target, events, SOURCES | WEB if tls else SOURCES)
        faults = [fault for check in checks for fault in check(fresh)]
        if faults:
            raise Faulty(_as_committed(fault, fresh, root) for fault in faults)
        _put_in_place(fresh, target)
    finally:
        _remove_left_behind(target)


def _build(
    root: Path,
    secrets: Path,
    addresses: Addresses,
    fresh: Path,
    target: Path,
    events: Path | None,
    sources: Mapping[str, str],
) -> None:
    faults: list[Fault] = []
    named: set[str] = set()
    for place, source in sources.items():
        for file, name in _files(root / source, KEPT.get(place), faults):
            destination = fresh / place / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            try:
                text = file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                faults.append(Fault(str(file), 0, 0, f"is not UTF-8 text ({error.reason})", "write it as UTF-8"))
                continue
            text = addresses.apply(text)
            if place == ALERTMANAGER:
                named = {found[3] for found in _SECRET_FILE.finditer(text)}
                text = _with_absolute_secrets(text, target / SECRETS) + _recording(events)
            elif place not in KEPT:
                text = _with_absolute_secrets(text, secrets)
            destination.write_text(text, encoding="utf-8")
    if faults:
        raise Faulty(faults)
    folder = fresh / SECRETS
    folder.mkdir(parents=True, mode=0o700)
    for secret in _secrets(secrets, named):
        copy = folder / secret.name
        copy.touch(mode=0o600)
        copy.write_bytes(_mapped(secret.read_bytes(), addresses))


def _files(source: Path, pattern: str | None, faults: list[Fault]) -> Iterator[tuple[Path, str]]:
    """The files of a source, each with its name below the place; a fault when there are none."""
    found = [(source, "")] if pattern is None else [(file, file.name) for file in sorted(source.glob(pattern))]
    present = [(file, name) for file, name in found if file.is_file()]
    if not present:
        what = "is missing" if pattern is None else f"holds no {pattern}"
        faults.append(Fault(str(source), 0, 0, what, "run `make generate`, or take it from version control again"))
    yield from present


def _secrets(folder: Path, named: Collection[str]) -> Iterator[Path]:
    """Those that may be one; what is missing or will not do is for `routes.secrets` to say."""
    for path in (folder / name for name in sorted(named)):
        if path.is_file() and path.stat().st_size <= LARGEST_SECRET:
            yield path


def _with_absolute_secrets(text: str, folder: Path) -> str:
    def absolute(found: re.Match[str]) -> str:
        # JSON's quotes are YAML's, so a path may hold what YAML would read as syntax.
        return found[1] + json.dumps(str(folder / found[3]), ensure_ascii=False)

    return _SECRET_FILE.sub(absolute, text)


def _recording(events: Path | None) -> str:
    if events is None:
        return ""
    place = json.dumps(str(events), ensure_ascii=False)
    what = "# What was inhibited, silenced and sent, for the responder."
    return f"\n{what}\nevent_recorder:\n  file_outputs:\n    - path: {place}\n"


def _mapped(secret: bytes, addresses: Addresses) -> bytes:
    """The demo's secrets are addresses of the inbox; any other one holds none of ours, and stays as it is."""
    try:
        return addresses.apply(secret.decode()).encode()
    except UnicodeDecodeError:
        return secret


def _as_committed(fault: Fault, fresh: Path, root: Path) -> Fault:
    """A fault of the file that the user can mend, not of the copy that is about to go."""

    def committed(text: str) -> str:
        for place, source in (SOURCES | WEB).items():
            text = text.replace(str(fresh / place), str(root / source))
        return text

    return replace(fault, file=committed(fault.file), what=committed(fault.what))


def _put_in_place(fresh: Path, target: Path) -> None:
    """File by file, in the order that this module's text gives."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for folder in sorted(path for path in fresh.rglob("*") if path.is_dir()):
        place = target / folder.relative_to(fresh)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(folder.stat().st_mode & 0o777)
    configurations = {Path(place) for place in SOURCES if place not in KEPT}
    for path in sorted(wanted, key=lambda path: (path in configurations, path)):
        (fresh / path).replace(target / path)
    # Only what stands in the parts' own folders is ours to remove.
    for part in sorted({path.parts[0] for path in wanted}):
        for path in [found for found in (target / part).rglob("*") if not found.is_dir() or found.is_symlink()]:
            if path.relative_to(target) not in wanted:
                path.unlink()


def _remove_left_behind(target: Path) -> None:
    for folder in target.glob(f"{_ASIDE}*"):
        shutil.rmtree(folder, ignore_errors=True)
