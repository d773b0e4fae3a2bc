"""Runs mutants against the tests that could notice them, one case at a time, until one does.

A mutant meets only the cases that look at the changed rule or at what is computed from it, and each case only the
rules that it needs. The cases that noticed the last changes of a rule are tried first: most often they notice the
next one, too. That the unchanged rules pass a case is made sure of before it counts.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from featurewatch.promtool import Promtool, cores
from featurewatch.rules.model import Group, render
from featurewatch.rules.mutation import Mutant
from featurewatch.rules.trials import TestFile, Trial, trials

MALFORMED = "could not parse expression"

Place = tuple[str, int]
"""Group, and position of the rule in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant."""

    mutant: Mutant
    killed_by: str | None
    """The test file that failed."""


def hunt(
    groups: tuple[Group, ...],
    tests: Mapping[str, TestFile],
    mutants: Iterable[Mutant],
    promtool: Promtool,
    workers: int | None = None,
) -> Iterator[Outcome]:
    """The outcome of each mutant, in their order. Raises `ValueError` where one is no rule, or a test fails anyway.

    `workers` are at work at the same time; None is one for each core.
    """
    with (
        tempfile.TemporaryDirectory(prefix="featurewatch-mutants-") as folder,
        ThreadPoolExecutor(workers or cores()) as pool,
    ):
        yield from pool.map(_Hunter(groups, tests, promtool, Path(folder)).outcome, mutants)


@dataclass(slots=True)
class _Hunter:
    """What is known of each rule's cases so far."""

    groups: tuple[Group, ...]
    tests: Mapping[str, TestFile]
    promtool: Promtool
    root: Path
    known: dict[Place, list[Trial]] = field(default_factory=dict)
    """The cases of a rule, the last that noticed something first."""
    sound: set[tuple[Place, str]] = field(default_factory=set)
    """The cases that the unchanged rules pass."""

    def outcome(self, mutant: Mutant) -> Outcome:
        place = (mutant.group, mutant.position)
        original = next(group for group in self.groups if group.name == mutant.group).rules[mutant.position]
        for trial in tuple(self._trials(place)):
            if self._fails(trial, trial.with_rule(original, mutant.changed)):
                self._believe(place, trial)
                return Outcome(mutant, trial.file)
        return Outcome(mutant, None)

    def _trials(self, place: Place) -> list[Trial]:
        if place not in self.known:
            self.known[place] = trials(self.groups, self.tests, *place)
        return self.known[place]

    def _believe(self, place: Place, trial: Trial) -> None:
        if (place, trial.name) not in self.sound:
            if self._fails(trial, trial.groups):
                raise ValueError(f"{trial.name} fails although nothing was changed")
            self.sound.add((place, trial.name))
        # A new list: another worker may be going through the old one.
        self.known[place] = [trial, *(other for other in self.known[place] if other is not trial)]

    def _fails(self, trial: Trial, groups: tuple[Group, ...]) -> bool:
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            place = Path(folder)
            for group in groups:
                # JSON is YAML, and much faster to write.
                (place / f"{group.name}.rules.yaml").write_text(json.dumps(render(group)), encoding="utf-8")
            (place / "case.test.yaml").write_text(trial.text, encoding="utf-8")
            verdict = self.promtool.test_rules([place / "case.test.yaml"])
        if MALFORMED in verdict.output:
            raise ValueError(f"a mutant is no rule: {verdict.output}")
        return bool(verdict.faults)
