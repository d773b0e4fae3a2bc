"""Technical indicators as pure NumPy functions of a series of closing prices.

Every function takes one value per session, oldest first, and returns arrays of the same length. Two rules hold for
all of them:

* A session without enough history has the value NaN: nothing is padded, nothing is guessed.
* A NaN in the input makes every value NaN that depends on it. For windowed indicators these are the sessions whose
  window holds it; for recursive ones (`ema`, `macd`, `rsi`) it is every session from there on.

Prices are finite and positive; `data.py` sees to that.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[np.float64]

SESSIONS_PER_YEAR: Final = 252
"""Trading sessions in a year: the convention by which daily volatility is annualised."""


class Macd(NamedTuple):
    """Moving average convergence/divergence, in the unit of the price."""

    line: Values
    signal: Values
    histogram: Values


class Bollinger(NamedTuple):
    """Bollinger bands: the bands in the unit of the price, position and width as ratios."""

    middle: Values
    upper: Values
    lower: Values
    position: Values
    width: Values


def simple_returns(close: Values, horizon: int) -> Values:
    """`C[t] / C[t-h] - 1`, a ratio: what was gained on a holding of `horizon` sessions."""
    _at_least("horizon", horizon, 1)
    result = _nothing(close)
    result[horizon:] = close[horizon:] / close[:-horizon] - 1.0
    return result


def log_returns(close: Values, horizon: int) -> Values:
    """`ln(C[t] / C[t-h])`, a ratio: the return that adds up over time."""
    _at_least("horizon", horizon, 1)
    result = _nothing(close)
    result[horizon:] = np.log(close[horizon:] / close[:-horizon])
    return result


def realised_volatility(close: Values, window: int, sessions_per_year: int = SESSIONS_PER_YEAR) -> Values:
    """`sqrt(sessions_per_year / w * sum of the last w squared daily log returns)`, a ratio per year.

    The uncentred definition of realised variance (Andersen, Bollerslev, Diebold and Labys, "Modeling and Forecasting
    Realized Volatility", 2003) with the annualisation of variance swaps. The mean is not subtracted: over short
    windows its estimate is mostly noise.
    """
    _at_least("window", window, 1)
    squared = log_returns(close, 1) ** 2
    return np.sqrt(_rolling_mean(squared, window) * sessions_per_year)


def ema(values: Values, span: int) -> Values:
    """Exponential moving average with weight `2 / (span + 1)`, in the unit of the values.

    The first value is the plain mean of the first `span` values, as in Appel's and in TA-Lib's definition.
    """
    _at_least("span", span, 1)
    return _smoothed(values, span, 2.0 / (span + 1.0))


def rsi(close: Values, period: int = 14) -> Values:
    """Relative strength index, 0 to 100: `100 * gain / (gain + loss)`.

    Gain and loss are Wilder's averages of the rises and falls between sessions: the plain mean of the first `period`,
    then `(previous * (period - 1) + current) / period` (Wilder, "New Concepts in Technical Trading Systems", 1978).
    A price that has not moved at all has neither gained nor lost: 50.
    """
    _at_least("period", period, 1)
    result = _nothing(close)
    if close.size <= period:
        return result
    change = np.diff(close)
    # np.maximum keeps NaN, so an unknown price makes both averages unknown.
    gain = _smoothed(np.maximum(change, 0.0), period, 1.0 / period)
    loss = _smoothed(np.maximum(-change, 0.0), period, 1.0 / period)
    moved = gain + loss
    with np.errstate(invalid="ignore"):
        result[1:] = np.where(moved == 0.0, 50.0, 100.0 * gain / moved)
    return result


def macd(close: Values, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence/divergence (Appel), in the unit of the price.

    Line: `ema(fast) - ema(slow)`. Signal: the `ema(signal)` of the line, begun at the line's first value. Histogram:
    line minus signal.
    """
    if fast >= slow:
        raise ValueError(f"macd: fast is {fast} and slow is {slow}; fast must be the smaller of the two")
    line = ema(close, fast) - ema(close, slow)
    smoothed = _nothing(close)
    smoothed[slow - 1 :] = ema(line[slow - 1 :], signal)
    return Macd(line, smoothed, line - smoothed)


def bollinger(close: Values, window: int = 20, width: float = 2.0) -> Bollinger:
    """Bollinger bands: mean of the window, plus and minus `width` population standard deviations (Bollinger, 2001).

    Position is "%b", `(C - lower) / (upper - lower)`: 0 on the lower band, 1 on the upper one, beyond them outside.
    Width is `(upper - lower) / middle`. A price that did not move within the window has bands of no width, and a
    position that is NaN.
    """
    _at_least("window", window, 2)
    middle = _rolling_mean(close, window)
    deviation = _rolling_deviation(close, window, degrees_lost=0)
    upper, lower = middle + width * deviation, middle - width * deviation
    span = upper - lower
    position = _ratio(close - lower, span)
    return Bollinger(middle, upper, lower, position, span / middle)


def rolling_zscore(values: Values, window: int) -> Values:
    """`(x[t] - mean) / s` over the last `window` values, this one among them; in standard deviations.

    `s` is the sample standard deviation (divisor `window - 1`). Where all values of the window are the same there is
    nothing to measure by: NaN.
    """
    _at_least("window", window, 2)
    return _ratio(values - _rolling_mean(values, window), _rolling_deviation(values, window, degrees_lost=1))


def _smoothed(values: Values, period: int, weight: float) -> Values:
    """`y[t] = (1 - weight) * y[t-1] + weight * x[t]`, begun with the plain mean of the first `period` values."""
    result = _nothing(values)
    if values.size < period:
        return result
    tail = values[period - 1 :] * weight
    tail[0] = values[:period].mean()
    result[period - 1 :] = _decaying_sum(tail, 1.0 - weight)
    return result


def _decaying_sum(values: Values, decay: float) -> Values:
    """`y[t] = x[t] + decay * y[t-1]`, without a loop over the sessions.

    A scan by doubling: after the step of length d, `y[t]` holds the sum over the last 2d sessions. Terms are only
    ever multiplied by powers of a decay below 1 and added, so nothing overflows and nothing cancels.
    """
    total = values.copy()
    step = 1
    while step < total.size:
        # The right-hand side is a new array, so the overlap of the two slices is harmless.
        total[step:] = total[step:] + decay**step * total[:-step]
        step *= 2
    return total


def _rolling_mean(values: Values, window: int) -> Values:
    result = _nothing(values)
    if values.size >= window:
        # From the windows themselves: a running sum would carry its rounding errors, and any NaN, to the end.
        result[window - 1 :] = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=-1)
    return result


def _rolling_deviation(values: Values, window: int, degrees_lost: int) -> Values:
    result = _nothing(values)
    if values.size >= window:
        windows = np.lib.stride_tricks.sliding_window_view(values, window)
        # The mean of equal numbers may be off in its last digit; their deviation is 0 all the same.
        same = windows.max(axis=-1) == windows.min(axis=-1)
        result[window - 1 :] = np.where(same, 0.0, windows.std(axis=-1, ddof=degrees_lost))
    return result


def _ratio(part: Values, whole: Values) -> Values:
    result = _nothing(part)
    np.divide(part, whole, out=result, where=whole != 0.0)
    return result


def _nothing(values: Values) -> Values:
    return np.full(values.shape, np.nan)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")
