"""What anomalies and trends look at: one value for each extractor, once a minute, over the last five."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featurewatch import names
from featurewatch.objectives.convert import ANSWERED, COUNT
from featurewatch.objectives.model import Objectives, QuantileObjective, RatioObjective
from featurewatch.objectives.outlook import TRAFFIC
from featurewatch.objectives.units import duration_text
from featurewatch.rules import expressions, recorded, sli
from featurewatch.rules.model import Group, Recording

GROUP = "signals"
INTERVAL = 60.0
WINDOW = 300.0

LEAST = 0.05
"""The smallest spread that is taken, as a part of the usual value and, where that is near 0, of the limit."""


def name_of(of: str) -> str:
    """Name of the series of a signal."""
    return f"{recorded.LEVEL}:{recorded.metric(of)}:signal{duration_text(WINDOW)}"


def scope(objectives: Objectives) -> str:
    """What keeps apart the rules of several services in one Prometheus."""
    return expressions.selector("", ((names.SERVICE, objectives.service),))


def least(objectives: Objectives, of: str) -> float:
    """The smallest spread of a signal, in its own unit."""
    for objective in objectives.objectives:
        if objective.name == of and isinstance(objective, QuantileObjective):
            return round(LEAST * sli.mildest(objective).bound, 9)
        if objective.name == of and isinstance(objective, RatioObjective):
            bound = sli.mildest(objective).bound
            return round(LEAST * min(bound, 1 - bound), 9)
    return round(LEAST * objectives.minimum_traffic, 9)


def known(objectives: Objectives) -> tuple[str, ...]:
    """Everything that has a signal."""
    measured = (
        objective.name
        for objective in objectives.objectives
        if isinstance(objective, QuantileObjective | RatioObjective) and not objective.foreign
    )
    return (TRAFFIC, *measured)


def used(objectives: Objectives) -> tuple[str, ...]:
    """Those that something looks at; traffic always, because it says whether there is enough to judge."""
    outlook = objectives.outlook
    wanted = [*(item.of for item in outlook.anomalies), *(item.of for item in outlook.trends)]
    return tuple(of for of in known(objectives) if of in wanted or (wanted and of == TRAFFIC))


def groups(objectives: Objectives) -> tuple[Group, ...]:
    """One group, or none where nothing looks at a signal."""
    rules = tuple(_recordings(objectives, used(objectives)))
    return (Group(GROUP, INTERVAL, rules),) if rules else ()


def _recordings(objectives: Objectives, wanted: Iterable[str]) -> Iterator[Recording]:
    service = (names.SERVICE, objectives.service)
    measured = {objective.name: objective for objective in objectives.objectives}
    for of in wanted:
        objective = measured.get(of)
        if isinstance(objective, QuantileObjective):
            buckets = expressions.selector(f"{objective.metric}_bucket", (service, *objective.population))
            yield Recording(name_of(of), expressions.quantile(objective.quantile, buckets, WINDOW))
        elif isinstance(objective, RatioObjective):
            counted = sli.of_events(objectives, objective, 0.0)
            share = expressions.ratio(counted.good, counted.total, WINDOW)
            yield Recording(name_of(of), share if objective.counts == "good" else f"1 - (\n{share}\n)")
        else:
            answered = expressions.selector_of_words(COUNT, (service, *ANSWERED))
            yield Recording(name_of(of), expressions.total("rate", answered, WINDOW))
