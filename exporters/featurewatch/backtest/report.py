"""What a replay found, and how a proposal differs from today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from featurewatch import names
from featurewatch.backtest.expand import Unreplayable, expanded, recorded
from featurewatch.backtest.history import History, Labels, State, together
from featurewatch.backtest.replay import Firing, firings
from featurewatch.rules.model import Alert, Group


@dataclass(frozen=True, slots=True)
class Question:
    """One alert with the expression that is asked for it, or why it cannot be."""

    alert: Alert
    expr: str
    step: float
    """Seconds between evaluations."""
    why_not: str = ""

    @property
    def severity(self) -> str:
        return self.alert.labels.get(names.SEVERITY, "")


@dataclass(frozen=True, slots=True)
class Replayed:
    """All firings of one alert and severity, by labels."""

    alert: str
    severity: str
    hold: float
    end: float
    """Until when it was looked; seconds since the epoch."""
    firings: dict[Labels, list[Firing]]
    why_not: str = ""

    @property
    def seconds(self) -> list[float]:
        return [firing.seconds(self.end) for series in self.firings.values() for firing in series]

    def share_shorter(self, limit: float) -> float | None:
        """The share of firings that were over sooner; None without any."""
        return sum(each < limit for each in self.seconds) / len(self.seconds) if self.seconds else None

    def as_mapping(self, short: float) -> dict[str, Any]:
        """Plain data for `--json`; times in seconds since the epoch."""
        return {
            "alert": self.alert,
            "severity": self.severity,
            "for": self.hold,
            "count": len(self.seconds),
            "seconds": sum(self.seconds),
            "median_seconds": median(self.seconds) if self.seconds else None,
            "longest_seconds": max(self.seconds, default=None),
            "share_shorter": self.share_shorter(short),
            "not_replayed": self.why_not or None,
            "firings": [
                {"labels": dict(labels), "began": firing.began, "ended": firing.ended}
                for labels, series in sorted(self.firings.items())
                for firing in series
            ],
        }


def questions(groups: Iterable[Group], wanted: Iterable[str] = (), step: float | None = None) -> list[Question]:
    """What to ask for each alert (those named in `wanted`, or all), every `step` seconds instead of its group's."""
    groups, chosen = tuple(groups), frozenset(wanted)
    known = recorded(groups)
    found = []
    for group in groups:
        for alert in group.alerts:
            if chosen and alert.name not in chosen:
                continue
            try:
                found.append(Question(alert, expanded(alert.expr, known), step or group.interval))
            except Unreplayable as error:
                found.append(Question(alert, "", step or group.interval, str(error)))
    return found


def replay(asked: Iterable[Question], history: History, state: State) -> Iterator[Replayed]:
    """Each alert over the state's window. Raises `HistoryFailure`."""
    window = state.window
    for question in asked:
        alert, step = question.alert, question.step
        count, first = window.count(step), window.first(step)
        held = {} if question.why_not else together(history.held(question.expr, window, step, state))
        found = {
            labels: firings(stretches, alert.hold, alert.keep, first, step, count) for labels, stretches in held.items()
        }
        kept = {labels: series for labels, series in found.items() if series}
        end = first + (count - 1) * step
        yield Replayed(alert.name, question.severity, alert.hold, end, kept, question.why_not)
