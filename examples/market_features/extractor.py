"""The main extractor: the full set of technical features of a symbol as of one session."""

from __future__ import annotations

from typing import Final

from . import indicators
from .data import Series

LOOKBACK_SESSIONS: Final = 750
"""How much history an extraction looks at, about three years.

The longest window is 250 sessions. The recursive averages never forget, but 750 sessions back the weight of Wilder's
14-session average has decayed to 1e-24: the same numbers, at a cost that does not grow with the series.
"""

RETURN_HORIZONS: Final = (1, 5, 10, 21, 63, 126, 252)
VOLATILITY_WINDOWS: Final = (5, 10, 21, 63, 126, 252)
ZSCORE_WINDOWS: Final = (20, 60, 120, 250)


def extract(series: Series, position: int) -> dict[str, float]:
    """The features by name, in a fixed order; NaN where the history up to that session is too short.

    Names end in what they were computed over, in sessions: `log_return_21`, `realised_volatility_63`.
    """
    close = series.close[max(0, position + 1 - LOOKBACK_SESSIONS) : position + 1]
    daily = indicators.log_returns(close, 1)
    macd = indicators.macd(close)
    bands = indicators.bollinger(close)
    columns = {
        **{f"simple_return_{h}": indicators.simple_returns(close, h) for h in RETURN_HORIZONS},
        **{f"log_return_{h}": indicators.log_returns(close, h) for h in RETURN_HORIZONS},
        **{f"realised_volatility_{w}": indicators.realised_volatility(close, w) for w in VOLATILITY_WINDOWS},
        "rsi_14": indicators.rsi(close),
        "macd_line_12_26": macd.line,
        "macd_signal_9": macd.signal,
        "macd_histogram": macd.histogram,
        "bollinger_position_20": bands.position,
        "bollinger_width_20": bands.width,
        **{f"close_zscore_{w}": indicators.rolling_zscore(close, w) for w in ZSCORE_WINDOWS},
        **{f"return_zscore_{w}": indicators.rolling_zscore(daily, w) for w in ZSCORE_WINDOWS},
    }
    return {"close": float(close[-1])} | {name: float(column[-1]) for name, column in columns.items()}
