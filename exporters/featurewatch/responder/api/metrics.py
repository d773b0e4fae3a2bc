"""Measured values now and in the past, by the names of recorded series."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel

from featurewatch.responder import promised
from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Label, Moment, PageBody
from featurewatch.responder.declared import Declared
from featurewatch.responder.measured import MOST_POINTS, Measured
from featurewatch.responder.tokens import Role
from featurewatch.responder.upstream import UpstreamSilent

USUAL = timedelta(hours=1)
LONGEST = timedelta(days=35)


class MetricBody(BaseModel):
    name: str


class SampleBody(BaseModel):
    labels: dict[str, str]
    at: datetime
    value: float | None


class CourseBody(BaseModel):
    """The values of one series over time: pairs of Unix time and value."""

    labels: dict[str, str]
    points: list[tuple[float, float | None]]


Name = Annotated[str, Path(max_length=200)]


def router(access: Access, clock: Callable[[], datetime], declared: Declared, measured: Measured | None) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/metrics", tags=["metrics"], dependencies=[Depends(access.at_least(Role.VIEWER))])

    def prometheus() -> Measured:
        if measured is None:
            raise UpstreamSilent("the responder was started without --prometheus")
        return measured

    def known(name: str) -> str:
        """Raises HTTPException 404: whoever wants more asks Prometheus itself."""
        if name not in promised.series(declared.plan()):
            raise HTTPException(404, f"there is no metric {name!r}; GET /api/v1/metrics lists them")
        return name

    @paths.get("")
    def list_metrics() -> PageBody[MetricBody]:
        """Those that can be asked for: what objectives are judged and shown by."""
        return PageBody(items=[MetricBody(name=name) for name in promised.series(declared.plan())], next=None)

    @paths.get("/{name}")
    def get_metric(name: Name, service: Label = None, extractor: Label = None) -> PageBody[SampleBody]:
        """Its values now."""
        found = prometheus().now([known(name)], clock(), service=service, extractor=extractor)
        return PageBody(
            items=[SampleBody(labels=dict(one.labels), at=one.at, value=one.value) for one in found], next=None
        )

    @paths.get("/{name}/history")
    def get_metric_history(
        name: Name,
        service: Label = None,
        extractor: Label = None,
        since: Annotated[Moment | None, Query(description="default: an hour before `until`")] = None,
        until: Annotated[Moment | None, Query(description="default: now")] = None,
        step: Annotated[float | None, Query(ge=1, le=86_400, description="seconds; default: some 250 points")] = None,
    ) -> PageBody[CourseBody]:
        """Its values over time: at most 1000 of each series, at most 35 days."""
        end = until or clock()
        begin = since or end - USUAL
        seconds = (end - begin).total_seconds()
        if not 0 < seconds <= LONGEST.total_seconds():
            raise HTTPException(422, f"since must lie before until, at most {LONGEST.days} days")
        step = step or max(1.0, round(seconds / 250))
        if seconds / step >= MOST_POINTS:
            raise HTTPException(422, f"a step of {step:g} s makes more than {MOST_POINTS} points; choose a longer one")
        found = prometheus().course(known(name), begin, end, step, service=service, extractor=extractor)
        items = [
            CourseBody(labels=dict(one.labels), points=[(at.timestamp(), value) for at, value in one.points])
            for one in found
        ]
        return PageBody(items=items, next=None)

    return paths
