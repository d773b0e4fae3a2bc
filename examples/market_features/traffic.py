"""What the load generator asks for: a reproducible mixture of popular and one-off requests."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

ONE_OFF_SHARE: Final = 0.045
"""Share of requests for a day that hardly anybody asks for twice, as a back-test does. These miss the cache."""

POPULAR_DAYS: Final = 7
"""The latest days of each symbol, which all the other requests are for."""

ZIPF_EXPONENT: Final = 1.1


class Listed(NamedTuple):
    """A symbol and the first and last day it can be asked for."""

    symbol: str
    first: datetime.date
    last: datetime.date


class Ask(NamedTuple):
    """One request: a symbol as of a day."""

    symbol: str
    asof: datetime.date


def asks(listed: Sequence[Listed], seed: int) -> Iterator[Ask]:
    """Requests without end, the same ones for the same seed.

    Popular requests follow Zipf's law: the n-th most wanted is asked for in proportion to `n ** -1.1`, the latest day
    of the first symbol most. They are few (28), so they hit the cache but for their first time and once per time to
    live; with the one-offs that makes a steady hit ratio of about 95 %, whatever the rate.
    """
    if not listed:
        raise ValueError("there are no symbols to ask for")
    chance = random.Random(seed)  # noqa: S311 - a reproducible plan, not a secret
    popular = [
        Ask(each.symbol, max(each.first, each.last - datetime.timedelta(days=back)))
        for back in range(POPULAR_DAYS)
        for each in listed
    ]
    cumulative = list(itertools.accumulate(rank**-ZIPF_EXPONENT for rank in range(1, len(popular) + 1)))
    while True:
        if chance.random() < ONE_OFF_SHARE:
            each = chance.choice(listed)
            yield Ask(
                each.symbol, each.first + datetime.timedelta(days=chance.randint(0, (each.last - each.first).days))
            )
        else:
            yield chance.choices(popular, cum_weights=cumulative)[0]
