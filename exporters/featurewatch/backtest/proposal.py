"""Another threshold, tried before it is written: `objectives.<name>.limits.<severity>=<value>`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from featurewatch.faults import Fault, Faulty
from featurewatch.objectives import load
from featurewatch.objectives.model import Objectives
from featurewatch.yaml_text import dump

SYNTAX = "objectives.<name>.limits.<severity>=<bound>, or .limits.<severity>.<key>=<value> (for, window, …)"
BOUNDS = ("above", "below", "at_least", "older_than", "absent_for")


def proposed(file: Path, settings: Iterable[str]) -> Objectives:
    """The objectives of `file` with each setting. Raises `Faulty`, as if it had been written so."""
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    for setting in settings:
        _apply(data, setting)
    with tempfile.TemporaryDirectory(prefix="featurewatch-backtest-") as folder:
        changed = Path(folder) / file.name
        changed.write_text(dump(data), encoding="utf-8")
        return load(changed, f"{file.name} with {', '.join(settings)}")


def _apply(data: dict[str, Any], setting: str) -> None:
    path, _, value = setting.partition("=")
    words = path.strip().split(".")
    if len(words) not in (4, 5) or words[0] != "objectives" or words[2] != "limits" or not value.strip():
        raise _fault(setting, "cannot be read", f"write {SYNTAX}")
    objective = next((item for item in data.get("objectives", ()) if item.get("name") == words[1]), None)
    if objective is None:
        names = ", ".join(item["name"] for item in data.get("objectives", ()))
        raise _fault(setting, f"no objective is called {words[1]}", f"there are {names}")
    limit = next((item for item in objective.get("limits", ()) if item.get("severity") == words[3]), None)
    if limit is None:
        severities = ", ".join(item["severity"] for item in objective.get("limits", ()))
        raise _fault(setting, f"{words[1]} has no limit of severity {words[3]}", f"it has {severities}")
    key = words[4] if len(words) == 5 else next((key for key in BOUNDS if key in limit), None)
    if key is None:
        raise _fault(setting, "which value is meant is not clear", f"write {SYNTAX}")
    limit[key] = yaml.safe_load(value)


def _fault(setting: str, what: str, remedy: str) -> Faulty:
    return Faulty([Fault("--set", 0, 0, f"{setting}: {what}", remedy)])
