"""What was promised, what is measured, and how services stand."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel
from sqlalchemy import func, select

from featurewatch.objectives.model import Objective
from featurewatch.responder import promised
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Label, PageBody
from featurewatch.responder.database import Database
from featurewatch.responder.declared import Declared
from featurewatch.responder.fired import NOBODY
from featurewatch.responder.measured import Measured, Sample
from featurewatch.responder.tables import firings
from featurewatch.responder.tokens import Role
from featurewatch.responder.upstream import UpstreamSilent
from featurewatch.rules import health
from featurewatch.rules.plan import Plan


class BoundBody(BaseModel):
    severity: str
    bound: float
    side: str


class ValueBody(BaseModel):
    """What Prometheus has at the moment."""

    series: str
    unit: str
    labels: dict[str, str]
    value: float | None


class ObjectiveBody(BaseModel):
    """One promise, its bounds and how it stands."""

    name: str
    title: str
    alert: str
    category: str
    service: str
    bounds: list[BoundBody]
    violated: list[str]
    """Severities of its alerts that fire now."""
    values: list[ValueBody]


class HealthBody(BaseModel):
    """How one extractor stands, or (without `extractor`) a whole service."""

    service: str
    extractor: str | None
    state: promised.State
    score: float | None
    """0 to 100."""
    availability: float | None
    """Share of the last day in which the service was up."""
    firing: dict[str, int]
    """Alerts by severity."""


Firing = dict[tuple[str, str, str, str], int]
"""Alerts by service, extractor, objective and severity."""


def router(
    database: Database, access: Access, clock: Callable[[], datetime], declared: Declared, measured: Measured | None
) -> APIRouter:
    paths = APIRouter(prefix="/api/v1", tags=["objectives"])
    viewer = Depends(access.at_least(Role.VIEWER))

    def now(series: Sequence[str], service: str | None, extractor: str | None) -> list[Sample]:
        if measured is None:
            raise UpstreamSilent("the responder was started without --prometheus")
        return measured.now(series, clock(), service=service, extractor=extractor) if series else []

    @paths.get("/objectives", dependencies=[viewer])
    def list_objectives(extractor: Label = None) -> PageBody[ObjectiveBody]:
        """Every promise with its current values, in the order of objectives.yaml."""
        plan = declared.plan()
        return PageBody(items=bodies(plan, plan.objectives.objectives, extractor), next=None)

    @paths.get("/objectives/{name}", dependencies=[viewer])
    def get_objective(name: Annotated[str, Path(max_length=200)], extractor: Label = None) -> ObjectiveBody:
        """One of them."""
        plan = declared.plan()
        found = [objective for objective in plan.objectives.objectives if objective.name == name]
        if not found:
            raise HTTPException(404, f"there is no objective {name!r} in objectives.yaml")
        return bodies(plan, found, extractor)[0]

    @paths.get("/health", dependencies=[viewer])
    def get_health(service: Label = None, extractor: Label = None) -> PageBody[HealthBody]:
        """How the service and each of its extractors stand: by score, and by what fires."""
        plan = declared.plan()
        of_service = promised.availabilities()
        samples = now((*promised.HEALTH, *of_service), service, None)
        firing = _firing(database)
        there = {(s.labels.get("service", ""), s.labels.get("extractor")) for s in samples}
        there |= {(one[0], one[1] or None) for one in firing if service is None or one[0] == service}
        there |= {(name, None) for name, _ in there}
        if extractor is not None:
            there = {one for one in there if one[1] == extractor}
        items = [_health(plan, samples, firing, *one) for one in sorted(there, key=lambda one: (one[0], one[1] or ""))]
        return PageBody(items=items, next=None)

    def bodies(plan: Plan, objectives: Sequence[Objective], extractor: str | None) -> list[ObjectiveBody]:
        shown = {objective.name: promised.shown(plan, objective) for objective in objectives}
        every = sorted({one.series for found in shown.values() for one in found})
        samples = now(every, plan.objectives.service, extractor)
        firing = _firing(database)
        return [_objective(plan, objective, shown[objective.name], samples, firing) for objective in objectives]

    return paths


def _objective(
    plan: Plan,
    objective: Objective,
    shown: Sequence[promised.Shown],
    samples: Sequence[Sample],
    firing: Firing,
) -> ObjectiveBody:
    values = [
        ValueBody(series=one.series, unit=one.unit, labels=_labels(sample), value=sample.value)
        for one in shown
        for sample in samples
        if sample.labels.get("__name__") == one.series
    ]
    violated = {severity for (_, _, of, severity), _ in firing.items() if of == objective.name}
    return ObjectiveBody(
        name=objective.name,
        title=objective.title,
        alert=objective.alert,
        category=objective.category,
        service=plan.objectives.service,
        bounds=[BoundBody(severity=b.severity, bound=b.bound, side=b.side) for b in promised.bounds(objective)],
        violated=sorted(violated),
        values=values,
    )


def _health(plan: Plan, samples: Sequence[Sample], firing: Firing, service: str, extractor: str | None) -> HealthBody:
    here = {
        sample.labels["__name__"]: sample.value
        for sample in samples
        if (sample.labels.get("service", ""), sample.labels.get("extractor")) == (service, extractor)
    }
    counts: dict[str, int] = {}
    for (of_service, of_extractor, _, severity), number in firing.items():
        # What fires for a whole service concerns each of its extractors, and the service all that fires.
        if of_service == service and (extractor is None or of_extractor in ("", extractor)):
            counts[severity] = counts.get(severity, 0) + number
    score = here.get(health.SERVICE_SCORE if extractor is None else health.SCORE)
    available = [value for name in promised.availabilities() if (value := here.get(name)) is not None]
    return HealthBody(
        service=service,
        extractor=extractor,
        state=promised.state(plan, score, counts),
        score=score,
        availability=available[0] if available else None,
        firing=counts,
    )


def _labels(sample: Sample) -> dict[str, str]:
    return {name: value for name, value in sample.labels.items() if name != "__name__"}


def _firing(database: Database) -> Firing:
    c = firings.c
    by = (c.service, c.extractor, c.objective, c.severity)
    asked = select(*by, func.count()).where(c.ended_at.is_(None), c.escalation_level.is_(None), c.severity != NOBODY)
    with database.reading() as connection:
        rows = connection.execute(asked.group_by(*by)).all()
    return {(service, extractor, objective, severity): n for service, extractor, objective, severity, n in rows}
