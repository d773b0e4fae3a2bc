"""Everything that follows from objectives.yaml, as texts; writing it, and telling where the tree differs from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from featurewatch import compose, kubernetes, routes, scrape, tls, whole_file
from featurewatch.dashboards.generate import generate as dashboards
from featurewatch.faults import Fault
from featurewatch.routes import made_table
from featurewatch.rules import catalogue, model, promtool_tests, runbook_stubs, runbooks
from featurewatch.rules.build import groups
from featurewatch.rules.cases import Case
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan
from featurewatch.yaml_text import dump

MANAGED = ("rules/*.rules.yaml", "rules/tests/*.test.yaml", "dashboards/out/*.json", "deploy/kubernetes/*.yaml")
"""Patterns of paths that hold nothing but generated files: what is left over there is a fault."""

HEADER = "Made by `make generate` from objectives.yaml; do not edit."

_OURS = re.compile(rb"Made (?:by `make generate`|from objectives\.yaml)")
"""What every generated file says of itself. One without it was written by somebody, and is never removed."""


@dataclass(frozen=True)
class Made:
    """What follows from the plan, each part made when it is first asked for, and once."""

    plan: Plan
    root: Path

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The rules."""
        return groups(self.plan)

    @cached_property
    def tests(self) -> Mapping[str, Case]:
        """The tests of the rules: file name to content."""
        return promtool_tests.test_files(self.plan, self.groups)

    @cached_property
    def dashboards(self) -> Mapping[str, str]:
        """Path below `dashboards` to text. Raises `Faulty` when one cannot be made."""
        return dashboards(self.plan, self.root / "dashboards")

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Path below `root` to text, for every generated file. Raises `Faulty` when a dashboard cannot be made."""
        return dict(_files(self))


def generate(plan: Plan, root: Path) -> dict[str, str]:
    """Path below `root` to text, for every generated file. Raises `Faulty` when a dashboard cannot be made."""
    return dict(Made(plan, root).files)


def _files(made: Made) -> Iterator[tuple[str, str]]:
    plan = made.plan
    for group in made.groups:
        yield f"rules/{group.name}.rules.yaml", dump(model.render(group), HEADER)
    for name, content in made.tests.items():
        yield f"rules/tests/{name}", dump(content, HEADER)
    yield "docs/alerts/README.md", catalogue.catalogue(plan)
    yield "alertmanager/alertmanager.yaml", routes.render(routes.alertmanager_config(plan))
    yield made_table.PATH, dump(made_table.rows(plan), HEADER)
    yield "deploy/prometheus/prometheus.yaml", scrape.render(scrape.prometheus_config(plan))
    if plan.objectives.tls is not None:
        for folder in ("alertmanager", "deploy/prometheus"):
            yield f"{folder}/{tls.FILE}", dump(tls.web_config(plan.objectives.tls), HEADER)
    yield "deploy/.env", compose.env_file(plan)
    for name, text in kubernetes.resources(plan, made.groups).items():
        yield f"{kubernetes.FOLDER}/{name}", text
    for name, text in made.dashboards.items():
        yield f"dashboards/{name}", text


def beginnings(plan: Plan, root: Path) -> dict[str, str]:
    """Path to text of what is written once, where it is missing, and is the writer's from then on: runbooks."""
    found = runbook_stubs.stubs(groups(plan), root / runbooks.FOLDER)
    return {f"{runbooks.FOLDER}/{name}": text for name, text in found}


def write(root: Path, files: Mapping[str, str]) -> list[str]:
    """Make the tree equal to `files`; returns the paths that changed, removed ones included.

    A file that is as it should be is not touched. All others are written aside first, so that a full disk or a folder
    that cannot be written changes nothing. What is left over is removed, unless somebody wrote it by hand. Raises
    OSError. The caller sees to it that only one process writes.
    """
    wanted = {path: text.encode() for path, text in files.items()}
    changed = [path for path, content in wanted.items() if _content(root / path) != content]
    whole_file.write_all({root / path: wanted[path] for path in changed})
    gone = [path for path in _left_over(root, files) if _is_ours(root / path)]
    for path in gone:
        (root / path).unlink()
    return sorted([*changed, *gone])


def differences(root: Path, files: Mapping[str, str]) -> list[Fault]:
    """Where the tree is not what `make generate` would write, left-over files included."""
    remedy = "run `make generate` and commit the result"
    faults = []
    for path, text in files.items():
        found = _content(root / path)
        if found is None:
            faults.append(Fault(path, 0, 0, "is missing", remedy))
        elif found != text.encode():
            line = _first_difference(found, text.encode())
            faults.append(Fault(path, line, 1, "differs from what objectives.yaml says", remedy))
    for path in _left_over(root, files):
        if _is_ours(root / path):
            faults.append(Fault(path, 0, 0, "is left over", remedy))
        else:
            faults.append(Fault(path, 0, 0, "was not made by `make generate`", "move it out of this folder"))
    return faults


def _first_difference(found: bytes, wanted: bytes) -> int:
    """The line, from 1, from which on they differ; bytes, so that an end of line counts."""
    old, new = found.splitlines(keepends=True), wanted.splitlines(keepends=True)
    pairs = enumerate(zip(old, new, strict=False), start=1)
    return next((line for line, (one, other) in pairs if one != other), min(len(old), len(new)) + 1)


def _content(path: Path) -> bytes | None:
    """What the file holds; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _left_over(root: Path, files: Mapping[str, str]) -> list[str]:
    present = (path.relative_to(root).as_posix() for pattern in MANAGED for path in root.glob(pattern))
    return sorted(path for path in present if path not in files)


def _is_ours(path: Path) -> bool:
    return path.is_file() and _OURS.search(path.read_bytes()) is not None
