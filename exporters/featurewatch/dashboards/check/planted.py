"""The checker judged: known mistakes, planted one at a time in good dashboards, and how many of them it finds.

The mistakes are data, in planted.yaml beside this; whoever meets a new one writes it down there first.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

import yaml

from featurewatch.dashboards.check.board import Board, Json, targets
from featurewatch.dashboards.check.checks import Checker
from featurewatch.dashboards.check.finding import Finding
from featurewatch.rules.plan import Plan

FILE: Final = "planted.yaml"
WITHOUT_QUERIES: Final = frozenset({"alertlist", "row", "text"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of mistake, where it is planted, and the words by which it is known to be found."""

    kind: str
    where: str
    found: str
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mistake."""

    mistake: Mistake
    planted: bool
    """False where these dashboards have no place for it, such as no pie."""
    finding: Finding | None
    """The one that names it; None where nothing did."""
    others: tuple[Finding, ...] = ()
    """What else it led to."""


def mistakes() -> tuple[Mistake, ...]:
    """The list."""
    text = (resources.files("featurewatch.dashboards.check") / FILE).read_text(encoding="utf-8")
    return tuple(
        Mistake(item["kind"], item["in"], item["found"], item.get("set", {}), tuple(item.get("remove", ())))
        for item in yaml.safe_load(text)
    )


def plant_all(files: Mapping[str, str], plan: Plan, planting: Sequence[Mistake] | None = None) -> Iterator[Outcome]:
    """Plant each of `planting` (all of the list, by default) in the dashboards `files`, and look."""
    checker = Checker.of(plan, files)
    # Small ones first: each is looked at as often as something is planted in it.
    good = [Board(name, json.loads(text)) for name, text in sorted(files.items(), key=lambda item: len(item[1]))]
    before = frozenset(_findings(checker, good, good))
    for mistake in mistakes() if planting is None else planting:
        suited = [board for board in good if _places(mistake.where, board)]
        alone = not mistake.where.startswith("every")
        boards = [Board(board.file, json.loads(files[board.file])) for board in (suited[:1] if alone else good)]
        # A mistake of several together has no place where there is only one.
        touched = plant(mistake, boards) if alone or len(boards) > 1 else []
        new = [finding for finding in _findings(checker, boards, touched) if finding not in before]
        named = next((finding for finding in new if mistake.found in str(finding)), None)
        yield Outcome(mistake, bool(touched), named, tuple(finding for finding in new if finding != named))


def plant(mistake: Mistake, boards: Sequence[Board]) -> list[Board]:
    """Make the mistake in the boards themselves; those that now have it."""
    touched = []
    for board in boards:
        places = _places(mistake.where, board)
        if not places:
            continue
        for place in places:
            for path, value in mistake.set.items():
                _put(place, path, copy.deepcopy(value))  # the list itself stays as it is
            for path in mistake.remove:
                _drop(place, path)
        touched.append(board)
    return touched


def _findings(checker: Checker, boards: Sequence[Board], touched: Sequence[Board]) -> list[Finding]:
    """What one board lacks another may have: they are judged together only where all of them are there."""
    alone = [finding for board in touched for finding in checker.alone(board)]
    return [*alone, *(checker.together(boards, boards[0].file) if len(boards) > 1 else ())]


def _places(where: str, board: Board) -> list[Json]:
    if where in ("dashboard", "every dashboard"):
        return [board.data]
    if where == "every panel":
        return [panel for panel in board.panels if panel.get("type") not in WITHOUT_QUERIES]
    of_type = [panel for panel in board.panels if panel.get("type") == where]
    return [panel for panel in of_type if targets(panel) or where in WITHOUT_QUERIES][:1]


def _put(place: Json, path: str, value: Any) -> None:
    holder, key = _holder(place, path)
    if isinstance(holder, list) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _drop(place: Json, path: str) -> None:
    holder, key = _holder(place, path)
    del holder[key]


def _holder(place: Json, path: str) -> tuple[Any, Any]:
    """The object or list that holds the end of the path, and the key or index there."""
    holder: Any = place
    keys: list[Any] = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in keys[:-1]:
        holder = holder[key] if isinstance(holder, list) else holder.setdefault(key, {})
    return holder, keys[-1]
