"""Where Alertmanager sends everything."""

# No `from __future__ import annotations` in this folder: FastAPI could not see the dependencies made inside `router`.

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from featurewatch.responder import deadman
from featurewatch.responder.access import Access
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.deadman import DeadManSwitch
from featurewatch.responder.intake import take
from featurewatch.responder.metrics import Metrics
from featurewatch.responder.notification import Notification
from featurewatch.responder.tokens import Bearer, Role


class TakenBody(BaseModel):
    """What one message changed."""

    fired: int
    resolved: int
    known: int


def router(
    database: Database, access: Access, metrics: Metrics, switch: DeadManSwitch, clock: Callable[[], datetime]
) -> APIRouter:
    paths = APIRouter(tags=["intake"])
    operator = access.at_least(Role.OPERATOR, limited=False)

    @paths.post("/api/v1/notifications")
    def receive(notification: Notification, _caller: Annotated[Bearer, Depends(operator)]) -> TakenBody:
        """Alertmanager's webhook. 200 once it is committed; 503 when that cannot be, so that it is sent again."""
        everything = notification.told()
        told = [one for one in everything if one.labels.get("alertname") != deadman.ALERT]
        if any(one.ended_at is None for one in everything if one not in told):
            switch.heard()
        try:
            taken = take(database, told, clock())
        except DatabaseUnavailable:
            metrics.refused.labels("database").inc()
            raise
        metrics.taken.labels("webhook").inc(len(told))
        return TakenBody(fired=taken.fired, resolved=taken.resolved, known=taken.known)

    return paths
