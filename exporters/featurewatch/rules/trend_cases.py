"""Tests of trends: the change of one window to the next, which way it goes, and the alert from both sides."""

from __future__ import annotations

import math
from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.outlook import Trend
from featurewatch.rules import signals
from featurewatch.rules import trend as rules
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.looking import Firing, Looker, value
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan

SAMPLES = 40
"""In one window."""


def step_of(trend: Trend) -> float:
    """Seconds between evaluations."""
    return math.ceil(trend.window / SAMPLES)


def cases(plan: Plan, trend: Trend, group: Group, extractor: str) -> Iterator[Case]:
    """All of them, to be evaluated at `step_of`."""
    desk = Desk(plan.objectives.service, step_of(trend), extractor)
    who, foreign = (((names.SERVICE, each), (names.EXTRACTOR, extractor)) for each in (desk.service, ANOTHER))
    looker = Looker(desk, group.alerts)
    [alert] = group.alerts
    severity, hold = alert.labels[names.SEVERITY], math.ceil(rules.HOLD / desk.step)
    signal = signals.name_of(trend.of)
    for sign in (1, -1):
        fires = trend.direction == "both" or (trend.direction == "above") == (sign > 0)
        # Whole windows at one level, at exactly the sensitivity beyond it, and half as much again.
        exact, over = (1000 * (1 + sign * trend.sensitivity * times) for times in (1, 1.5))
        inputs = [
            series(signal, who, _levels((2 * SAMPLES, 1000), (SAMPLES, exact), (SAMPLES, exact), (SAMPLES, 1000)))
        ]
        inputs.append(series(signal, foreign, _levels((5 * SAMPLES, 5))))
        at = 3 * SAMPLES - 1
        side = "rises" if sign > 0 else "falls"
        yield desk.case(
            f"{trend.alert}: silent when it {side} by exactly the sensitivity",
            inputs,
            [looker.look(at), looker.look(at + hold)],
            [
                value(desk, at, rules.change(trend), {who: sign * trend.sensitivity}),
                value(desk, at, rules.direction(trend), {who: 0.0}),
            ],
        )
        levels = [1000.0] * (2 * SAMPLES) + [over] * (3 * SAMPLES)
        changes = {at: _change(levels, at) for at in range(2 * SAMPLES, 5 * SAMPLES)}
        since = min(at for at, change in changes.items() if abs(change) > trend.sensitivity + 1e-6)
        yield desk.case(
            f"{trend.alert}: {'fires' if fires else 'silent'} when it {side} by more, for as long as that is news",
            [series(signal, who, " ".join(f"{level:.12g}" for level in levels))],
            [
                looker.look(since + hold - 1),
                looker.look(since + hold, [Firing(severity, who, changes[since + hold])] if fires else ()),
                looker.look(5 * SAMPLES - 1),
            ],
            [
                value(desk, since, rules.change(trend), {who: changes[since]}),
                value(desk, since, rules.direction(trend), {who: float(sign)}),
            ],
        )
    early = SAMPLES + SAMPLES // 2 - 1
    yield desk.case(
        f"{trend.alert}: silent until both windows have been seen, and without data",
        [
            series(signal, who, _levels((SAMPLES, 1000), (SAMPLES // 2, 9000))),
            series(rules.direction(trend), foreign, "1x99"),
        ],
        [looker.look(early), looker.look(5 * SAMPLES)],
        [desk.value(early, f'{rules.change(trend)}{{service="{desk.service}"}}', [])],
    )


def _change(levels: list[float], at: int) -> float:
    """The last window relative to the one before it."""
    recent, earlier = levels[at - SAMPLES + 1 : at + 1], levels[at - 2 * SAMPLES + 1 : at - SAMPLES + 1]
    return sum(recent) / sum(earlier) - 1


def _levels(*phases: tuple[int, float]) -> str:
    return " ".join(f"{level:.12g}x{steps - 1}" for steps, level in phases)
