"""How likely an alert is to fire although its objective is kept: exact, from the binomial distribution.

The events in a window are taken as independent, each bad with the same probability. Real trouble comes in bursts, so
this is the chance under steady traffic, which is what decides how far a rule must look back.
"""

from __future__ import annotations

import math


def tail(events: int, share: float, at_least: int) -> float:
    """Probability that `at_least` or more of `events` are bad when each is with probability `share`.

    Nine digits are right up to a million events, four up to a hundred thousand million.
    """
    if at_least <= 0:
        return 1.0
    if at_least > events or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if at_least <= events * share:  # the greater part: count the lesser, which lies the other way
        return 1.0 - _beyond(events, 1 - share, events - at_least + 1)
    return _beyond(events, share, at_least)


def _beyond(events: int, share: float, bad: int) -> float:
    """The same from beyond the most likely count on, where each term is smaller than the one before."""
    log_ways = math.lgamma(events + 1) - math.lgamma(bad + 1) - math.lgamma(events - bad + 1)
    term = math.exp(log_ways + bad * math.log(share) + (events - bad) * math.log1p(-share))
    total = 0.0
    while term > total * 1e-15:
        total += term
        term *= (events - bad) * share / ((bad + 1) * (1 - share))
        bad += 1
    return min(total, 1.0)


def firing(events: int, allowed: float, share: float, minimum_bad: int) -> float:
    """Probability that a window of `events` fires when each event is bad with probability `share`.

    It fires when more than `allowed` (a ratio) of the events are bad, and at least `minimum_bad` of them.
    """
    over = math.floor(events * allowed + 1e-9) + 1
    return tail(events, share, max(over, minimum_bad))
