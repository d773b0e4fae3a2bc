"""What is malformed in an objectives.yaml: the validator finds it, and here it gets a place and a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from featurewatch.faults import Fault
from featurewatch.objectives import kinds, words
from featurewatch.objectives.source import KeyPath, Source, dotted


def find(source: Source, error: ValidationError) -> Iterator[Fault]:
    """One for each complaint of the validator, in the words of the file."""
    for detail in error.errors(include_url=False):
        path = _file_path(source.data, detail["loc"])
        found = _value_at(source.data, path)
        where = dotted(path) or "the document"
        match detail["type"]:
            case "extra_forbidden":
                yield source.fault(path, f"{where}: unknown key", "remove it, or see docs/objectives.md")
            case "missing":
                yield source.fault(path, f"{where}: missing", "add it, see docs/objectives.md")
            case "union_tag_invalid" | "union_tag_not_found":
                of_these = ", ".join(kinds.KINDS)
                yield source.fault((*path, "kind"), f"{where}: no such kind", f"kind is one of {of_these}")
            case "string_pattern_mismatch":
                remedy = words.PATTERNS[detail["ctx"]["pattern"]]
                yield source.fault(path, f"{where}: found {_short(found)}", remedy)
            case _:
                message = detail["msg"].removeprefix("Value error, ")
                yield source.fault(path, f"{where}: found {_short(found)}", message[:1].lower() + message[1:])


def _file_path(data: Any, location: tuple[str | int, ...]) -> KeyPath:
    """The path in the file: without the tags that the validator adds, with the key that is missing."""
    path: list[str | int] = []
    for depth, key in enumerate(location):
        if depth == 2 and location[0] == "objectives":
            continue  # the kind, which the validator puts between an objective and its keys
        if key in kinds.TAGS:
            continue
        if isinstance(data, dict):
            last = depth == len(location) - 1
            if key in data or last:
                path.append(key)
                data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            path.append(key)
            data = data[key]
    return tuple(path)


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _short(value: Any) -> str:
    # What stands between // and @ is often a password.
    text = "nothing" if value is None else re.sub(r"//[^/@]*@", "//...@", repr(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
