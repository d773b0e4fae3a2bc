"""`featurewatch tools`: which binaries are used, and where each came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from featurewatch.commands.table import show, show_json, tell
from featurewatch.project import Project
from featurewatch.tools.fetch import MANIFEST, fetched_packages
from featurewatch.tools.locate import Found
from featurewatch.tools.toolbox import Tools, provide


@dataclass(frozen=True, slots=True)
class Origin:
    """A binary, and how it came to be used."""

    found: Found
    source: str

    def as_mapping(self) -> dict[str, str]:
        """Plain data for `--json`."""
        found = self.found
        return {
            "name": found.tool.name,
            "version": str(found.version),
            "source": self.source,
            "path": str(found.path),
        }


def run(project: Project, *, as_json: bool = False) -> int:
    """Find or fetch them all, then list them."""
    origins = [Origin(found, source(found, project.tools)) for found in provided(project).all()]
    if as_json:
        show_json([origin.as_mapping() for origin in origins])
    else:
        show(("tool", "version", "source", "path"), [tuple(origin.as_mapping().values()) for origin in origins])
    return 0


def provided(project: Project) -> Tools:
    """The binaries, fetched when need be, each step told."""
    return provide(project.tools, say=tell)


def source(found: Found, tools_folder: Path) -> str:
    """`PATH`; the Debian package and its version; or the folder where somebody put it by hand."""
    fetched = tools_folder / "debian" / found.tool.package
    if found.path.is_relative_to(fetched):
        versions = {package.package: package.version for package in fetched_packages(tools_folder)}
        return f"Debian's {found.tool.package} {versions.get(found.tool.package, f'({MANIFEST} is gone)')}"
    if found.path.is_relative_to(tools_folder):
        return "put there by hand"
    return "PATH"
