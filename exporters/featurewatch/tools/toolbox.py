"""All the binaries together: found where they are, fetched where they are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from featurewatch.tools import catalogue, locate, mirror
from featurewatch.tools.catalogue import Tool
from featurewatch.tools.errors import ToolError
from featurewatch.tools.fetch import fetch
from featurewatch.tools.locate import Found, Refused
from featurewatch.tools.lock import Occupied, exclusive

LOCK_SECONDS: Final = 900.0
"""How long to wait for another process that is fetching: the longest that a fetch itself may take."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Every binary, each new enough."""

    prometheus: Found
    promtool: Found
    alertmanager: Found
    amtool: Found
    node_exporter: Found
    folder: Path
    """The project's own folder, where derived files (an altered copy, say) may be kept."""

    def all(self) -> tuple[Found, ...]:
        """In the order of the chain, for a table."""
        return self.prometheus, self.promtool, self.alertmanager, self.amtool, self.node_exporter


def look(tools_folder: Path, search_path: str | None = None) -> tuple[dict[Tool, Found], tuple[Refused, ...]]:
    """What is there already, without fetching; and what goes by the right name but will not do."""
    places = locate.folders(tools_folder.absolute(), search_path)
    have: dict[Tool, Found] = {}
    refused: list[Refused] = []
    for tool in catalogue.ALL:
        found, passed_over = locate.locate(tool, places)
        refused.extend(passed_over)
        if found is not None:
            have[tool] = found
    return have, tuple(refused)


def provide(
    tools_folder: Path,
    say: Callable[[str], None] = lambda _: None,
    search_path: str | None = None,
    fetch_packages: Callable[..., object] = fetch,
) -> Tools:
    """Find every binary on PATH or in `tools_folder`; fetch into it the packages of those that are missing.

    `say` gets one line per step. Several processes may call it at once: one fetches, the others wait and then find.
    Nothing is fetched while all that is needed is there. Raises ToolError, which says how to supply what is missing.
    """
    folder = tools_folder.absolute()
    have, refused = look(folder, search_path)
    if len(have) < len(catalogue.ALL):
        try:
            with exclusive(
                folder / "lock", LOCK_SECONDS, waiting=lambda: say("waiting: another process is fetching the tools")
            ):
                have, refused = look(folder, search_path)
                packages = tuple(dict.fromkeys(tool.package for tool in catalogue.ALL if tool not in have))
                if packages:
                    fetch_packages(packages, folder, say)
                    have, refused = look(folder, search_path)
        except (ToolError, Occupied, OSError) as fault:
            raise ToolError(missing_message(have, refused, folder, str(fault))) from fault
        if len(have) < len(catalogue.ALL):
            raise ToolError(missing_message(have, refused, folder, "what was fetched will not do (see above)"))
    return _tools(have, folder)


def missing_message(have: Mapping[Tool, Found], refused: tuple[Refused, ...], folder: Path, why: str) -> str:
    """What is missing, what was tried, how to supply it."""
    lines = ["missing:"]
    lines += [f"  {tool.name} {tool.minimum} or newer" for tool in catalogue.ALL if tool not in have]
    passed_over = [refusal for refusal in refused if refusal.tool not in have]
    if passed_over:
        lines.append("passed over:")
        lines += [f"  {refusal.path}: {refusal.reason}" for refusal in passed_over]
    lines.append("fetching from Debian did not work:")
    lines += [f"  {line}" for line in why.splitlines()]
    lines += [
        "to supply them, do one of these:",
        "  install them so that they are on PATH",
        f"  put the binaries into {folder / 'bin'}",
        f"  set {mirror.VARIABLE} to a Debian mirror that this machine reaches",
    ]
    return "\n".join(lines)


def _tools(have: Mapping[Tool, Found], folder: Path) -> Tools:
    return Tools(
        prometheus=have[catalogue.PROMETHEUS],
        promtool=have[catalogue.PROMTOOL],
        alertmanager=have[catalogue.ALERTMANAGER],
        amtool=have[catalogue.AMTOOL],
        node_exporter=have[catalogue.NODE_EXPORTER],
        folder=folder,
    )
