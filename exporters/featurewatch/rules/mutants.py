"""Do the rule tests notice a mistake? `python -m featurewatch.rules.mutants` makes every mistake, one at a time.

Exit status 1 when a mutant survives that is not on the list of equivalent ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from featurewatch.commands.tools import provided
from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, find
from featurewatch.promtool import Promtool, PromtoolError
from featurewatch.rules import promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.equivalent import EQUIVALENT, reason
from featurewatch.rules.hunt import hunt
from featurewatch.rules.mutation import mutants
from featurewatch.rules.plan import plan
from featurewatch.tools.errors import ToolError


def main() -> int:
    """Hunt the mutants of the checkout's own rules; print the survivors and the score."""
    project = find(Path.cwd(), os.environ)
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    built = groups(decided)
    promtool = Promtool(provided(project).promtool.path)
    everything = list(mutants(built))
    wanted = [mutant for mutant in everything if reason(mutant) is None]
    killed = 0
    for outcome in hunt(built, promtool_tests.test_files(decided, built), wanted, promtool):
        if outcome.killed_by is None:
            sys.stdout.write(f"survived: {outcome.mutant}\n")
            sys.stdout.flush()
        killed += outcome.killed_by is not None
    spared = len(everything) - len(wanted)
    sys.stdout.write(f"mutants killed: {killed} / {len(wanted)}; equivalent: {spared}, for {len(EQUIVALENT)} reasons\n")
    return 0 if killed == len(wanted) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Faulty, ToolError, PromtoolError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
