"""The binaries that featurewatch needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from featurewatch.tools.versions import Version


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary: what it calls itself, the file names it goes by, the oldest version that will do, who ships it."""

    name: str
    commands: tuple[str, ...]
    minimum: Version
    package: str
    """The Debian package that holds it."""


PROMETHEUS: Final = Tool("prometheus", ("prometheus",), Version(3, 5), "prometheus")
PROMTOOL: Final = Tool("promtool", ("promtool",), Version(3, 5), "promtool")
ALERTMANAGER: Final = Tool(
    "alertmanager", ("alertmanager", "prometheus-alertmanager"), Version(0, 30), "prometheus-alertmanager"
)
AMTOOL: Final = Tool("amtool", ("amtool",), Version(0, 30), "prometheus-alertmanager")
NODE_EXPORTER: Final = Tool(
    "node_exporter", ("node_exporter", "prometheus-node-exporter"), Version(1, 8), "prometheus-node-exporter"
)

ALL: Final[tuple[Tool, ...]] = (PROMETHEUS, PROMTOOL, ALERTMANAGER, AMTOOL, NODE_EXPORTER)
