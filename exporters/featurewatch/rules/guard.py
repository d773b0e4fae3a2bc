"""One way in which the chain can fail, and the alert that watches for it."""

from __future__ import annotations

from dataclasses import dataclass

from featurewatch.objectives.model import Severity


@dataclass(frozen=True, slots=True)
class Guard:
    """One alert of the chain."""

    alert: str
    severity: Severity
    hold: float
    """Seconds (`for`)."""
    expr: str
    summary: str
    value: str
    """What was found, with the place of the number as Prometheus' template."""
    limit: str
    first_steps: tuple[str, ...]
