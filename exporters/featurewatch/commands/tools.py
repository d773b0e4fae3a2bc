"""`featurewatch tools`: which binaries are used, and from where."""

from __future__ import annotations

from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools, provide


def run(project: Project) -> int:
    """Find or fetch them all, then list them."""
    for found in provided(project).all():
        print(f"{found.tool.name:<16}{found.version!s:<12}{found.path}")
    return 0


def provided(project: Project) -> Tools:
    """The binaries, fetched when need be, each step told."""
    return provide(project.tools, say=print)
