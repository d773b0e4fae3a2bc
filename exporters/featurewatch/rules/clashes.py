"""Names that two things would share: found before one rule silently takes the place of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from featurewatch.faults import Fault
from featurewatch.objectives.model import Limit, Objectives, QuantileObjective, RatioObjective
from featurewatch.rules import chain, recorded

WATCHDOG = "Watchdog"
"""The alert of the chain itself."""

TWIN = "ObjectiveDataAbsent"
"""The alert of every objective on declared series whose data are gone."""


def faults(
    objectives: Objectives,
    measured: Sequence[tuple[QuantileObjective | RatioObjective, Limit]],
    windows: Sequence[float],
    file: str,
) -> Iterator[Fault]:
    """Objectives whose alert or whose recorded series has the name of another one."""
    for objective in objectives.objectives:
        if objective.alert in {WATCHDOG, TWIN, *chain.ALERTS}:
            yield Fault(
                file, 0, 0, f"{objective.name}: alert: {objective.alert}", "choose another; the chain's own has it"
            )
    owners: dict[str, str] = {}
    for (objective, limit), window in zip(measured, windows, strict=True):
        bound = limit.bound if isinstance(objective, QuantileObjective) else None
        series = recorded.good_ratio(objective.name, window, bound)
        owner = owners.setdefault(series, objective.name)
        if owner != objective.name:
            yield Fault(file, 0, 0, f"{objective.name}: its series {series} is that of {owner}", "choose another name")
