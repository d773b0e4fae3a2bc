"""Anomalies: how many spreads a signal is away from what is usual.

Usual is the median of the same hour of the day on several days back; one bad day does not move it. Until there are
three such days, usual is the mean of the last hour without what was itself anomalous, so that an incident does not
teach that it is normal; one that outlasts the hour is taken for the new normal.

The spread is made of how much days differ, how much the signal varies within the hour, and a least part of the usual
value: on a flat series it does not fall to zero, and a deviation that nobody would notice is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch.objectives.model import Objectives, Severity
from featurewatch.objectives.outlook import DAY, TRAFFIC, Anomaly
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import expressions, messages, outlook_messages, recorded, signals
from featurewatch.rules.model import Alert, Group, Recording
from featurewatch.rules.trust import MINIMUM_EVENTS

HOUR = 3600.0
DAYS_NEEDED = 3
"""Days with data at this time before a season is believed."""
SAMPLES_NEEDED = 10
"""Calm minutes in the last hour before it is believed."""
SETTLE = 300.0
"""Seconds before now that the rolling baseline leaves out: the signal's own window."""
HOLD = 180.0
QUARTILES = 1.349
"""Spreads (standard deviations) between the quartiles of a normal distribution."""
LARGE = 1.5
"""From this many thresholds on an anomaly is high, before it is medium."""
SEVERITIES = (Severity.HIGH, Severity.MEDIUM)


def series(anomaly: Anomaly, operation: str) -> str:
    """Name of a recorded series: usual_season, spread_season, z_season, usual_rolling, …, z."""
    return f"{recorded.LEVEL}:{recorded.metric(anomaly.name)}:{operation}"


def groups(objectives: Objectives) -> tuple[Group, ...]:
    """One group for each anomaly."""
    return tuple(
        Group(anomaly.name, signals.INTERVAL, (*_recordings(objectives, anomaly), *_alerts(objectives, anomaly)))
        for anomaly in objectives.outlook.anomalies
    )


def _recordings(objectives: Objectives, anomaly: Anomaly) -> Iterator[Recording]:
    scope = signals.scope(objectives)
    signal = f"{signals.name_of(anomaly.of)}{scope}"
    least = number_text(signals.least(objectives, anomaly.of))
    yield Recording(series(anomaly, "usual_by_day"), _by_day("avg_over_time", signal, anomaly.days))
    yield Recording(series(anomaly, "noise_by_day"), _by_day("stddev_over_time", signal, anomaly.days))
    days, noise = (f"{series(anomaly, name)}{scope}" for name in ("usual_by_day", "noise_by_day"))
    yield Recording(
        series(anomaly, "usual_season"),
        f"{_quantile(0.5, days)}\nand\ncount by ({expressions.LEVEL}) ({days}) >= {DAYS_NEEDED}",
    )
    usual = f"{series(anomaly, 'usual_season')}{scope}"
    between = f"({_quantile(0.75, days)} - {_quantile(0.25, days)})\n  / {number_text(QUARTILES)}"
    yield Recording(
        series(anomaly, "spread_season"),
        f"sqrt(\n  (\n  {between}\n  ) ^ 2\n  + {_quantile(0.5, noise)} ^ 2\n"
        f"  + ({number_text(signals.LEAST)} * {usual}) ^ 2\n  + {least} ^ 2\n)",
    )
    z = f"{series(anomaly, 'z')}{scope}"
    limit = number_text(anomaly.threshold)
    yield Recording(series(anomaly, "calm"), f"{signal}\nunless\nabs({z}) > {limit} + {expressions.TOLERANCE}")
    rolled = f"{series(anomaly, 'calm')}{scope}[{duration_text(HOUR)}] offset {duration_text(SETTLE)}"
    yield Recording(
        series(anomaly, "usual_rolling"),
        f"avg_over_time({rolled})\nand\ncount_over_time({rolled}) >= {SAMPLES_NEEDED}",
    )
    usual = f"{series(anomaly, 'usual_rolling')}{scope}"
    yield Recording(
        series(anomaly, "spread_rolling"),
        f"sqrt(\n  stddev_over_time({rolled}) ^ 2\n"
        f"  + ({number_text(signals.LEAST)} * {usual}) ^ 2\n  + {least} ^ 2\n)",
    )
    for kind in ("season", "rolling"):
        usual, spread = (f"{series(anomaly, f'{what}_{kind}')}{scope}" for what in ("usual", "spread"))
        yield Recording(series(anomaly, f"z_{kind}"), f"({signal} - {usual})\n/\n{spread}")
    either = (f"{series(anomaly, f'z_{kind}')}{scope}" for kind in ("season", "rolling"))
    yield Recording(series(anomaly, "z"), "\nor\n".join(either))


def _by_day(function: str, signal: str, days: int) -> str:
    """The hour around this time of the day, one series for each day back."""
    span = duration_text(HOUR)
    return "\nor\n".join(
        f"label_replace(\n  {function}({signal}[{span}] offset {duration_text(day * DAY - HOUR / 2)}),\n"
        f'  "day", "{day}", "", ""\n)'
        for day in range(1, days + 1)
    )


def _quantile(value: float, days: str) -> str:
    return f"quantile by ({expressions.LEVEL}) ({number_text(value)}, {days})"


def _alerts(objectives: Objectives, anomaly: Anomaly) -> Iterator[Alert]:
    for severity, threshold in zip(SEVERITIES, (LARGE * anomaly.threshold, anomaly.threshold), strict=True):
        limit = number_text(threshold)
        yield Alert(
            name=anomaly.alert,
            expr=_beyond(objectives, anomaly, limit),
            hold=HOLD,
            labels=outlook_messages.labels(objectives, anomaly.name, anomaly.category, severity),
            annotations=outlook_messages.texts(
                objectives,
                anomaly.alert,
                f"{messages.EXTRACTOR}: {messages.lower(anomaly.title)} is unusual",
                anomaly.title,
                f"{outlook_messages.ONE_DECIMAL} spreads away from what is usual at this time of day",
                f"at most {limit} spreads {'either way' if anomaly.direction == 'both' else anomaly.direction}",
                anomaly.first_steps,
            ),
        )


def _beyond(objectives: Objectives, anomaly: Anomaly, limit: str) -> str:
    z = f"{series(anomaly, 'z')}{signals.scope(objectives)}"
    above, below = f"{z} > {limit} + {expressions.TOLERANCE}", f"{z} < -{limit} - {expressions.TOLERANCE}"
    match anomaly.direction:
        case "above":
            expr = above
        case "below":
            expr = below
        case _:
            expr = f"(\n  {above}\n  or\n  {below}\n)"
    if anomaly.of == TRAFFIC:  # too little of it is what it looks for
        return expr
    enough = number_text(round(MINIMUM_EVENTS / signals.WINDOW, 6))
    return f"{expr}\nand\n{signals.name_of(TRAFFIC)} >= {enough}"
