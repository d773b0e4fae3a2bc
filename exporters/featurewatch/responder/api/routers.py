"""All paths of the API but the intake, each with what it needs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

import httpx
from fastapi import APIRouter

from featurewatch.responder.access import Access
from featurewatch.responder.api import (
    acknowledge_page,
    acknowledgements,
    alerts,
    exports,
    history,
    incidents,
    metrics,
    objectives,
    on_call,
    reports,
    silences,
    stream,
    tokens,
)
from featurewatch.responder.database import Database
from featurewatch.responder.declared import Declared
from featurewatch.responder.measured import Measured
from featurewatch.responder.settings import Settings
from featurewatch.responder.silences import Silences


def routers(
    settings: Settings, database: Database, access: Access, clock: Callable[[], datetime], opened: ExitStack
) -> Iterator[APIRouter]:
    """What they open to ask others is closed with `opened`."""
    declared = Declared(settings.objectives)
    alertmanager = (
        Silences(_client(opened, settings, settings.alertmanager)) if settings.alertmanager is not None else None
    )
    prometheus = Measured(_client(opened, settings, settings.prometheus)) if settings.prometheus is not None else None
    for module in (alerts, history, incidents, acknowledgements, reports, exports, stream, tokens, acknowledge_page):
        yield module.router(database, access, clock)
    yield silences.router(access, clock, alertmanager)
    yield on_call.router(database, access, clock, declared)
    yield objectives.router(database, access, clock, declared, prometheus)
    yield metrics.router(access, clock, declared, prometheus)


def _client(opened: ExitStack, settings: Settings, base: str) -> httpx.Client:
    return opened.enter_context(httpx.Client(base_url=base, trust_env=False, verify=settings.trusted()))
