"""The plan of the sample objectives, the overview made from it, and what to look at in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.objectives_sample import TEXT

from featurewatch import objectives
from featurewatch.dashboards import build
from featurewatch.rules.plan import Plan, plan

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = ROOT / "dashboards"
OVERVIEW = DASHBOARDS / "promise.dashboard.py"

Json = dict[str, Any]


def write_objectives(folder: Path, *changes: tuple[str, str]) -> Path:
    """The sample's objectives.yaml in `folder`, each of `changes` made at the one place where it applies."""
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sample"
        text = text.replace(old, new)
    path = folder / "objectives.yaml"
    path.write_text(text)
    return path


def sample_plan(folder: Path, *changes: tuple[str, str]) -> Plan:
    return plan(objectives.load(write_objectives(folder, *changes)))


def overview(chosen: Plan) -> Json:
    board: Json = json.loads(build(OVERVIEW, chosen))
    return board


def panel(board: Json, title: str) -> Json:
    """The one panel whose title begins with `title`; the panel itself, so that a test can change it."""
    [found] = [item for item in board["panels"] if item["type"] != "row" and item["title"].startswith(title)]
    same: Json = found
    return same


def steps(found: Json) -> list[tuple[float | None, str]]:
    return [(step["value"], step["color"]) for step in found["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def expressions(found: Json) -> list[str]:
    return [target["expr"] for target in found["targets"]]
