"""Which Debian mirror this machine uses: read from its own apt sources, so that none is written down here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from featurewatch.tools.errors import ToolError

VARIABLE: Final = "FEATUREWATCH_DEBIAN_MIRROR"
"""Environment variable that overrides the mirror."""

_FIELDS: Final = ("CREATED_BY", "COMPONENT", "RELEASE", "ORIGIN", "LABEL", "REPO_URI")
_FORMAT: Final = "\t".join(f"$({field})" for field in _FIELDS)
# Suites of the main archive. Needed only while apt has no Release files yet, which would name the origin.
_SUITES: Final = frozenset(
    {
        *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
        *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """One index that apt would download. `origin` and `label` are empty as long as it was never downloaded."""

    created_by: str
    component: str
    release: str
    origin: str
    label: str
    repository: str


def find(environment: Mapping[str, str] | None = None) -> str:
    """The mirror of the Debian main archive, from the environment variable or from the machine's apt sources."""
    chosen = (os.environ if environment is None else environment).get(VARIABLE, "").strip()
    if chosen:
        return chosen.rstrip("/")
    # With release info apt lists only what it has downloaded, and names its origin. On a machine whose lists are empty
    # (most containers) it then lists nothing, so ask again for the bare sources.
    for arguments in ([], ["--no-release-info"]):
        mirror = choose(parse(_indextargets(arguments)))
        if mirror is not None:
            return mirror
    raise ToolError(
        "the apt sources of this machine name no mirror of the Debian main archive. "
        f"Set {VARIABLE} to one (the URL that has `dists/` below it)."
    )


def parse(lines: str) -> list[Target]:
    """The answer of `apt-get indextargets`; a field without a value comes back as its own placeholder."""
    targets = []
    for line in lines.splitlines():
        values = line.split("\t")
        if len(values) == len(_FIELDS):
            known = ["" if value == f"$({field})" else value for field, value in zip(_FIELDS, values, strict=True)]
            targets.append(Target(*known))
    return targets


def choose(targets: Iterable[Target]) -> str | None:
    """The repository of the first target that is Debian's main archive, security and derivatives excluded."""
    for target in targets:
        if target.created_by == "Packages" and target.component == "main" and _is_debian(target):
            return target.repository.rstrip("/")
    return None


def _is_debian(target: Target) -> bool:
    if target.repository.startswith("cdrom:") or target.release.endswith(("-security", "/updates")):
        return False
    if target.origin:
        return target.origin == "Debian" and target.label in {"", "Debian"}
    return target.release.split("-", 1)[0] in _SUITES


def _indextargets(arguments: list[str]) -> str:
    answer = subprocess.run(  # noqa: S603
        ["apt-get", "indextargets", "--format", _FORMAT, *arguments],  # noqa: S607
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ToolError(f"apt-get indextargets failed: {answer.stderr.strip()}\nSet {VARIABLE} to a Debian mirror.")
    return answer.stdout
