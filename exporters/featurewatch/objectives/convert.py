"""From what is written of an objective to the value that it means."""

from __future__ import annotations

from typing import Any

from featurewatch import names
from featurewatch.objectives import kinds, model
from featurewatch.objectives.overrides import Place, ladders
from featurewatch.objectives.series_faults import SCALES, counts, is_foreign

COUNT = f"{names.EXTRACTION_DURATION}_count"
ANSWERED = ((names.OUTCOME, f"{names.SUCCESS}|{names.ERROR}"),)
"""All extractions that ended by themselves; a cancelled one says nothing about the extractor."""

EVENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "served_from_compute": ((names.SERVED_FROM, names.COMPUTE),),
    "served_from_cache": ((names.SERVED_FROM, names.CACHE),),
    "served_from_fallback": ((names.SERVED_FROM, names.FALLBACK),),
    "failed": ((names.OUTCOME, names.ERROR),),
    "succeeded": ((names.OUTCOME, names.SUCCESS),),
}


def objective(item: kinds.AnyObjective, place: Place) -> model.Objective | None:
    """For this service and environment; None where it is switched off there."""
    chosen = ladders(item, place)
    if not item.enabled or not chosen:
        return None
    common: dict[str, Any] = {
        "name": item.name,
        "alert": item.alert,
        "title": item.title,
        "category": item.category,
        "first_steps": tuple(item.first_steps),
        "ownership": model.Ownership(item.team, item.owner, item.policy),
        "limits": tuple(_limit(step, ladder.scope) for ladder in chosen for step in ladder.steps),
        "foreign": is_foreign(item),
        "keep": item.keep_firing_for or 0.0,
    }
    if is_foreign(item):
        common["by"] = tuple(getattr(item, "by", ()))
    match item:
        case kinds.Quantile():
            return _quantile(item, common)
        case kinds.RatioOf():
            return _ratio(item, common)
        case kinds.Presence():
            return _presence(item, common)
        case _:
            return _bound(item, common)


def _quantile(item: kinds.Quantile, common: dict[str, Any]) -> model.QuantileObjective:
    if isinstance(item.of, kinds.SeriesSpec):
        series = _series(item.of)
        metric, population = series.metric, series.where
    else:
        metric, population = names.EXTRACTION_DURATION, EVENTS["succeeded"]
    return model.QuantileObjective(
        **common,
        quantile=item.quantile,
        metric=metric,
        population=population,
        scale=SCALES[item.unit],
        traffic=item.traffic,
    )


def _ratio(item: kinds.RatioOf, common: dict[str, Any]) -> model.RatioObjective:
    side = counts(item) or "bad"
    common["traffic"] = item.traffic
    if not is_foreign(item):
        named = item.good or item.bad
        events = EVENTS[named] if isinstance(named, str) else ()
        return model.RatioObjective(**common, counts=side, metric=COUNT, events=events, total=ANSWERED)
    given = {
        key: _series(events)
        for key in ("good", "bad", "total")
        if isinstance(events := getattr(item, key), kinds.SeriesSpec)
    }
    counted = model.Counted(**given)
    return model.RatioObjective(**common, counts=side, metric="", events=(), total=(), counted=counted)


def _bound(
    item: kinds.Gauge | kinds.RateOf | kinds.Increase | kinds.Freshness, common: dict[str, Any]
) -> model.BoundObjective:
    per = getattr(item, "per", None)
    steps: list[Any] = list(item.limits)
    below = getattr(steps[0], "below", None) is not None
    default: model.Aggregation = "sum" if per or isinstance(item, kinds.RateOf | kinds.Increase) else "max"
    units: dict[str, model.Unit] = {"rate": "events per second", "increase": "events", "freshness": "seconds"}
    return model.BoundObjective(
        **common,
        kind=item.kind,
        series=_series(item.of),
        per=_series(per) if per else None,
        side="below" if below else "above",
        aggregate=getattr(item, "aggregate", None) or default,
        unit="share" if per else item.unit if isinstance(item, kinds.Gauge) else units[item.kind],
        starts_late=isinstance(item, kinds.Increase) and item.starts_late,
    )


def _presence(item: kinds.Presence, common: dict[str, Any]) -> model.PresenceObjective:
    if isinstance(item.of, kinds.SeriesSpec):
        series = _series(item.of)
        return model.PresenceObjective(**common, of="series", metric=series.metric, where=series.where)
    return model.PresenceObjective(**common, of=item.of, metric="up" if item.of == "target" else COUNT)


def _series(item: kinds.SeriesSpec) -> model.Series:
    return model.Series(item.metric, tuple((label, "|".join(values)) for label, values in item.where.items()))


def _limit(step: Any, scope: model.Scope) -> model.Limit:
    severity = model.Severity[step.severity.upper()]
    if isinstance(step, kinds.AbsentFor):
        return model.Limit(severity, step.absent_for, hold=step.absent_for, scope=scope)
    bounds = (getattr(step, key, None) for key in ("above", "below", "at_least"))
    bound = next((float(value) for value in bounds if value is not None), 0.0)
    return model.Limit(severity, bound, step.hold, getattr(step, "window", None), scope)
