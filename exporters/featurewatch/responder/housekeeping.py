"""Rounds that keep the history in order: figures once a minute, forgetting once an hour."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.figures import Figures
from featurewatch.responder.retention import forget, forget_runs
from featurewatch.responder.rounds import Round

log = logging.getLogger(__name__)

FIGURES_SECONDS: Final = 60.0
FORGET_SECONDS: Final = 3_600.0


def reckoning(figures: Figures) -> Round:
    """The figures of the last day."""

    def work() -> None:
        try:
            figures.refresh()
        except DatabaseUnavailable as error:
            log.warning("the figures are as they were: %s", error)

    return Round("figures", work, FIGURES_SECONDS)


def forgetting(database: Database, keep: timedelta, keep_runs: timedelta, clock: Callable[[], datetime]) -> Round:
    """What ended longer ago than is kept: alerts, and runs of actions."""

    def work() -> None:
        try:
            forget(database, clock() - keep)
            forget_runs(database, clock() - keep_runs)
        except DatabaseUnavailable as error:
            log.warning("nothing was forgotten: %s", error)

    return Round("retention", work, FORGET_SECONDS)
