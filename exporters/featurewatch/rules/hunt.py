"""Runs mutants against the tests that could notice them, until one does.

A mutant meets only the tests that look at the changed rule or at what is computed from it, and only the rules that
those need; that the unchanged rule passes there is made sure of first.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featurewatch.promtool import Promtool
from featurewatch.rules.dependencies import downstream, looked_at, read_by, upstream
from featurewatch.rules.model import Group, render
from featurewatch.rules.mutation import Mutant

MALFORMED = "could not parse expression"

TestFile = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant."""

    mutant: Mutant
    killed_by: str | None
    """The test file that failed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The tests that could notice a change of one rule, written down, and the rules that they need."""

    groups: tuple[Group, ...]
    tests: Path
    files: tuple[str, ...]
    """Those that look at the rule itself first."""


def hunt(
    groups: tuple[Group, ...],
    tests: Mapping[str, TestFile],
    mutants: Iterable[Mutant],
    promtool: Promtool,
    workers: int = 2,
) -> Iterator[Outcome]:
    """The outcome of each mutant, in their order. Raises `ValueError` where one is no rule, or a test fails anyway."""
    mutants = tuple(mutants)
    with tempfile.TemporaryDirectory(prefix="featurewatch-mutants-") as folder, ThreadPoolExecutor(workers) as pool:
        root = Path(folder)
        places = {(mutant.group, mutant.position) for mutant in mutants}
        grounds = {place: _ground(groups, tests, *place, root) for place in sorted(places)}
        for ground, failed in zip(
            grounds.values(),
            pool.map(lambda ground: _run(ground, ground.groups, promtool, root), grounds.values()),
            strict=True,
        ):
            if failed:
                raise ValueError(f"{failed} of {ground.files} fails although nothing was changed")

        def outcome(mutant: Mutant) -> Outcome:
            ground = grounds[mutant.group, mutant.position]
            original = next(group for group in groups if group.name == mutant.group).rules[mutant.position]
            changed = tuple(
                replace(group, rules=tuple(mutant.changed if rule == original else rule for rule in group.rules))
                for group in ground.groups
            )
            return Outcome(mutant, _run(ground, changed, promtool, root))

        yield from pool.map(outcome, mutants)


def _run(ground: Ground, groups: tuple[Group, ...], promtool: Promtool, root: Path) -> str | None:
    """The first test file that fails with these rules."""
    place = Path(tempfile.mkdtemp(dir=root))
    try:
        # promtool takes the `../` of a test file by the letter, so linked tests meet the rules beside the link.
        (place / "tests").symlink_to(ground.tests)
        for group in groups:
            # JSON is YAML, and much faster to write.
            (place / f"{group.name}.rules.yaml").write_text(json.dumps(render(group)), encoding="utf-8")
        for file in ground.files:
            verdict = promtool.test_rules([place / "tests" / file])
            if MALFORMED in verdict.output:
                raise ValueError(f"a mutant is no rule: {verdict.output}")
            if verdict.faults:
                return file
        return None
    finally:
        shutil.rmtree(place)


def _ground(groups: tuple[Group, ...], tests: Mapping[str, TestFile], name: str, position: int, root: Path) -> Ground:
    rule = next(group for group in groups if group.name == name).rules[position].name
    affected = downstream(groups, rule)
    needed = upstream(groups, affected)
    kept = tuple(replace(group, rules=tuple(r for r in group.rules if r.name in needed)) for group in groups)
    kept = tuple(group for group in kept if group.rules)
    folder = Path(tempfile.mkdtemp(dir=root))
    own: dict[str, bool] = {}
    for file, content in tests.items():
        shortened = _shortened(content, affected, kept)
        if shortened["tests"]:
            (folder / file).write_text(json.dumps(shortened), encoding="utf-8")
            own[file] = rule in looked_at(shortened)
    return Ground(kept, folder, tuple(sorted(own, key=lambda file: (not own[file], file))))


def _shortened(content: TestFile, affected: set[str], groups: tuple[Group, ...]) -> dict[str, Any]:
    """Only what looks at these rules, fed only what is read."""
    read = {metric for group in groups for rule in group.rules for metric in read_by(rule)}
    cases = []
    for case in content["tests"]:
        looks = [look for look in case.get("alert_rule_test") or () if look["alertname"] in affected]
        values = [check for check in case.get("promql_expr_test") or () if looked_at_by(check) & affected]
        if looks or values:
            series = [series for series in case["input_series"] if series["series"].split("{")[0] in read]
            cases.append({**case, "input_series": series, "alert_rule_test": looks, "promql_expr_test": values})
    return {
        **content,
        "rule_files": [f"../{group.name}.rules.yaml" for group in groups],
        "group_eval_order": [group.name for group in groups],
        "tests": cases,
    }


def looked_at_by(check: Mapping[str, Any]) -> set[str]:
    """Series that an expected value is about."""
    return looked_at({"tests": [{"promql_expr_test": [check]}]})
