"""Do the rule tests notice a mistake? `python -m featurewatch.rules.mutants` makes every mistake, one at a time.

Names of groups or rules as arguments: only those. The score goes to standard output, the progress to standard error.
Exit status 1 when a mutant survives that is not on the list of equivalent ones.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from featurewatch.commands.tools import provided
from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, find
from featurewatch.promtool import Promtool, PromtoolError
from featurewatch.rules import promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.equivalent import EQUIVALENT, reason
from featurewatch.rules.hunt import Outcome, hunt
from featurewatch.rules.mutation import Mutant, mutants
from featurewatch.rules.plan import plan
from featurewatch.tools.errors import ToolError

PROGRESS = 30.0
"""Seconds between two lines that say how far it is."""


def main(only: Collection[str] = ()) -> int:
    """Hunt the mutants of the checkout's own rules; print the survivors and the score."""
    project = find(Path.cwd(), os.environ)
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    built = groups(decided)
    everything = [mutant for mutant in mutants(built) if chosen(mutant, only)]
    if not everything:
        sys.stderr.write(f"no group and no rule is called {' or '.join(only)}\n")
        return 2
    wanted = [mutant for mutant in everything if reason(mutant) is None]
    promtool = Promtool(provided(project).promtool.path)
    found = hunt(built, promtool_tests.test_files(decided, built), wanted, promtool)
    survived = score(found, len(wanted), sys.stdout.write, sys.stderr.write)
    sys.stdout.write(
        f"mutants: {len(wanted) - survived} killed, {len(everything) - len(wanted)} equivalent "
        f"(for {len(EQUIVALENT)} reasons), {survived} survived; {len(everything)} in all\n"
    )
    return 0 if survived == 0 else 1


def chosen(mutant: Mutant, only: Collection[str]) -> bool:
    """Whether a mutant is of these groups or rules; of any where none is named."""
    return not only or mutant.group in only or mutant.rule.partition(" ")[0] in only


def score(
    found: Iterable[Outcome],
    total: int,
    out: Callable[[str], object],
    progress: Callable[[str], object],
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Tell of each survivor as it is found, and now and then how far it is; how many survived."""
    survived, begun = 0, clock()
    told = begun
    for number, outcome in enumerate(found, start=1):
        if outcome.killed_by is None:
            survived += 1
            out(f"survived: {outcome.mutant}\n")
        if clock() - told >= PROGRESS:
            told = clock()
            progress(f"{number} of {total} mutants after {told - begun:.0f} s, {survived} survived\n")
    return survived


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Faulty, ToolError, PromtoolError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
