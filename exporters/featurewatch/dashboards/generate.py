"""All dashboards of a folder, as text."""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Final

from featurewatch.dashboards.grafana import write
from featurewatch.dashboards.question import SUFFIX, Question
from featurewatch.faults import Fault, Faulty
from featurewatch.rules.plan import Plan

OUTPUT: Final = "out"


def generate(plan: Plan, folder: Path) -> dict[str, str]:
    """Path, relative to `folder`, and text of each dashboard. Raises `Faulty` when a file does not define one."""
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    return {f"{OUTPUT}/{path.name.removesuffix(SUFFIX)}.json": build(path, plan) for path in paths}


def build(path: Path, plan: Plan) -> str:
    """The text of the one dashboard that `path` defines. Raises `Faulty`."""
    question = load(path)
    with _blamed(path):
        return write(question.build(plan))


def load(path: Path) -> Question:
    """Run a `<question>.dashboard.py` by its path, as grafanalib does: the folder is no package. Raises `Faulty`."""
    spec = importlib.util.spec_from_file_location("dashboard", path, loader=_Uncached("dashboard", str(path)))
    if spec is None or spec.loader is None:
        raise Faulty([Fault(str(path), 0, 0, "not a Python file", f"name it <question>{SUFFIX}")])
    module = importlib.util.module_from_spec(spec)
    with _blamed(path):
        spec.loader.exec_module(module)
    found = getattr(module, "dashboard", None)
    if not isinstance(found, Question):
        what = "defines no dashboard" if found is None else f"`dashboard` is a {type(found).__name__}"
        remedy = "decorate a function `dashboard(plan)` with @question"
        raise Faulty([Fault(str(path), 0, 0, what, remedy)])
    return found


class _Uncached(SourceFileLoader):
    """Leaves no compiled copy beside the statement: the folder may be read-only, and is compared as a whole."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Writes nothing."""


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
    """Whatever a dashboard's own code raises is a fault of that file, at the line where it left it."""
    try:
        yield
    except Faulty:
        raise
    except Exception as error:
        lines = [
            frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
        ]
        line = error.lineno or 0 if isinstance(error, SyntaxError) else lines[-1] if lines else 0
        what = f"{type(error).__name__}: {error}"
        raise Faulty([Fault(str(path), line, 1, what, "correct the dashboard's code")]) from error
