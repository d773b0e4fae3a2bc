"""Everything that follows from objectives.yaml, as texts; writing it, and telling where the tree differs from it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from featurewatch import compose, routes, scrape
from featurewatch.dashboards.generate import generate as dashboards
from featurewatch.faults import Fault
from featurewatch.rules import catalogue, model, promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan
from featurewatch.yaml_text import dump

MANAGED = ("rules/*.rules.yaml", "rules/tests/*.test.yaml", "dashboards/out/*.json")
"""Patterns of paths that hold nothing but generated files: what is left over there is a fault."""

HEADER = "Made by `make generate` from objectives.yaml; do not edit."


def generate(plan: Plan, root: Path) -> dict[str, str]:
    """Path below `root` to text, for every generated file."""
    built = groups(plan)
    files = {f"rules/{group.name}.rules.yaml": dump(model.render(group), HEADER) for group in built}
    for name, content in promtool_tests.test_files(plan, built).items():
        files[f"rules/tests/{name}"] = dump(content, HEADER)
    files["docs/alerts/README.md"] = catalogue.catalogue(plan)
    files["alertmanager/alertmanager.yaml"] = routes.render(routes.alertmanager_config(plan))
    files["deploy/prometheus/prometheus.yaml"] = scrape.render(scrape.prometheus_config(plan))
    files["deploy/.env"] = compose.env_file(plan)
    for name, text in dashboards(plan, root / "dashboards").items():
        files[f"dashboards/{name}"] = text
    return files


def write(root: Path, files: Mapping[str, str]) -> list[str]:
    """Make the tree equal to `files`; returns the paths that changed. Each file is replaced in one step."""
    changed = []
    for path, text in files.items():
        target = root / path
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text)
        changed.append(path)
    for path in _left_over(root, files):
        (root / path).unlink()
        changed.append(path)
    return sorted(changed)


def differences(root: Path, files: Mapping[str, str]) -> list[Fault]:
    """Where the tree is not what `make generate` would write, left-over files included."""
    remedy = "run `make generate` and commit the result"
    faults = []
    for path, text in files.items():
        target = root / path
        if not target.is_file():
            faults.append(Fault(path, 0, 0, "is missing", remedy))
        elif (found := target.read_text(encoding="utf-8")) != text:
            pairs = zip(found.splitlines(), text.splitlines(), strict=False)
            line = next((n for n, (old, new) in enumerate(pairs, start=1) if old != new), 0)
            faults.append(Fault(path, line, 1, "differs from what objectives.yaml says", remedy))
    faults += [Fault(path, 0, 0, "is left over", remedy) for path in _left_over(root, files)]
    return faults


def _left_over(root: Path, files: Mapping[str, str]) -> list[str]:
    present = (path.relative_to(root).as_posix() for pattern in MANAGED for path in root.glob(pattern))
    return sorted(path for path in present if path not in files)


def _replace(target: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
