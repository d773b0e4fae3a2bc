"""objectives.yaml, read and refused as a whole, and turned into domain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from featurewatch.faults import Faulty
from featurewatch.objectives import kinds, model, shipped, spec
from featurewatch.objectives.convert import objective
from featurewatch.objectives.faults import find_faults
from featurewatch.objectives.handling_spec import handled
from featurewatch.objectives.known import Known
from featurewatch.objectives.outlook_spec import looked_ahead
from featurewatch.objectives.overrides import Place
from featurewatch.objectives.series_faults import missing
from featurewatch.objectives.source import read


def load(path: Path, name: str | None = None) -> model.Objectives:
    """Read `path` (called `name` in messages). Raises `Faulty` with all faults when there are any."""
    source = read(path, name)
    faults = find_faults(source)
    if faults:
        raise Faulty(faults)
    return _objectives(spec.ObjectivesSpec.model_validate(source.data))


def _objectives(parsed: spec.ObjectivesSpec) -> model.Objectives:
    place = Place(parsed.service, parsed.environment)
    known_series = Known(parsed.metrics)
    used = _used(parsed)
    judged = [objective(item, place) for item in (*parsed.objectives, *used)]
    return model.Objectives(
        service=parsed.service,
        team=parsed.team,
        environment=parsed.environment,
        minimum_traffic=parsed.traffic.minimum,
        delivery_budget=parsed.delivery.budget,
        retention=parsed.retention,
        runbooks=parsed.links.runbooks.rstrip("/"),
        dashboards=parsed.links.dashboards.rstrip("/"),
        objectives=tuple(item for item in judged if item is not None),
        off=tuple(_off(parsed, place, known_series)),
        sources={item.name: item.source for item in (*used, *parsed.objectives) if item.source},
        metrics=known_series.declared,
        notify=_notify(parsed.notify),
        handling=handled(parsed),
        outlook=looked_ahead(parsed),
        chain=parsed.chain.watch,
        tls=model.Tls(**parsed.tls.model_dump()) if parsed.tls else None,
    )


def _used(parsed: spec.ObjectivesSpec) -> list[kinds.AnyObjective]:
    """Those of the catalogue that are switched on; an objective of the file takes the place of its namesake."""
    own = {item.name for item in parsed.objectives}
    return [item for item in shipped.everything() if item.name in parsed.use and item.name not in own]


def _off(parsed: spec.ObjectivesSpec, place: Place, known_series: Known) -> Iterator[model.Off]:
    """What is declared and not judged."""
    for item in parsed.objectives:
        if objective(item, place) is None:
            yield _switched_off(item, known_series)
    told = {item.name for item in parsed.objectives} | set(parsed.use)
    for item in shipped.everything():
        if item.name not in told:
            yield replace(_switched_off(item, known_series), shipped=True)


def _switched_off(item: kinds.AnyObjective, known_series: Known) -> model.Off:
    everywhere = objective(item.model_copy(update={"enabled": True, "overrides": []}), Place("", ""))
    if everywhere is None:
        raise ValueError(f"{item.name} has no limits")
    return model.Off(everywhere, missing(item, known_series), item.source or "")


def _notify(parsed: spec.NotifySpec) -> model.Notify:
    return model.Notify(
        channels={severity: tuple(getattr(parsed, str(severity))) for severity in model.Severity},
        email=model.Email(**{**parsed.email.model_dump(), "to": tuple(parsed.email.to)}) if parsed.email else None,
        slack=model.Slack(**parsed.slack.model_dump()) if parsed.slack else None,
        pagerduty=model.PagerDuty(**parsed.pagerduty.model_dump()) if parsed.pagerduty else None,
        webhook=model.Webhook(**parsed.webhook.model_dump()) if parsed.webhook else None,
    )
