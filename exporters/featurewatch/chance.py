"""How likely an alert is to fire although its objective is kept: exact, from the binomial distribution.

The events in a window are taken as independent, each bad with the same probability. Real trouble comes in bursts, so
this is the chance under steady traffic, which is what decides how far a rule must look back.
"""

from __future__ import annotations

import math


def tail(events: int, share: float, at_least: int) -> float:
    """Probability that `at_least` or more of `events` are bad when each is with probability `share`."""
    if at_least <= 0:
        return 1.0
    if at_least > events or share <= 0:
        return 0.0
    log_share, log_rest = math.log(share), math.log1p(-share)
    log_events = math.lgamma(events + 1)

    def term(bad: int) -> float:
        log_ways = log_events - math.lgamma(bad + 1) - math.lgamma(events - bad + 1)
        return math.exp(log_ways + bad * log_share + (events - bad) * log_rest)

    mean = events * share
    total = 0.0
    for bad in range(at_least, events + 1):
        value = term(bad)
        total += value
        if bad > mean and value < total * 1e-12:
            break
    return min(total, 1.0)


def firing(events: int, allowed: float, share: float, minimum_bad: int) -> float:
    """Probability that a window of `events` fires when each event is bad with probability `share`.

    It fires when more than `allowed` (a ratio) of the events are bad, and at least `minimum_bad` of them.
    """
    over = math.floor(events * allowed + 1e-9) + 1
    return tail(events, share, max(over, minimum_bad))
