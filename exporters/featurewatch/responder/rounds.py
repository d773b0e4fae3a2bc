"""What the responder does by itself, again and again, beside the requests."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from fastapi.concurrency import run_in_threadpool

from featurewatch.responder.alarm import Alarm, AlarmFailed
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.deadman import DeadManSwitch
from featurewatch.responder.reconciliation import GRACE, reconcile
from featurewatch.responder.recorder import Recorder
from featurewatch.responder.upstream import Alertmanager, Prometheus, UpstreamSilent

log = logging.getLogger(__name__)

WATCH_SECONDS: Final = 1.0

FOLLOW_SECONDS: Final = 2.0
"""Between two looks into the file of Alertmanager's event recorder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """How what was missed is looked for."""

    seconds: float = 60.0
    """Between two rounds."""
    back: timedelta = timedelta(hours=6)
    """How far back it looks; the first time it may have been away for longer than between two rounds."""
    grace: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class Round:
    """Work that is repeated, and how often. It says itself what went wrong, and goes on."""

    name: str
    work: Callable[[], None]
    seconds: float


def reconciling(
    database: Database,
    alertmanager: str,
    prometheus: str,
    clock: Callable[[], datetime],
    pace: Reconciling = Reconciling(),
    verify: ssl.SSLContext | bool = True,
) -> Round:
    """Finds what was missed, at the start and every minute."""

    def work() -> None:
        now = clock()
        try:
            # A round a minute is worth no connection that stays open, which somebody would have to close.
            with (
                httpx.Client(base_url=alertmanager, trust_env=False, verify=verify) as one,
                httpx.Client(base_url=prometheus, trust_env=False, verify=verify) as other,
            ):
                since = now - pace.back
                taken = reconcile(database, Alertmanager(one), Prometheus(other), since, now, pace.grace)
        except (UpstreamSilent, DatabaseUnavailable) as error:
            log.warning("nothing was reconciled: %s", error)
            return
        if taken.fired or taken.resolved:
            log.warning("found by reconciliation: %d alerts fired, %d ended", taken.fired, taken.resolved)

    return Round("reconciliation", work, pace.seconds)


def following(database: Database, events: Path, clock: Callable[[], datetime]) -> Round:
    """Takes what Alertmanager's event recorder writes."""
    recorder = Recorder(events)

    def work() -> None:
        try:
            recorder.follow(database, clock)
        except (OSError, DatabaseUnavailable) as error:
            log.warning("events of Alertmanager wait: %s", error)

    return Round("event recorder", work, FOLLOW_SECONDS)


def watching(switch: DeadManSwitch, alarms: Sequence[Alarm]) -> Round:
    """Says by the second path that nothing is heard of Watchdog, and that it is back."""

    def work() -> None:
        change = switch.due()
        if change is None:
            return
        subject, text = _words(change.verdict, change.seconds)
        reached = False
        for alarm in alarms:
            try:
                alarm.say(subject, text)
                reached = True
            except AlarmFailed as error:
                log.error("the second path failed: %s", error)  # its cause may hold a secret
        if reached:
            switch.said(change)

    return Round("dead man's switch", work, WATCH_SECONDS)


def _words(verdict: str, seconds: float) -> tuple[str, str]:
    if verdict == "back":
        subject = "featurewatch: alerts reach people again"
        return subject, f"Watchdog is heard again. For {seconds:.0f} s nobody would have been told of an alert."
    subject = "featurewatch: NO ALERT REACHES ANYBODY"
    text = (
        f"Nothing has been heard of the alert Watchdog, which always fires, for {seconds:.0f} s. Prometheus or "
        "Alertmanager does not run, or cannot reach the responder. Until that is mended nobody is told of any alert.\n"
        "First: does Prometheus answer /-/ready, does Alertmanager, and does one's /api/v2/alerts list Watchdog?\n"
    )
    return subject, text


@asynccontextmanager
async def running(rounds: Sequence[Round]) -> AsyncIterator[None]:
    """All of them, until the end of the `with`."""
    tasks = [asyncio.create_task(_repeat(one)) for one in rounds]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(one: Round) -> None:
    while True:
        try:
            await run_in_threadpool(one.work)
        except Exception:
            log.exception("%s failed and is tried again", one.name)
        await asyncio.sleep(one.seconds)
