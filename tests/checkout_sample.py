"""A whole small checkout of its own, with everything generated from the sample objectives."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import objectives_sample
from tests.conftest import CHECKOUT

from featurewatch import generate
from featurewatch.objectives import load
from featurewatch.project import SECRETS_VARIABLE, STATE_VARIABLE, TOOLS_VARIABLE, Project, find
from featurewatch.routes.demo_secrets import write_demo_secrets
from featurewatch.rules.plan import Plan, plan

HAND_WRITTEN = (
    "alertmanager/templates",
    "alertmanager/tests/routes.yaml",
    "dashboards/promise.dashboard.py",
    "dashboards/slow.dashboard.py",
    "docs/alerts",
    "examples/market_features",
)

_MADE: dict[str, tuple[frozenset[str], dict[str, str]]] = {}
"""Text of objectives.yaml to its alerts and generated files, which are the same wherever the checkout lies."""


def checkout(root: Path, text: str = objectives_sample.TEXT) -> Project:
    """A checkout at `root` whose generated files are fresh and whose secrets are the demo's."""
    for place in HAND_WRITTEN:
        source, target = CHECKOUT / place, root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    (root / "objectives.yaml").write_text(text, encoding="utf-8")
    project = find(root, {STATE_VARIABLE: str(root / "state")})
    if text not in _MADE:
        made = generate.Made(decided(project), root)
        alerts = frozenset(alert.name for group in made.groups for alert in group.alerts)
        _MADE[text] = (alerts, dict(made.files))
    alerts, files = _MADE[text]
    _only_its_own(root, alerts)
    generate.write(root, files)
    write_demo_secrets(project.secrets, "http://inbox:8025")
    return project


def _only_its_own(root: Path, alerts: frozenset[str]) -> None:
    """Without the runbooks and the rows of routes that are about what the sample does not declare."""
    for runbook in (root / "docs/alerts").glob("*.md"):
        if runbook.stem not in alerts:
            runbook.unlink()
    table = root / "alertmanager/tests/routes.yaml"
    head, *rows = table.read_text(encoding="utf-8").split("\n- name: ")
    kept = [row for row in rows if set(re.findall(r"alertname: (\w+)", row)) <= alerts and "\n  at: " not in row]
    table.write_text("\n- name: ".join([head, *kept]) + "\n", encoding="utf-8")


def decided(project: Project) -> Plan:
    """The plan of its objectives as they are now."""
    return plan(load(project.objectives, "objectives.yaml"), "objectives.yaml")


def change(project: Project, place: str, old: str, new: str) -> None:
    """Replace a text that stands once in a file, or in several places alike."""
    path = project.root / place
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{place} has no {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def environment(project: Project, tools_folder: Path | None = None, **more: str) -> Mapping[str, str]:
    """What the command line runs in: this project's folders, the package from the checkout."""
    return {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT / "exporters"),
        STATE_VARIABLE: str(project.state),
        SECRETS_VARIABLE: str(project.secrets),
        **({TOOLS_VARIABLE: str(tools_folder)} if tools_folder else {}),
        **more,
    }


def featurewatch(
    project: Project,
    *arguments: str,
    tools_folder: Path | None = None,
    cwd: Path | None = None,
    prefix: tuple[str, ...] = (),
    seconds: float = 180,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """The command line, run as a person would."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "featurewatch.cli", *arguments],
        cwd=cwd or project.root,
        env=environment(project, tools_folder, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
