"""Trends: the mean of a signal over a window, relative to the window before it."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch.objectives.model import Objectives, Severity
from featurewatch.objectives.outlook import Trend
from featurewatch.objectives.units import duration_text, number_text, percent_text
from featurewatch.rules import expressions, messages, outlook_messages, recorded, signals
from featurewatch.rules.model import Alert, Group, Recording

INTERVAL = 120.0
"""Seconds; a day moves slowly. Prometheus reads a series that is up to five minutes old."""
HOLD = 600.0


def change(trend: Trend) -> str:
    """(recent - earlier) / earlier; absent until both windows have been seen."""
    return f"{recorded.LEVEL}:{recorded.metric(trend.name)}:change_ratio{duration_text(trend.window)}"


def direction(trend: Trend) -> str:
    """1 rising, -1 falling, 0 steady."""
    return f"{recorded.LEVEL}:{recorded.metric(trend.name)}:direction{duration_text(trend.window)}"


def groups(objectives: Objectives) -> tuple[Group, ...]:
    """One group for each trend."""
    return tuple(
        Group(trend.name, INTERVAL, (*_recordings(objectives, trend), _alert(objectives, trend)))
        for trend in objectives.outlook.trends
    )


def begun(trend: Trend) -> float:
    """Seconds before now at which the first tenth of the earlier window ends: it must hold a sample."""
    return round(1.9 * trend.window, 3)


def _recordings(objectives: Objectives, trend: Trend) -> Iterator[Recording]:
    scope = signals.scope(objectives)
    signal, window = f"{signals.name_of(trend.of)}{scope}", duration_text(trend.window)
    first = f"{signal}[{duration_text(round(trend.window / 10, 3))}] offset {duration_text(begun(trend))}"
    yield Recording(
        change(trend),
        f"avg_over_time({signal}[{window}])\n/\n(\n  avg_over_time({signal}[{window}] offset {window})\n  > 0\n)\n- 1\n"
        f"and\ncount_over_time({first}) > 0",
    )
    changed, limit = f"{change(trend)}{scope}", number_text(trend.sensitivity)
    rising = f"({changed} > bool {limit} + {expressions.TOLERANCE})"
    falling = f"({changed} < bool -{limit} - {expressions.TOLERANCE})"
    yield Recording(direction(trend), f"{rising}\n-\n{falling}")


def _alert(objectives: Objectives, trend: Trend) -> Alert:
    scope, limit = signals.scope(objectives), percent_text(trend.sensitivity)
    wanted = {"above": "== 1", "below": "== -1", "both": "!= 0"}[trend.direction]
    words = {"above": "rises", "below": "falls", "both": "changes"}[trend.direction]
    window = duration_text(trend.window)
    return Alert(
        name=trend.alert,
        expr=f"{change(trend)}{scope}\nand\n{direction(trend)} {wanted}",
        hold=HOLD,
        labels=outlook_messages.labels(objectives, trend.name, trend.category, trend.severity or Severity.LOW),
        annotations=outlook_messages.texts(
            objectives,
            trend.alert,
            f"{messages.EXTRACTOR}: {messages.lower(trend.title)} {words}",
            trend.title,
            f"{messages.PERCENTAGE} over the last {window}, relative to the {window} before",
            f"a change of at most {limit}",
            trend.first_steps,
        ),
    )
