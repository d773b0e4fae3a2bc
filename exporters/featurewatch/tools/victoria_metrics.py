"""VictoriaMetrics for the tests: a receiver of pushed metrics, on PATH or from Debian's package.

No part of featurewatch needs it. It is not in the catalogue, since Debian's build does not say its version.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from featurewatch.tools.errors import ToolError
from featurewatch.tools.fetch import fetch
from featurewatch.tools.lock import Occupied, exclusive

PACKAGE: Final = "victoria-metrics"
COMMANDS: Final = ("victoria-metrics", "victoria-metrics-prod")
LOCK_SECONDS: Final = 900.0


def provide_victoria_metrics(
    tools_folder: Path,
    say: Callable[[str], None] = lambda _: None,
    search_path: str | None = None,
    fetch_packages: Callable[..., object] = fetch,
) -> Path:
    """The server on PATH, else the fetched one, fetching it if need be. Raises ToolError.

    Several processes may call it at once: one fetches, the others wait and then find.
    """
    for command in COMMANDS:
        on_path = shutil.which(command, path=search_path)
        if on_path is not None:
            return Path(on_path)
    folder = tools_folder.absolute()
    server = folder / "debian" / PACKAGE / "usr/bin" / PACKAGE
    if not server.exists():
        try:
            with exclusive(
                folder / "lock", LOCK_SECONDS, waiting=lambda: say("waiting: another process is fetching the tools")
            ):
                if not server.exists():
                    fetch_packages((PACKAGE,), folder, say)
        except (Occupied, OSError) as fault:
            raise ToolError(f"VictoriaMetrics could not be fetched: {fault}") from fault
    if not server.exists():
        raise ToolError(f"the package {PACKAGE} holds no {server.name}: install one so that it is on PATH")
    return server
