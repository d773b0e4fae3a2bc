"""objectives.yaml, read and refused as a whole, and turned into domain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from featurewatch import names
from featurewatch.faults import Faulty
from featurewatch.objectives import model, spec
from featurewatch.objectives.faults import find_faults
from featurewatch.objectives.source import read

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


def load(path: Path, name: str | None = None) -> model.Objectives:
    """Read `path` (called `name` in messages). Raises `Faulty` with all faults when there are any."""
    source = read(path, name)
    faults = find_faults(source)
    if faults:
        raise Faulty(faults)
    return _objectives(spec.ObjectivesSpec.model_validate(source.data))


def _objectives(parsed: spec.ObjectivesSpec) -> model.Objectives:
    return model.Objectives(
        service=parsed.service,
        team=parsed.team,
        environment=parsed.environment,
        minimum_traffic=parsed.traffic.minimum,
        delivery_budget=parsed.delivery.budget,
        retention=parsed.retention,
        runbooks=parsed.links.runbooks.rstrip("/"),
        dashboards=parsed.links.dashboards.rstrip("/"),
        objectives=tuple(_objective(item) for item in parsed.objectives),
        notify=_notify(parsed.notify),
    )


def _objective(item: spec.Quantile | spec.RatioOf | spec.Presence) -> model.Objective:
    common: dict[str, Any] = {
        "name": item.name,
        "alert": item.alert,
        "title": item.title,
        "category": item.category,
        "first_steps": tuple(item.first_steps),
    }
    match item:
        case spec.Quantile():
            return model.QuantileObjective(
                **common,
                limits=tuple(_limit(step, step.above) for step in item.limits),
                quantile=item.quantile,
                metric=names.EXTRACTION_DURATION,
                population=EVENTS["succeeded"],
            )
        case spec.RatioOf():
            bounds = [step.below if item.good else step.above for step in item.limits]
            return model.RatioObjective(
                **common,
                limits=tuple(_limit(step, bound or 0.0) for step, bound in zip(item.limits, bounds, strict=True)),
                counts="good" if item.good else "bad",
                metric=COUNT,
                events=EVENTS[item.good or item.bad or ""],
                total=ANSWERED,
            )
        case spec.Presence():
            return model.PresenceObjective(
                **common,
                limits=tuple(
                    model.Limit(model.Severity[step.severity.upper()], step.absent_for, hold=step.absent_for)
                    for step in item.limits
                ),
                of=item.of,
                metric="up" if item.of == "target" else COUNT,
            )


def _limit(step: spec.Step, bound: float) -> model.Limit:
    return model.Limit(model.Severity[step.severity.upper()], bound, step.hold, step.window)


def _notify(parsed: spec.NotifySpec) -> model.Notify:
    return model.Notify(
        channels={severity: tuple(getattr(parsed, str(severity))) for severity in model.Severity},
        email=model.Email(**{**parsed.email.model_dump(), "to": tuple(parsed.email.to)}) if parsed.email else None,
        slack=model.Slack(**parsed.slack.model_dump()) if parsed.slack else None,
        pagerduty=model.PagerDuty(**parsed.pagerduty.model_dump()) if parsed.pagerduty else None,
        webhook=model.Webhook(**parsed.webhook.model_dump()) if parsed.webhook else None,
    )
