"""Tests of the signals: two processes of one extractor, every way to end, before and after a change."""

from __future__ import annotations

import math

from featurewatch import names
from featurewatch.objectives.model import Objective, QuantileObjective, RatioObjective
from featurewatch.rules import expected, signals, sli
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, edges_around
from featurewatch.rules.looking import value
from featurewatch.rules.plan import Plan
from featurewatch.rules.share_cases import is_event

BEFORE, BEGUN, LATER = 1_000_000, 8, 7
"""Where counters stand at first, and for how many steps they grow faster and then slower."""


def case(plan: Plan, extractor: str) -> Case:
    """To be evaluated every minute."""
    desk = Desk(plan.objectives.service, signals.INTERVAL, extractor)
    bounds = [
        sli.mildest(objective).bound
        for objective in plan.objectives.objectives
        if isinstance(objective, QuantileObjective) and not objective.foreign
    ]
    edges = [*edges_around(bounds or [names.DURATION_EDGES_SECONDS[0]]), math.inf]
    inputs: list[Case] = []
    for service in (desk.service, ANOTHER):
        where = Desk(service, desk.step, extractor)
        for number, (pair, instance) in enumerate(
            ((pair, instance) for instance in ("a:1", "b:1") for pair in names.EXTRACTION_SERIES), start=1
        ):
            label = ("instance", instance)
            inputs += [
                where.bucket(pair, edge, _counter(_rate(number, place)), label)
                for place, edge in enumerate(edges, start=1)
            ]
            inputs.append(where.count(pair, _counter(_rate(number, len(edges))), label))
    who: Labels = ((names.SERVICE, desk.service), (names.EXTRACTOR, extractor))
    measured = {objective.name: objective for objective in plan.objectives.objectives}
    at = BEGUN + 3  # of the four minutes between five samples, the first one was thrice as fast
    checks = [
        value(desk, at, signals.name_of(of), {who: _said(measured.get(of), edges)})
        for of in signals.used(plan.objectives)
    ]
    return desk.case("signals of two processes, after a change", inputs, values=checks)


def _rate(number: int, upto: int) -> int:
    """Extractions a minute of one series, in the first `upto` buckets; none beyond the last edge but one."""
    return 60 * sum(20 * number if place == 1 else 1 + number % 3 for place in range(1, upto + 1))


def _counter(rate: int) -> str:
    then = BEFORE + BEGUN * 3 * rate
    return f"{BEFORE}+{3 * rate}x{BEGUN} {then + rate}+{rate}x{LATER}"


def _said(objective: Objective | None, edges: list[float]) -> float:
    """What a signal must say while everything goes at its later rate."""
    kinds = [(number, pair) for number, pair in enumerate(names.EXTRACTION_SERIES * 2, start=1)]
    answered = [(number, pair) for number, pair in kinds if pair[1] != names.CANCELLED]
    last = len(edges)
    if isinstance(objective, QuantileObjective):
        succeeded = [number for number, pair in kinds if pair[1] == names.SUCCESS]
        cumulative = [
            (edge, float(sum(_rate(number, place) for number in succeeded)))
            for place, edge in enumerate(edges, start=1)
        ]
        return expected.bucket_quantile(objective.quantile, cumulative)
    total = sum(_rate(number, last) for number, _ in answered)
    if isinstance(objective, RatioObjective):
        return sum(_rate(number, last) for number, pair in answered if is_event(objective, pair)) / total
    return total / 60 * 6 / 4
