"""What is said of extractions beyond single limits: budgets, health, anomalies, trends, capacity. Plain values.

Units throughout: seconds, ratios between 0 and 1; a health score lies between 0 and 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from featurewatch.objectives.model import Severity

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class BurnPair:
    """Two windows that must both burn faster than `factor`: the long one proves it, the short one that it goes on."""

    long: float
    short: float
    factor: float
    """How many times faster than the budget allows; at 1 it lasts exactly as long as its window."""
    severity: Severity

    @property
    def hold(self) -> float:
        """Seconds (`for`): half the short window, in whole minutes."""
        return max(1, self.short // 120) * 60.0


BUDGET_WINDOW = 30 * DAY


@dataclass(frozen=True, slots=True)
class Budget:
    """How many bad events an objective may have within `window`, and how fast they may come."""

    objective: str
    window: float = BUDGET_WINDOW
    target: float | None = None
    """Share of good events, or of the time up; None takes it from the objective's mildest limit."""
    pairs: tuple[BurnPair, ...] = ()
    """As declared; empty for the usual ones, whose factors follow from the window."""
    exhausted: Severity | None = None
    """Of the alert that nothing is left; None for high."""


@dataclass(frozen=True, slots=True)
class Health:
    """A score of 0 to 100: latency (weight 50), cache (30) and errors (20), each by its objective's mildest limit."""

    latency: str
    cache: str | None = None
    errors: str | None = None
    degraded_below: float = 90.0
    critical_below: float = 70.0


Direction = Literal["above", "below", "both"]

TRAFFIC = "traffic"
"""The signal that is no objective's: extractions per second."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A signal that is far from what is usual at this time of day."""

    name: str
    alert: str
    title: str
    of: str
    """`TRAFFIC`, or the objective whose quantile or ratio it is."""
    first_steps: tuple[str, ...]
    direction: Direction = "both"
    threshold: float = 3.0
    """Spreads from the usual value: beyond it medium, beyond one and a half times of it high."""
    days: int = 7
    """How many days back are compared."""
    category: str = "anomaly"


@dataclass(frozen=True, slots=True)
class Trend:
    """The mean of a signal over a window, compared with the window before."""

    name: str
    alert: str
    title: str
    of: str
    first_steps: tuple[str, ...]
    direction: Direction = "both"
    window: float = DAY
    sensitivity: float = 0.1
    """Relative change from which it is one."""
    severity: Severity | None = None
    """None for low."""
    category: str = "trend"


Resource = Literal["disk", "memory", "cache", "replicas"]


@dataclass(frozen=True, slots=True)
class Within:
    """One step of a ladder: full within so many seconds, this severe."""

    severity: Severity
    seconds: float


@dataclass(frozen=True, slots=True)
class Capacity:
    """Something that fills up, and how soon its end must be told."""

    name: str
    alert: str
    title: str
    of: Resource
    limits: tuple[Within, ...]
    first_steps: tuple[str, ...]
    long: float = 21600.0
    """Seconds over which the growth is measured…"""
    short: float = 1800.0
    """…and over which it must go on."""
    most: int | None = None
    """The largest number of replicas."""
    category: str = "capacity"


@dataclass(frozen=True, slots=True)
class Outlook:
    """All of it; empty where nothing is declared."""

    budgets: tuple[Budget, ...] = ()
    health: Health | None = None
    anomalies: tuple[Anomaly, ...] = ()
    trends: tuple[Trend, ...] = ()
    capacities: tuple[Capacity, ...] = ()
