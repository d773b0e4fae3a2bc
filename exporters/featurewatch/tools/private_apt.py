"""apt with a configuration of its own: other sources, other lists, another cache, the same trust."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from featurewatch.tools import mirror
from featurewatch.tools.errors import ToolError

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE: Final = "forky"
"""Debian 13's successor: the first that has Prometheus 3.5 and Alertmanager 0.28 or newer."""

UPDATE_SECONDS: Final = 300.0
DOWNLOAD_SECONDS: Final = 600.0

# A mirror that is frozen, or seldom brought up to date, serves an index beyond its Valid-Until, and apt then refuses
# it. A year of grace keeps the signatures and checksums verified, which switching the date check off would not change,
# but still refuses an index that is older than that. It holds for this private configuration only.
_MIN_VALID_SECONDS: Final = 365 * 24 * 3600

# How this machine reaches its mirrors (proxy, certificates, retries) is worth keeping; what it trusts is not read.
_HOW_TO_CONNECT: Final = re.compile(r"^Acquire::(https?|Retries|ForceIPv[46]|tor)\b[^\n]*;$", re.IGNORECASE)


class PrivateApt:
    """`apt-get` confined to one folder. Nothing outside it is written, and no right beyond the user's is needed."""

    def __init__(self, folder: Path, repository: str, keyring: Path = KEYRING, suite: str = SUITE) -> None:
        self.folder = folder.absolute()
        self.repository = repository
        self._keyring = keyring
        self._suite = suite

    def update(self) -> None:
        """Fetch and verify the index of the suite. Raises ToolError with what apt said."""
        _require_debian(self._keyring)
        self._write_configuration()
        self._apt("update", timeout=UPDATE_SECONDS, cwd=self.folder)

    def download(self, packages: Iterable[str]) -> dict[str, Path]:
        """Fetch the packages, verified against the signed index; the file of each, by name."""
        wanted = tuple(packages)
        archives = self.folder / "debs"
        archives.mkdir(parents=True, exist_ok=True)
        self._apt("download", *wanted, timeout=DOWNLOAD_SECONDS, cwd=archives)
        files = {}
        for package in wanted:
            found = sorted(archives.glob(f"{package}_*.deb"))
            if not found:
                raise ToolError(f"apt-get download {package} ended well but left no file in {archives}")
            files[package] = found[-1]
        return files

    def _write_configuration(self) -> None:
        if re.search(r'["\\\n]', str(self.folder)):
            raise ToolError(
                f"apt cannot work in {self.folder}: the path has a quote, a backslash or a line break in it"
            )
        for inner in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "log"):
            (self.folder / inner).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        # Fields by file, not by line of `deb … [signed-by=…]`: this form takes paths with spaces and brackets.
        sources = self.folder / "etc/private.sources"
        sources.write_text(
            f"Types: deb\nURIs: {self.repository}\nSuites: {self._suite}\nComponents: main\n"
            f"Signed-By: {self._keyring}\n"
        )
        (self.folder / "apt.conf").write_text(
            configuration(self.folder, sources, connection=_machine_connection(), root=os.geteuid() == 0)
        )

    def _apt(self, *arguments: str, timeout: float, cwd: Path) -> None:
        command = ["apt-get", "-q", *arguments]
        environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        try:
            answer = subprocess.run(  # noqa: S603
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise ToolError(
                f"`{' '.join(command)}` did not end within {timeout:g} s (mirror {self.repository})"
            ) from late
        if answer.returncode != 0:
            raise ToolError(
                f"`{' '.join(command)}` failed with suite {self._suite} of {self.repository}:\n"
                + _complaints(answer.stderr + "\n" + answer.stdout)
            )


def configuration(folder: Path, sources: Path, connection: str, root: bool) -> str:
    """The whole apt configuration. Whatever is not set here keeps apt's built-in default, not the machine's."""
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "state/lists",
        "Dir::State::status": folder / "state/status",
        "Dir::Cache": folder / "cache",
        "Dir::Log": folder / "log",
        "Dir::Etc": folder / "etc",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        # Passwords for the mirror stay where the machine keeps them.
        "Dir::Etc::netrc": "/etc/apt/auth.conf",
        "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        "Acquire::Min-ValidTime": _MIN_VALID_SECONDS,
        "Acquire::Languages": "none",
        "Acquire::PDiffs": "false",
        "Acquire::GzipIndexes": "true",
        # Without this, `apt-get update` ends with 0 although it could not reach the mirror.
        "APT::Update::Error-Mode": "any",
    }
    if root:
        # The unprivileged user that apt otherwise downloads as has no way into this folder.
        settings["APT::Sandbox::User"] = "root"
    return connection + "".join(f'{name} "{value}";\n' for name, value in settings.items())


def _machine_connection() -> str:
    answer = subprocess.run(
        ["apt-config", "dump", "Acquire"],  # noqa: S607
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "".join(line + "\n" for line in answer.stdout.splitlines() if _HOW_TO_CONNECT.match(line))


def _require_debian(keyring: Path) -> None:
    missing = [command for command in ("apt-get", "apt-config", "dpkg", "dpkg-deb") if shutil.which(command) is None]
    if missing:
        raise ToolError(f"fetching needs Debian's own tools, and {', '.join(missing)} is not on PATH")
    if not keyring.is_file():
        raise ToolError(
            f"{keyring} is missing, without which Debian's signatures cannot be verified: "
            "install the package debian-archive-keyring"
        )


def _complaints(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("E:", "W:", "Err:"))] or lines[-5:]
    return "\n".join(f"  {line}" for line in dict.fromkeys(telling))


def for_this_machine(folder: Path) -> PrivateApt:
    """Private apt with the mirror of this machine. Raises ToolError where that cannot work."""
    _require_debian(KEYRING)
    return PrivateApt(folder, mirror.find())
