"""`featurewatch generate`: objectives.yaml to everything that follows from it."""

from __future__ import annotations

from featurewatch import generate
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.build import groups
from featurewatch.rules.catalogue import worst_case
from featurewatch.rules.plan import plan


def run(project: Project) -> int:
    """Write what differs, and say what was decided."""
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    files = generate.generate(decided, project.root)
    changed = generate.write(project.root, files)
    for path in changed:
        print(f"wrote {path}")
    built = groups(decided)
    alerts = sum(len(group.alerts) for group in built)
    recordings = sum(len(group.recordings) for group in built)
    count = len(decided.objectives.objectives)
    print(
        f"{count} objectives: {alerts} alerts, {recordings} recording rules, {len(files)} files, {len(changed)} changed"
    )
    print("\nworst case from the first bad extraction to a critical message, when every extraction is bad:")
    print(worst_case(decided))
    return 0
