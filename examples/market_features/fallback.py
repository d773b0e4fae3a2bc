"""The cheaper extractor: the few features that a model can least do without, when the main extractor cannot serve."""

from __future__ import annotations

import itertools
import math
from typing import Final

from .data import Series
from .indicators import SESSIONS_PER_YEAR

RETURN_HORIZONS: Final = (1, 5, 21)
VOLATILITY_WINDOW: Final = 21


def extract(series: Series, position: int) -> dict[str, float]:
    """A subset of the main extractor's features, under the same names and with the same values.

    It looks at 22 prices with plain arithmetic and shares no computation with the main extractor, so what
    breaks the one does not break the other. NaN where the history is too short.
    """
    close = [float(price) for price in series.close[max(0, position - VOLATILITY_WINDOW) : position + 1]]
    features = {"close": close[-1]}
    for horizon in RETURN_HORIZONS:
        change = close[-1] / close[-1 - horizon] if len(close) > horizon else math.nan
        features[f"simple_return_{horizon}"] = change - 1.0
        features[f"log_return_{horizon}"] = math.log(change)
    if len(close) > VOLATILITY_WINDOW:
        squares = math.fsum(math.log(later / earlier) ** 2 for earlier, later in itertools.pairwise(close))
        volatility = math.sqrt(squares / VOLATILITY_WINDOW * SESSIONS_PER_YEAR)
    else:
        volatility = math.nan
    features[f"realised_volatility_{VOLATILITY_WINDOW}"] = volatility
    return features
