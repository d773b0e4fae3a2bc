"""What may be written about budgets, health, anomalies, trends and capacity, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from featurewatch.faults import Fault
from featurewatch.objectives import model, outlook
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text
from featurewatch.objectives.words import KebabName, PascalName, Ratio, Seconds, SeverityName, Strict, Text

OWN_ALERTS = frozenset({"HealthScoreLow"})
"""Names of alerts that are made whatever the file says."""

Spec = TypeVar("Spec", bound=BaseModel)

Factor = Annotated[float, Field(ge=1, le=1000)]
Score = Annotated[float, Field(gt=0, lt=100)]
Direction = Literal["above", "below", "both"]
FirstSteps = Annotated[list[Text], Field(min_length=1, max_length=10)]


class BurnSpec(Strict):
    long: Seconds
    short: Seconds
    factor: Factor
    severity: SeverityName


class BudgetSpec(Strict):
    objective: KebabName
    target: Ratio | None = None
    window: Seconds | None = None
    burn: Annotated[list[BurnSpec], Field(min_length=1, max_length=4)] | None = None
    exhausted: SeverityName | None = None


class BudgetsSpec(Strict):
    window: Seconds | None = None
    burn: Annotated[list[BurnSpec], Field(min_length=1, max_length=4)] | None = None
    exhausted: SeverityName | None = None
    of: Annotated[list[BudgetSpec], Field(min_length=1, max_length=500)]


class HealthSpec(Strict):
    latency: KebabName
    cache: KebabName | None = None
    errors: KebabName | None = None
    degraded_below: Score = 90.0
    critical_below: Score = 70.0


class OutlookPromise(Strict):
    name: KebabName
    title: Text
    alert: PascalName
    first_steps: FirstSteps


class AnomalySpec(OutlookPromise):
    of: KebabName
    direction: Direction = "both"
    threshold: Annotated[float, Field(ge=1, le=100)] = 3.0
    days: Annotated[int, Field(ge=3, le=28)] = 7


class TrendSpec(OutlookPromise):
    of: KebabName
    direction: Direction = "both"
    window: Seconds = outlook.DAY
    sensitivity: Ratio = 0.1
    severity: SeverityName = "low"


class WithinSpec(Strict):
    within: Seconds
    severity: SeverityName


class CapacitySpec(OutlookPromise):
    of: Literal["disk", "memory", "cache", "replicas"]
    limits: Annotated[list[WithinSpec], Field(min_length=1, max_length=4)]
    long: Seconds = 21600.0
    short: Seconds = 1800.0
    most: Annotated[int, Field(ge=1, le=100_000)] | None = None


class OutlookSpec(Strict):
    """The keys of the file that look beyond single limits. All may be left out."""

    budgets: BudgetsSpec | None = None
    health: HealthSpec | None = None
    anomalies: Annotated[list[AnomalySpec], Field(max_length=50)] = []
    trends: Annotated[list[TrendSpec], Field(max_length=50)] = []
    capacity: Annotated[list[CapacitySpec], Field(max_length=50)] = []


def looked_ahead(parsed: OutlookSpec) -> outlook.Outlook:
    """The domain values of what was written and found good."""
    return outlook.Outlook(
        budgets=tuple(_budget(parsed.budgets, item) for item in parsed.budgets.of) if parsed.budgets else (),
        health=outlook.Health(**parsed.health.model_dump()) if parsed.health else None,
        anomalies=tuple(outlook.Anomaly(**_promise(item)) for item in parsed.anomalies),
        trends=tuple(
            outlook.Trend(**{**_promise(item), "severity": model.Severity[item.severity.upper()]})
            for item in parsed.trends
        ),
        capacities=tuple(
            outlook.Capacity(
                **{
                    **_promise(item),
                    "limits": tuple(
                        outlook.Within(model.Severity[step.severity.upper()], step.within) for step in item.limits
                    ),
                }
            )
            for item in parsed.capacity
        ),
    )


def _promise(item: OutlookPromise) -> dict[str, Any]:
    return item.model_dump() | {"first_steps": tuple(item.first_steps)}


def _budget(every: BudgetsSpec, item: BudgetSpec) -> outlook.Budget:
    """What one budget leaves out, all of them have in common; what they leave out, is usual."""
    burn = item.burn or every.burn or []
    severity = item.exhausted or every.exhausted
    return outlook.Budget(
        objective=item.objective,
        window=item.window or every.window or outlook.BUDGET_WINDOW,
        target=item.target,
        pairs=tuple(
            outlook.BurnPair(pair.long, pair.short, pair.factor, model.Severity[pair.severity.upper()]) for pair in burn
        ),
        exhausted=model.Severity[severity.upper()] if severity else None,
    )


def faults(source: Source) -> Iterator[Fault]:
    """What is well formed and makes no sense; what is malformed in one place hides nothing in the others."""
    kinds = _kinds(source)
    yield from _health_faults(source, kinds)
    signals = ["traffic", *(name for name, kind in kinds.items() if kind in ("quantile", "ratio"))]
    taken, names = _taken(source), set(kinds)
    for key, kind in (("anomalies", AnomalySpec), ("trends", TrendSpec), ("capacity", CapacitySpec)):
        for index, item in _readable(source, key, kind):
            path: KeyPath = (key, index)
            yield from _clashes(source, path, item, taken, names)
            if isinstance(item, AnomalySpec | TrendSpec) and item.of not in signals:
                what = f"{key}[{index}].of: there is no signal {item.of!r}"
                yield source.fault((*path, "of"), what, f"one of {', '.join(signals)}")
            if isinstance(item, TrendSpec) and 2 * item.window > _retention(source):
                what = f"{key}[{index}].window: two of {duration_text(item.window)} are longer than `retention`"
                yield source.fault((*path, "window"), what, "a shorter window, or a longer retention")
            if isinstance(item, AnomalySpec) and (item.days + 1) * outlook.DAY > _retention(source):
                what = f"{key}[{index}].days: {item.days} days back are longer than `retention`"
                yield source.fault(path, what, "fewer days, or a longer retention")
            if isinstance(item, CapacitySpec):
                yield from _capacity_faults(source, path, item)


def _kinds(source: Source) -> dict[str, str]:
    """Objective to kind, of those that have both."""
    raw = source.data.get("objectives")
    items = [item for item in (raw if isinstance(raw, list) else []) if isinstance(item, dict)]
    return {
        item["name"]: item["kind"]
        for item in items
        if isinstance(item.get("name"), str) and isinstance(item.get("kind"), str)
    }


def _taken(source: Source) -> set[str]:
    taken = set(OWN_ALERTS)
    for key in ("objectives", "incidents"):
        raw = source.data.get(key)
        alerts = [item.get("alert") for item in (raw if isinstance(raw, list) else []) if isinstance(item, dict)]
        taken |= {alert for alert in alerts if isinstance(alert, str)}
    return taken


def _retention(source: Source) -> float:
    """Seconds; endless where it is malformed, which is told elsewhere."""
    with suppress(ValidationError):
        return _Retention.model_validate({"retention": source.data.get("retention")}).retention
    return float("inf")


class _Retention(Strict):
    retention: Seconds


def _readable(source: Source, key: str, kind: type[Spec]) -> list[tuple[int, Spec]]:
    """The entries of a list that are well formed, with their places in it."""
    raw = source.data.get(key)
    found = []
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        with suppress(ValidationError):
            found.append((index, kind.model_validate(item)))
    return found


def _clashes(source: Source, path: KeyPath, item: Any, taken: set[str], names: set[str]) -> Iterator[Fault]:
    where = f"{path[0]}[{path[1]}]"
    if item.alert in taken:
        yield source.fault((*path, "alert"), f"{where}.alert: {item.alert!r} is taken", "choose another name")
    if item.name in names or item.name == outlook.TRAFFIC:
        yield source.fault((*path, "name"), f"{where}.name: {item.name!r} is taken", "choose another name")
    taken.add(item.alert)
    names.add(item.name)


def _health_faults(source: Source, kinds: dict[str, str]) -> Iterator[Fault]:
    try:
        health = HealthSpec.model_validate(source.data.get("health"))
    except ValidationError:
        return
    wanted = {
        "latency": (health.latency, "quantile"),
        "cache": (health.cache, "ratio"),
        "errors": (health.errors, "ratio"),
    }
    for key, (name, kind) in wanted.items():
        if name is not None and kinds.get(name) != kind:
            what = f"health.{key}: there is no {kind} {name!r}"
            yield source.fault(("health", key), what, f"name an objective of kind {kind}")
    if health.critical_below >= health.degraded_below:
        what = "health: critical_below is not below degraded_below"
        yield source.fault(("health", "critical_below"), what, "the more severe, the farther from what is promised")


def _capacity_faults(source: Source, path: KeyPath, item: CapacitySpec) -> Iterator[Fault]:
    where = f"{path[0]}[{path[1]}]"
    ladder = sorted((model.Severity[step.severity.upper()], step.within) for step in item.limits)
    for (low, later), (high, sooner) in pairwise(ladder):
        if high == low or sooner >= later:
            what = f"{where}.limits: {high} does not lie beyond {low}"
            yield source.fault((*path, "limits"), what, "each severity once, and the more severe, the sooner")
    if not 600 <= item.short < item.long:
        what = f"{where}: short: {duration_text(item.short)}, long: {duration_text(item.long)}"
        yield source.fault(path, what, "a short window of at least 10m, and a longer long one")
    if (item.of == "replicas") != (item.most is not None):
        yield source.fault(path, f"{where}.most: belongs to replicas, and to nothing else", "how many there may be")
