"""Overrides resolved: which ladder holds for whom, so that exactly one holds for each extractor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from featurewatch.objectives import kinds
from featurewatch.objectives.model import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file is compiled for, and whom it knows."""

    service: str
    environment: str
    environments: frozenset[str] = frozenset()
    extractors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ladder:
    """Limits as they are written, and for whom. Without limits nothing is judged there."""

    scope: Scope
    steps: tuple[Any, ...]


Ranked = tuple[int, int, kinds.OverrideSpec]
"""How many of service and environment it names, its index, and itself."""


def ladders(item: kinds.AnyObjective, place: Place) -> tuple[Ladder, ...]:
    """Of an objective without faults. Their scopes do not overlap, and leave nobody out."""
    ranked = _applicable(item, place)
    everybody = _winner([entry for entry in ranked if entry[2].extractor is None])
    chosen: dict[str, Ranked] = {}
    for extractor in _extractors(ranked):
        winner = _winner([entry for entry in ranked if extractor in (entry[2].extractor or ())])
        if winner is not None:
            chosen[extractor] = winner
    found = [Ladder(Scope(without=tuple(chosen)), _steps(item, everybody))]
    for index in dict.fromkeys(entry[1] for entry in chosen.values()):
        only = tuple(extractor for extractor, entry in chosen.items() if entry[1] == index)
        found.append(Ladder(Scope(only=only), _steps(item, chosen[only[0]], everybody)))
    return tuple(ladder for ladder in found if ladder.steps)


def _applicable(item: kinds.AnyObjective, place: Place) -> list[Ranked]:
    return [
        ((override.service is not None) + (override.environment is not None), index, override)
        for index, override in enumerate(item.overrides)
        if place.service in (override.service or (place.service,))
        and place.environment in (override.environment or (place.environment,))
    ]


def _extractors(ranked: Sequence[Ranked]) -> list[str]:
    return list(dict.fromkeys(name for _, _, override in ranked for name in override.extractor or ()))


def _winner(ranked: Sequence[Ranked]) -> Ranked | None:
    return max(ranked, key=lambda entry: entry[0], default=None)


def _steps(item: kinds.AnyObjective, *winners: Ranked | None) -> tuple[Any, ...]:
    """Of the first of these that says which; the objective's own where none does."""
    for winner in winners:
        if winner is not None:
            override: Any = winner[2]
            if not override.enabled:
                return ()
            if override.limits is not None:
                return tuple(override.limits)
    return tuple(item.limits)


Complaint = tuple[tuple[str | int, ...], str, str]
"""Place below the objective, what is wrong, the remedy."""


def complaints(item: kinds.AnyObjective, place: Place, judged_by_extractor: bool) -> Iterator[Complaint]:
    """What is wrong with the overrides of an objective: unknown, without effect, or two for one."""
    known = {
        "service": (frozenset({place.service}), "name the `service` of this file"),
        "environment": (place.environments | {place.environment}, "list it under `environments`"),
        "extractor": (place.extractors, "list it under `extractors`"),
    }
    for index, override in enumerate(item.overrides):
        where = ("overrides", index)
        named = {key: getattr(override, key) or [] for key in known}
        if not any(named.values()):
            yield where, "is for everybody", "name a service, an environment or an extractor, or change the objective"
        if override.enabled and getattr(override, "limits", None) is None:
            yield where, "changes nothing", "give it limits, or `enabled: false`"
        if named["extractor"] and not judged_by_extractor:
            yield (*where, "extractor"), "nothing is judged by extractor here", "leave it out, or judge `by` extractor"
        for key, values in named.items():
            allowed, remedy = known[key]
            for value in values:
                if value not in allowed:
                    yield (*where, key), f"{value} is unknown", remedy
    yield from _overlaps(item)


def _overlaps(item: kinds.AnyObjective) -> Iterator[Complaint]:
    """Two overrides of which neither is more particular, and that could both hold for one extractor."""
    for index, later in enumerate(item.overrides):
        for first, earlier in enumerate(item.overrides[:index]):
            if _rank(earlier) == _rank(later) and all(
                _common(getattr(earlier, key), getattr(later, key)) for key in ("service", "environment", "extractor")
            ):
                yield (
                    ("overrides", index),
                    f"overlaps with overrides[{first}]",
                    "give each extractor, environment and service one, or make one of them more particular",
                )
                break


def _rank(override: kinds.OverrideSpec) -> tuple[int, bool]:
    return (override.service is not None) + (override.environment is not None), override.extractor is not None


def _common(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether there is one for whom both hold."""
    return one is None or other is None or bool(set(one) & set(other))
