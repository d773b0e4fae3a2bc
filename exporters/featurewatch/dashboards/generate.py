"""All dashboards of a folder, as text."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from featurewatch.dashboards.grafana import write
from featurewatch.dashboards.question import SUFFIX, Question
from featurewatch.faults import Fault, Faulty
from featurewatch.rules.plan import Plan

OUTPUT: Final = "out"


def generate(plan: Plan, folder: Path) -> dict[str, str]:
    """Path, relative to `folder`, and text of each dashboard. Raises `Faulty` when a file does not define one."""
    questions = [load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    return {f"{OUTPUT}/{question.slug}.json": write(question.build(plan)) for question in questions}


def build(path: Path, plan: Plan) -> str:
    """The text of the one dashboard that `path` defines."""
    return write(load(path).build(plan))


def load(path: Path) -> Question:
    """Run a `<question>.dashboard.py` by its path, as grafanalib does: the folder is no package."""
    spec = importlib.util.spec_from_file_location("dashboard", path)
    if spec is None or spec.loader is None:
        raise Faulty([Fault(str(path), 0, 0, "not a Python file", f"name it <question>{SUFFIX}")])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "dashboard", None)
    if not isinstance(found, Question):
        what = "defines no dashboard" if found is None else f"`dashboard` is a {type(found).__name__}"
        remedy = "decorate a function `dashboard(plan)` with @question"
        raise Faulty([Fault(str(path), 0, 0, what, remedy)])
    return found
