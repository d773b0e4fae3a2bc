"""Docker's compose plugin. The native stack does without; it judges docker-compose.yml, which needs no engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from featurewatch.tools import locate
from featurewatch.tools.catalogue import Tool
from featurewatch.tools.errors import ToolError
from featurewatch.tools.fetch import fetch
from featurewatch.tools.lock import Occupied, exclusive
from featurewatch.tools.toolbox import LOCK_SECONDS
from featurewatch.tools.versions import Version

COMPOSE: Final = Tool("Docker Compose", ("docker-compose",), Version(2, 20), "docker-compose")


def provide_compose(
    tools_folder: Path, say: Callable[[str], None] = lambda _: None, search_path: str | None = None
) -> locate.Found:
    """Find it on PATH, among Docker's plugins or in `tools_folder`; else fetch it from Debian. Raises ToolError."""
    folder = tools_folder.absolute()
    found = _look(folder, search_path)
    if found is None:
        try:
            with exclusive(folder / "lock", LOCK_SECONDS):
                found = _look(folder, search_path)
                if found is None:
                    fetch([COMPOSE.package], folder, say)
                    found = _look(folder, search_path)
        except (Occupied, OSError) as fault:
            raise ToolError(str(fault)) from fault
    if found is None:
        raise ToolError(f"the package {COMPOSE.package} holds no {COMPOSE.name} {COMPOSE.minimum} or newer")
    return found


def _look(folder: Path, search_path: str | None) -> locate.Found | None:
    plugins = (Path("/usr/libexec/docker/cli-plugins"), Path("/usr/local/lib/docker/cli-plugins"))
    return locate.locate(COMPOSE, (*locate.folders(folder, search_path), *plugins))[0]
