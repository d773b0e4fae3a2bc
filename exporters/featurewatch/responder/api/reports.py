"""Figures of how alerts and people fared."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel

from featurewatch.responder.access import Access
from featurewatch.responder.api.page import Label, Moment
from featurewatch.responder.database import Database
from featurewatch.responder.report import report
from featurewatch.responder.tokens import Role

USUAL = timedelta(days=30)
LONGEST = timedelta(days=400)


class SpreadBody(BaseModel):
    """How long something took, in seconds; null where it never happened."""

    count: int
    median: float | None
    p90: float | None
    longest: float | None


class OfAlertBody(BaseModel):
    """One alert at one severity."""

    alertname: str
    severity: str
    fired: int
    flapped: int
    brief: int
    acknowledged: int
    escalations: int
    false_positives: int
    messages: int
    noise: float
    time_to_acknowledge: SpreadBody
    time_to_resolve: SpreadBody


class ReportBody(BaseModel):
    """Alerts that began between the two."""

    since: datetime
    until: datetime
    fired: int
    incidents: int
    firing: int
    flapped: int
    time_to_acknowledge: SpreadBody
    time_to_resolve: SpreadBody
    delivery: SpreadBody
    escalations: dict[int, int]
    dedupe_ratio: float | None
    false_positive_ratio: float | None
    alerts: list[OfAlertBody]


def router(database: Database, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/reports", tags=["reports"])

    @paths.get("/alerts", dependencies=[Depends(access.at_least(Role.VIEWER))])
    def report_alerts(
        since: Annotated[Moment | None, Query(description="default: 30 days before `until`")] = None,
        until: Annotated[Moment | None, Query(description="default: now")] = None,
        service: Label = None,
        extractor: Label = None,
        alertname: Label = None,
        severity: Label = None,
    ) -> ReportBody:
        """How fast alerts were taken in hand and ended, and how much of it was noise."""
        end = until or clock()
        begin = since or end - USUAL
        if not timedelta(0) < end - begin <= LONGEST:
            raise HTTPException(422, f"since must lie before until, at most {LONGEST.days} days")
        only = {"service": service, "extractor": extractor, "alertname": alertname, "severity": severity}
        with database.reading() as connection:
            found = report(connection, begin, end, **only)
        alerts = [OfAlertBody(**asdict(one), noise=one.noise) for one in found.alerts]
        return ReportBody(**{**asdict(found), "alerts": alerts})

    return paths
