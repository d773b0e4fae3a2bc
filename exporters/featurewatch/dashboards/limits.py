"""An objective's ladder as Grafana's thresholds: bands that colour a value, lines that cross a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from featurewatch.objectives.model import BoundObjective, QuantileObjective, RatioObjective, Severity
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules.messages import bound_text
from featurewatch.rules.plan import Judgement, Plan

GOOD: Final = "green"
NEUTRAL: Final = "text"
"""Where nothing was promised, no colour praises or blames."""
INVISIBLE: Final = "transparent"

COLOURS: Final[dict[Severity, str]] = {
    Severity.LOW: "blue",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "orange",
    Severity.CRITICAL: "red",
}

TOLERANCE: Final = 1e-9
"""The rules' own: a value exactly at the limit keeps the promise. Grafana colours a value that reaches a step, so the
step stands this much behind the limit, and the panel turns when the rule does."""

Steps = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The steps of one ladder, in the unit of the panel that shows them."""

    side: Literal["above", "below"]
    """On which side of a bound the violation lies."""
    bounds: tuple[tuple[float, Severity], ...]

    def bands(self) -> Steps:
        """Steps that colour a value by the severity that it has reached."""
        if self.side == "above":
            return _steps(GOOD, [(bound + TOLERANCE, COLOURS[severity]) for bound, severity in self._ladder()])
        # From the worst upwards: each bound ends the band of its severity, and the next milder begins there.
        ladder = self._ladder()
        colours = [*(COLOURS[severity] for _, severity in ladder), GOOD]
        return _steps(colours[0], [(bound - TOLERANCE, colours[index]) for index, (bound, _) in enumerate(ladder, 1)])

    def lines(self) -> Steps:
        """Steps that draw one line per bound in the colour of its severity."""
        return _steps(INVISIBLE, [(bound, COLOURS[severity]) for bound, severity in self._ladder()])

    def text(self, write: Callable[[float], str]) -> str:
        """`above 100ms high, above 150ms critical`."""
        ladder = sorted(self.bounds, key=lambda step: step[1])
        return ", ".join(f"{self.side} {write(bound)} is {severity}" for bound, severity in ladder)

    def _ladder(self) -> list[tuple[float, Severity]]:
        """By bound, upwards; the milder of two severities at the same bound is hidden by the other."""
        worst: dict[float, Severity] = {}
        for bound, severity in self.bounds:
            worst[bound] = max(severity, worst.get(bound, severity))
        return sorted(worst.items())


NONE: Final = Limits("above", ())


def judgements(plan: Plan, name: str) -> tuple[Judgement, ...]:
    """The steps of one objective's ladder, mildest first."""
    found = (judgement for judgement in plan.judgements if judgement.objective.name == name)
    return tuple(sorted(found, key=lambda judgement: judgement.limit.severity))


def declared(objective: QuantileObjective | RatioObjective | BoundObjective) -> Limits:
    """The ladder as declared: seconds of a quantile, a ratio of a ratio."""
    below = isinstance(objective, RatioObjective) and objective.counts == "good"
    if isinstance(objective, BoundObjective):
        below = objective.side == "below"
    return Limits("below" if below else "above", tuple((limit.bound, limit.severity) for limit in objective.limits))


def allowed(ladder: Iterable[Judgement]) -> Limits:
    """The ladder as shares of bad events, which is what the rules compare."""
    return Limits("above", tuple((judgement.allowed, judgement.limit.severity) for judgement in ladder))


def merged(objectives: Iterable[QuantileObjective | RatioObjective]) -> Limits:
    """All bounds of several objectives of the same unit and side, for one graph."""
    ladders = [declared(objective) for objective in objectives]
    sides = {ladder.side for ladder in ladders}
    if len(sides) > 1:
        raise ValueError("limits above and limits below cannot share a graph; make a panel for each")
    return Limits(sides.pop() if sides else "above", tuple(step for ladder in ladders for step in ladder.bounds))


def writer(objective: QuantileObjective | RatioObjective | BoundObjective) -> Callable[[float], str]:
    """How a bound of this objective is written in sentences."""
    if isinstance(objective, BoundObjective):
        return partial(bound_text, objective)
    return duration_text if isinstance(objective, QuantileObjective) else percent_text


def _steps(base: str, later: list[tuple[float, str]]) -> Steps:
    first: dict[str, Any] = {"color": base, "value": None}
    return [first, *({"color": colour, "value": round(value, 12)} for value, colour in later)]
