"""`featurewatch generate`: objectives.yaml to everything that follows from it."""

from __future__ import annotations

from dataclasses import asdict

from featurewatch import generate, whole_file
from featurewatch.commands.table import show_json, tell
from featurewatch.faults import Failure
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules import outlook
from featurewatch.rules.build import groups
from featurewatch.rules.catalogue import worst_case
from featurewatch.rules.plan import plan
from featurewatch.tools.lock import Occupied, exclusive

LOCK_SECONDS = 60.0
"""Longer than another run takes to write."""


def run(project: Project, *, as_json: bool = False) -> int:
    """Write what differs, and say what was decided. Nothing is written when objectives.yaml has a fault."""
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    files = generate.generate(decided, project.root)
    project.make_state()
    try:
        waiting = "waiting: another process is writing the generated files"
        with exclusive(project.state / "generate.lock", LOCK_SECONDS, waiting=lambda: tell(waiting)):
            begun = generate.beginnings(decided, project.root)
            whole_file.write_all({project.root / path: text.encode() for path, text in begun.items()})
            changed = sorted([*generate.write(project.root, files), *begun])
    except Occupied as error:
        raise Failure(str(error)) from error
    built = groups(decided)
    counts = {
        "objectives": len(decided.objectives.objectives),
        "alerts": sum(len(group.alerts) for group in built),
        "recording_rules": sum(len(group.recordings) for group in built),
        "files": len(files),
    }
    if as_json:
        worst = asdict(decided.worst_case) | {"total": decided.worst_case.total}
        show_json(counts | {"changed": changed, "worst_case_seconds": worst})
        return 0
    for path in changed:
        print(f"{'begun' if path in begun else 'wrote' if path in files else 'removed'} {path}")
    said = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items()]
    print(f"{', '.join(said)}, {len(changed)} changed")
    for note in outlook.notes(decided):
        print(note)
    print("\nworst case from the first bad extraction to a critical message, when every extraction is bad:")
    print(worst_case(decided))
    return 0
