"""`featurewatch check`: every step, one line each, and what it found."""

from __future__ import annotations

import time

from featurewatch import check
from featurewatch.amtool import Amtool
from featurewatch.commands.secrets import ensure_demo_secrets
from featurewatch.commands.tools import provided
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.promtool import Promtool
from featurewatch.rules.plan import plan


def run(project: Project) -> int:
    """0 when nothing is wrong, else 1."""
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    ensure_demo_secrets(project, decided)
    tools = provided(project)
    binaries = check.Binaries(Promtool(tools.promtool.path), Amtool(tools.amtool.path))
    failed = 0
    for step in check.steps(project, decided, binaries):
        began = time.monotonic()
        faults = step.find()
        mark = "FAULT" if faults else "ok"
        print(f"{mark:<6}{step.name} ({time.monotonic() - began:.1f} s)")
        for fault in faults:
            print(f"      {fault}")
        failed += bool(faults)
    return 1 if failed else 0
