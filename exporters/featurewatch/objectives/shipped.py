"""The thresholds that come with featurewatch: every one of the source documents, off until a file `use`s its name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import TypeAdapter

from featurewatch.objectives import kinds

_OBJECTIVES: TypeAdapter[list[kinds.AnyObjective]] = TypeAdapter(list[kinds.ObjectiveSpec])
ORDER = ("extraction", "resources", "service", "ray", "models", "signals")
"""Files of the folder `thresholds`, as the catalogue tells them."""


@cache
def everything() -> tuple[kinds.AnyObjective, ...]:
    """All of them, in the order of the catalogue."""
    folder = files("featurewatch.objectives") / "thresholds"
    return tuple(
        item
        for name in ORDER
        for item in _OBJECTIVES.validate_python(yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")))
    )


def find(name: str) -> kinds.AnyObjective | None:
    """The one of this name."""
    return next((item for item in everything() if item.name == name), None)
