"""The stories that a rule test tells: at the limit, over it, and with too little to judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from featurewatch.rules.expected import steady
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Judgement
from featurewatch.rules.scenario import Phase, Scenario, evaluations

LARGE = 10_000
"""Events at the limit: so many that one more is a small step over it."""

FEW_BAD = 20
"""Bad events at the limit, at least: one more must be less than a tenth over it."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario with the moments at which a rule is looked at."""

    title: str
    scenario: Scenario
    silent: tuple[int, ...]
    """Steps at which it must not fire."""
    firing: int
    """The first step at which it must fire."""
    kept: tuple[int, ...] = ()
    """Steps at which it must still fire, although nothing is violated any longer."""


def over_the_limit(judgement: Judgement, step: float) -> Story:
    """Exactly what is allowed for long enough, one bad event more, recovery."""
    hold, kept = (evaluations(time, step) for time in (judgement.hold, judgement.objective.keep))
    good, bad = at_limit(judgement)
    title = "silent at exactly the limit and until `for` is over, fires one event over, resolves"
    calm = hold + 2
    over = calm + 2
    calm_again = (1 + kept, 0, 0)
    short = Scenario(step, ((1, good, bad), (calm, 0, 0), (1, 0, 1), (hold + 1, 0, 0), (1, good + bad, 0), calm_again))
    if (short.steps - kept) * step < judgement.window:
        last = over + hold + 1
        silent = (1, over - 1, over + hold - 1, last + kept + 1)
        return Story(title, short, silent, over + hold, (last + kept,) if kept else ())
    # `for` takes longer than the window: traffic has to go on, one event over in every step.
    width = int(judgement.window / step) + 1
    calm = width + hold + 2
    scenario = Scenario(step, ((calm, good, bad), (hold + 3, good - 1, bad + 1), (4 + kept, good + bad, 0)))
    last, end = calm + hold + 3, calm + hold + 6 + kept
    if not kept:
        return Story(title, scenario, (calm, calm + hold, end), calm + hold + 1)
    return Story(title, scenario, (calm, calm + hold, last + kept + 1, end), calm + hold + 1, (last + kept,))


def at_limit(judgement: Judgement) -> tuple[int, int]:
    """(good, bad) of which exactly what is allowed is bad, so many that one more reads the same however it rounds."""
    allowed = Fraction(str(judgement.allowed))
    scale = max(-(-LARGE // allowed.denominator), -(-FEW_BAD // allowed.numerator))
    for attempt in range(scale, scale + 2000):
        bad, good = allowed.numerator * attempt, (allowed.denominator - allowed.numerator) * attempt
        if steady((bad + 1) / (good + bad + 1)):
            return good, bad
    return (allowed.denominator - allowed.numerator) * scale, allowed.numerator * scale


def too_little(judgement: Judgement, step: float) -> Iterator[Story]:
    """One event fewer than are needed to judge, for long enough; then that event."""
    hold = evaluations(judgement.hold, step)
    allowed = Fraction(str(judgement.allowed))
    bad, events = MINIMUM_BAD - 1, MINIMUM_EVENTS
    if Fraction(bad, events) > allowed:  # else a violation always has more bad events than are needed
        title = f"silent with {bad} bad events, however bad their share, fires with {bad + 1}"
        yield from _one_more(title, judgement, step, (1, events - bad, bad), hold)
    title = f"silent with {events - 1} events, although all are bad, fires with {events}"
    yield from _one_more(title, judgement, step, (1, 0, events - 1), hold)


def _one_more(title: str, judgement: Judgement, step: float, first: Phase, hold: int) -> Iterator[Story]:
    scenario = Scenario(step, (first, (hold + 1, 0, 0), (1, 0, 1), (hold + 1, 0, 0)))
    if scenario.steps * step < judgement.window:
        yield Story(title, scenario, (hold + 2, 2 * hold + 2), 2 * hold + 3)


def no_traffic(judgement: Judgement, step: float) -> Scenario:
    """Counters that stand still."""
    return Scenario(step, ((evaluations(judgement.hold, step) + 3, 0, 0),))
