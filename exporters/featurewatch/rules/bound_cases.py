"""Tests of the alerts on a bound. They are told the recorded value: how it is computed has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import names
from featurewatch.rules import expected
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.comparisons import Comparison
from featurewatch.rules.model import Alert
from featurewatch.rules.scenario import evaluations

BEYOND = 0.05
"""How far beyond a bound a violation lies, as a part of it."""

MUCH = 500_000
"""And at most so many times the tolerance: a much larger one shows."""


@dataclass(frozen=True, slots=True)
class BoundCases:
    """All cases of the steps of a ladder that are for the same extractors."""

    desk: Desk
    ladder: tuple[Comparison, ...]
    alerts: dict[str, Alert]
    """By severity."""

    def of(self, comparison: Comparison) -> Iterator[Case]:
        """The cases of one step."""
        hold, kept = (evaluations(time, self.desk.step) for time in (comparison.hold, comparison.objective.keep))
        calm, bad = hold + 3, hold + 2
        at, over = at_limit(comparison), beyond(comparison)
        values = [*[at] * calm, *[over] * bad, *[at] * (2 + kept)]
        end = calm + bad + kept
        title = "silent at exactly the limit and until `for` is over, fires beyond it, resolves"
        yield self._case(
            comparison, title, values, (calm - 1, calm + hold - 1, calm + hold, *((end - 1,) if kept else ()), end)
        )
        yield self._case(comparison, "silent without a value, whatever another service has", [], (hold + 2,))

    def just_before(self, comparison: Comparison) -> Iterator[Case]:
        """One evaluation of the rules before `for` is over, in steps that only meet there."""
        hold = evaluations(comparison.hold, self.desk.step)
        title = "silent until the evaluation before `for` is over"
        yield self._case(comparison, title, [beyond(comparison)] * (hold + 1), (hold - 1,))

    def _case(self, comparison: Comparison, title: str, values: list[float], moments: tuple[int, ...]) -> Case:
        objective = comparison.objective
        end = max(moments) + 1
        inputs = [series(comparison.value, ((names.SERVICE, ANOTHER), *self._by()), f"{beyond(comparison)!r}x{end}")]
        for name in dict.fromkeys(rung.value for rung in self.ladder) if values else ():
            labels = ((names.SERVICE, self.desk.service), *self._by())
            inputs.append(series(name, labels, " ".join(repr(value) for value in values)))
        looks = [self.desk.look(moment, objective.alert, self._firing(values, moment)) for moment in moments]
        return self.desk.case(f"{objective.alert}, {comparison.limit.severity}: {title}", inputs, looks)

    def _firing(self, values: list[float], step: int) -> list[Case]:
        """Every step of the ladder that has been violated for long enough, now or as lately as it is kept."""
        labels = {names.SERVICE: self.desk.service, **dict(self._by())}
        firing = []
        for rung in self.ladder:
            hold = evaluations(rung.hold, self.desk.step)
            kept = evaluations(rung.objective.keep, self.desk.step)
            last = next((at for at in range(step, step - kept - 1, -1) if _lasts(rung, values, at, hold)), None)
            if last is None:
                continue
            alert = self.alerts[str(rung.limit.severity)]
            firing.append(
                {
                    "exp_labels": {**labels, **alert.labels},
                    "exp_annotations": expected.filled(alert.annotations, labels, values[last], {}),
                }
            )
        return firing

    def _by(self) -> Labels:
        by = self.ladder[0].objective.by
        return tuple((label, self.desk.value_of(label)) for label in by)


def _lasts(comparison: Comparison, values: list[float], step: int, hold: int) -> bool:
    """Whether the bound was violated at this step and at so many before it."""
    lately = values[max(0, step - hold) : step + 1]
    return len(lately) > hold and all(violated(comparison, value) for value in lately)


def violated(comparison: Comparison, value: float) -> bool:
    """A second statement of what the rule means."""
    bound, tolerance = comparison.limit.bound, comparison.tolerance
    if comparison.objective.kind == "increase":
        return value >= bound
    return value < bound - tolerance if comparison.objective.side == "below" else value > bound + tolerance


def at_limit(comparison: Comparison) -> float:
    """The farthest value that is no violation: the bound itself, with the rounding error that is allowed for."""
    bound, little = comparison.limit.bound, comparison.tolerance / 100
    if comparison.objective.kind == "increase":
        return bound - 1
    return bound - little if comparison.objective.side == "below" else bound + little


def beyond(comparison: Comparison) -> float:
    """A value a small step beyond."""
    bound = comparison.limit.bound
    if comparison.objective.kind == "increase":
        return bound
    step = round(abs(bound) * BEYOND, 9) or BEYOND
    if comparison.tolerance:
        step = min(step, MUCH * comparison.tolerance)
    return bound - step if comparison.objective.side == "below" else bound + step
