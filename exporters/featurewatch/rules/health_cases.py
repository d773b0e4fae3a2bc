"""Tests of the health score: its parts and weights by hand, and its alert from both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featurewatch import names
from featurewatch.objectives.model import QuantileObjective, Severity
from featurewatch.rules import health, recorded
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.looking import Firing, Looker, value
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import Plan
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.trust import MINIMUM_EVENTS

SECOND = "sentiment"

PARTS = {
    # How far over the limit (p95 / limit - 1), good share of what the cache owes, spent share of allowed errors: score
    "latency": ((-0.2, 100.0), (0.0, 100.0), (0.2, 60.0), (0.5, 0.0), (2.0, 0.0)),
    "cache": ((0.5, 50.0), (0.9, 90.0), (1.0, 100.0), (1.1, 100.0), (0.0, 0.0)),
    "errors": ((0.5, 50.0), (0.25, 75.0), (0.0, 100.0), (1.0, 0.0), (3.0, 0.0)),
}
RATES = (0.3, 0.1)
"""Extractions per second of the first and of the second extractor."""


def cases(plan: Plan, groups: Iterable[Group], extractor: str) -> Iterator[Case]:
    """All of them, to be evaluated as often as the limits."""
    declared = plan.objectives.outlook.health
    if declared is None:
        return
    desk = Desk(plan.objectives.service, plan.timing.evaluation_interval, extractor)
    alerts = tuple(alert for group in groups for alert in group.alerts if alert.name == health.ALERT)
    parts = health.named(plan, declared)
    weights = health.weights(plan, declared)
    yield _values(plan, desk, parts, weights)
    yield _speechless(plan, desk, parts)
    for alert in alerts:
        yield _edge(plan, desk, alerts, alert, parts, weights)
    yield _quiet(plan, desk, alerts, parts)
    foreign = [
        series(health.SCORE, _labels(ANOTHER, extractor), "5x20"),
        series(health.traffic(plan), _labels(ANOTHER, extractor), "50x20"),
    ]
    yield desk.case(
        f"{health.ALERT}: silent without data, whatever another service does",
        foreign,
        [Looker(desk, alerts).look(20)],
    )


def _labels(service: str, extractor: str) -> Labels:
    return ((names.SERVICE, service), (names.EXTRACTOR, extractor))


def _input(plan: Plan, part: str, objective: str, sign: float) -> tuple[str, float]:
    """The series that a part reads, and what it says at this place of the table."""
    judgement = health.judged(plan, objective)
    if isinstance(judgement.objective, QuantileObjective):
        name = recorded.quantile_seconds(judgement.objective.quantile, judgement.window)
        return name, judgement.limit.bound * (1 + sign)
    name = recorded.good_ratio(objective, judgement.window, judgement.bound)
    if part == "cache":
        return name, (1 - judgement.allowed) * sign
    return name, 1 - judgement.allowed * sign


def _phased(plan: Plan, who: Labels, part: str, objective: str, signs: list[float], steps: int = 1) -> Case:
    name = _input(plan, part, objective, 0.0)[0]
    values = " ".join(f"{_input(plan, part, objective, sign)[1]:.15g}x{steps - 1}" for sign in signs)
    return series(name, who, values)


def _values(plan: Plan, desk: Desk, parts: dict[str, str], weights: dict[str, float]) -> Case:
    first, second = (_labels(desk.service, who) for who in (desk.extractor, SECOND))
    table = {part: PARTS[part] for part in parts}
    inputs = [
        series(health.traffic(plan), who, f"{rate}x4 0x4") for who, rate in zip((first, second), RATES, strict=True)
    ]
    inputs.append(series(health.traffic(plan), _labels(ANOTHER, desk.extractor), "70x9"))
    strange = _labels(ANOTHER, desk.extractor)
    for part, objective in parts.items():
        signs = [sign for sign, _ in table[part]]
        inputs += [
            _phased(plan, first, part, objective, signs),
            _phased(plan, second, part, objective, signs[::-1]),
            _phased(plan, strange, part, objective, [0.0] * 5),
        ]
    checks = []
    for at in range(5):
        checks += [
            value(desk, at, health.part(part), {second: table[part][4 - at][1], first: table[part][at][1]})
            for part in parts
        ]
        scores = [sum(weights[part] * table[part][turn][1] for part in parts) for turn in (at, 4 - at)]
        checks.append(value(desk, at, health.SCORE, {second: scores[1], first: scores[0]}))
        mean = sum(score * rate for score, rate in zip(scores, RATES, strict=True)) / sum(RATES)
        checks.append(value(desk, at, health.SERVICE_SCORE, {((names.SERVICE, desk.service),): mean}))
    checks.append(desk.value(6, f'{health.SERVICE_SCORE}{{service="{desk.service}"}}', []))
    return desk.case(
        "every part of the score by hand, weighed for two extractors and the service", inputs, values=checks
    )


def _speechless(plan: Plan, desk: Desk, parts: dict[str, str]) -> Case:
    """Without one success there is no quantile."""
    who = _labels(desk.service, desk.extractor)
    checks = [value(desk, 1, health.part("latency"), {who: 0.0})] if "latency" in parts else []
    other, early = _labels(desk.service, SECOND), _labels(desk.service, "begun-just-now")
    inputs = [series(health.traffic(plan), who, "5x3"), series(health.traffic(plan), other, "0x3")]
    if "latency" in parts:  # it has successes, of which the quantile is not recorded yet
        share = health.judged(plan, parts["latency"]).good_ratio
        inputs += [series(health.traffic(plan), early, "5x3"), series(share, early, "0.9x3")]
    return desk.case("an extractor that never succeeds has no quantile and no point for latency", inputs, values=checks)


def _edge(
    plan: Plan, desk: Desk, alerts: tuple[Alert, ...], alert: Alert, parts: dict[str, str], weights: dict[str, float]
) -> Case:
    """Exactly at the bound, a little below, and back; moved by the first part alone."""
    declared = plan.objectives.outlook.health
    if declared is None:
        raise ValueError("no health score is declared")
    severity = alert.labels[names.SEVERITY]
    bounds = {str(Severity.CRITICAL): declared.critical_below, str(Severity.MEDIUM): declared.degraded_below}
    bound, hold = bounds[severity], evaluations(alert.hold, desk.step)
    part = max(parts, key=lambda name: weights[name])
    who = _labels(desk.service, desk.extractor)

    def sign(score: float) -> float:
        """Where the part must stand for the whole to have this score, all others at 100."""
        own = 100 - (100 - score) / weights[part]
        return {"latency": (100 - own) / 200, "cache": own / 100, "errors": (100 - own) / 100}[part]

    low = bound - 0.0005  # prints as the bound itself
    slow = max(evaluations(other.hold, desk.step) for other in alerts)
    moving = [*([sign(bound)] * (slow + 1)), *([sign(low)] * (slow + 2)), *([sign(100)] * 3)]
    steps = len(moving)
    inputs = [series(health.traffic(plan), who, f"40x{steps}"), _phased(plan, who, part, parts[part], moving)]
    inputs += [
        _phased(plan, who, other, objective, [{"cache": 1.0}.get(other, 0.0)], steps)
        for other, objective in parts.items()
        if other != part
    ]
    looker, begun = Looker(desk, alerts), slow + 1

    def firing(at: int) -> list[Firing]:
        found = []
        for other in alerts:
            limit = bounds[other.labels[names.SEVERITY]]
            since = 0 if bound < limit else begun
            violated = (bound if at < begun else low if at < begun + slow + 2 else 100) < limit
            if violated and at - since >= evaluations(other.hold, desk.step):
                shown = bound if at < begun else low
                found.append(Firing(other.labels[names.SEVERITY], who, shown))
        return found

    moments = sorted({begun - 1, begun + hold - 1, begun + hold, begun + slow + 2})
    title = f"{health.ALERT}, {severity}: silent at exactly {bound:g}, fires just below, resolves"
    return desk.case(title, inputs, [looker.look(at, firing(at)) for at in moments])


def _quiet(plan: Plan, desk: Desk, alerts: tuple[Alert, ...], parts: dict[str, str]) -> Case:
    """A tenth fewer extractions than it takes to judge, then enough."""
    who = _labels(desk.service, desk.extractor)
    hold = max(evaluations(alert.hold, desk.step) for alert in alerts)
    enough = MINIMUM_EVENTS / plan.show_window
    worst = {"latency": 1.0, "cache": 0.0, "errors": 2.0}
    inputs = [series(health.traffic(plan), who, f"{enough * 0.95:.6f}x{hold + 2} {enough:.6f}x{hold + 2}")]
    inputs += [_phased(plan, who, part, objective, [worst[part]], 2 * hold + 8) for part, objective in parts.items()]
    looker = Looker(desk, alerts)
    firing = [Firing(alert.labels[names.SEVERITY], who, 0.0) for alert in alerts]
    return desk.case(
        f"{health.ALERT}: silent with little traffic, however low the score",
        inputs,
        [looker.look(hold + 2), looker.look(2 * hold + 4, firing)],
    )
