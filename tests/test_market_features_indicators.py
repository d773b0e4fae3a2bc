"""The indicators agree with plain definitions written as loops, with pandas, and with published figures."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from examples.market_features import indicators
from examples.market_features.data import MarketData
from examples.market_features.indicators import Values
from hypothesis import given
from hypothesis import strategies as st

PUBLISHED_CLOSES = """
    44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826 45.8931
    46.0328 45.6140 46.2820 46.2820 46.0028 46.0328 46.4116 46.2222 45.6439 46.2122 46.2521
    45.7137 46.4515 45.7835 45.3548 44.0288 44.1783 44.2181 44.5672 43.4205 42.6628 43.1314
"""
"""The worked example of Wilder's RSI that charting courses use: QQQQ in the winter of 2009/10."""

PUBLISHED_RSI = """
    70.53 66.32 66.55 69.41 66.36 57.97 62.93 63.26 56.06 62.38
    54.71 50.42 39.99 41.46 41.87 45.46 37.30 33.08 37.77
"""

ALL: dict[str, Callable[[Values], Values]] = {
    "simple_returns": lambda close: indicators.simple_returns(close, 5),
    "log_returns": lambda close: indicators.log_returns(close, 5),
    "realised_volatility": lambda close: indicators.realised_volatility(close, 10),
    "ema": lambda close: indicators.ema(close, 12),
    "rsi": indicators.rsi,
    "macd line": lambda close: indicators.macd(close).line,
    "macd signal": lambda close: indicators.macd(close).signal,
    "bollinger position": lambda close: indicators.bollinger(close).position,
    "bollinger width": lambda close: indicators.bollinger(close).width,
    "rolling_zscore": lambda close: indicators.rolling_zscore(close, 20),
}
HISTORY = {
    "simple_returns": 5,
    "log_returns": 5,
    "realised_volatility": 10,
    "ema": 11,
    "rsi": 14,
    "macd line": 25,
    "macd signal": 33,
    "bollinger position": 19,
    "bollinger width": 19,
    "rolling_zscore": 19,
}
"""How many sessions each of them needs before its first value."""
RECURSIVE = {"ema", "rsi", "macd line", "macd signal"}

prices = st.lists(st.floats(0.01, 1e5), max_size=120).map(np.array)


@pytest.fixture(scope="module")
def pandas() -> Any:
    """Loaded by name: pandas comes with `arch`, without types."""
    return importlib.import_module("pandas")


@pytest.fixture(scope="module")
def sp500() -> Values:
    return MarketData().series("SP500").close


def walk(sessions: int = 300, seed: int = 3) -> Values:
    steps: Values = np.random.default_rng(seed).normal(0.0, 0.01, sessions)
    return np.asarray(100.0 * np.exp(np.cumsum(steps)), dtype=np.float64)


def test_rsi_gives_the_published_figures_of_the_worked_example() -> None:
    result = indicators.rsi(np.array(PUBLISHED_CLOSES.split(), dtype=float), 14)
    assert np.isnan(result[:14]).all()
    assert result[14:].round(2).tolist() == [float(figure) for figure in PUBLISHED_RSI.split()]


@given(prices, st.integers(1, 30))
def test_rsi_agrees_with_wilders_recipe_followed_step_by_step(close: Values, period: int) -> None:
    expected = [math.nan] * len(close)
    changes = [later - earlier for earlier, later in itertools.pairwise(close)]
    if len(changes) >= period:
        gain = sum(max(change, 0.0) for change in changes[:period]) / period
        loss = sum(max(-change, 0.0) for change in changes[:period]) / period
        for at in range(period, len(close)):
            if at > period:
                gain = (gain * (period - 1) + max(changes[at - 1], 0.0)) / period
                loss = (loss * (period - 1) + max(-changes[at - 1], 0.0)) / period
            expected[at] = 50.0 if gain + loss == 0.0 else 100.0 * gain / (gain + loss)
    np.testing.assert_allclose(indicators.rsi(close, period), expected, rtol=1e-9, atol=1e-9)


@given(prices, st.integers(1, 40))
def test_ema_agrees_with_the_recursion_it_replaces(close: Values, span: int) -> None:
    expected = [math.nan] * len(close)
    if len(close) >= span:
        weight = 2.0 / (span + 1.0)
        average = sum(close[:span]) / span
        expected[span - 1] = average
        for at in range(span, len(close)):
            average = weight * close[at] + (1.0 - weight) * average
            expected[at] = average
    np.testing.assert_allclose(indicators.ema(close, span), expected, rtol=1e-11)


def test_ema_stays_exact_over_decades_of_real_prices(sp500: Values, pandas: Any) -> None:
    seeded = sp500.copy()
    seeded[25] = sp500[:26].mean()
    expected = pandas.Series(seeded[25:]).ewm(span=26, adjust=False).mean().to_numpy()
    np.testing.assert_allclose(indicators.ema(sp500, 26)[25:], expected, rtol=1e-13)


def test_macd_is_the_difference_of_two_emas_and_its_signal_an_ema_of_that(sp500: Values, pandas: Any) -> None:
    result = indicators.macd(sp500)
    line = indicators.ema(sp500, 12) - indicators.ema(sp500, 26)
    np.testing.assert_array_equal(result.line, line)
    seeded = line[25:].copy()
    seeded[8] = line[25:34].mean()
    expected = pandas.Series(seeded[8:]).ewm(span=9, adjust=False).mean().to_numpy()
    np.testing.assert_allclose(result.signal[33:], expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(result.histogram, result.line - result.signal)


def test_macd_of_a_steady_climb_is_the_lag_between_its_averages() -> None:
    # An EMA of span n trails a line of slope 1 by (n - 1) / 2, so the two differ by (26 - 12) / 2 = 7.
    result = indicators.macd(np.arange(1.0, 401.0))
    np.testing.assert_allclose(result.line[25:], 7.0, rtol=1e-12)
    np.testing.assert_allclose(result.histogram[33:], 0.0, atol=1e-10)


@pytest.mark.parametrize("horizon", [1, 5, 252])
def test_returns_agree_with_pandas_on_real_prices(sp500: Values, pandas: Any, horizon: int) -> None:
    series = pandas.Series(sp500)
    np.testing.assert_allclose(indicators.simple_returns(sp500, horizon), series.pct_change(horizon), rtol=1e-10)
    log_prices = pandas.Series(np.log(sp500))
    np.testing.assert_allclose(indicators.log_returns(sp500, horizon), log_prices.diff(horizon), atol=1e-13)


@given(prices.filter(lambda close: len(close) > 6))
def test_log_returns_over_a_horizon_are_the_sum_of_the_daily_ones(close: Values) -> None:
    daily = indicators.log_returns(close, 1)
    np.testing.assert_allclose(indicators.log_returns(close, 5)[-1], daily[-5:].sum(), atol=1e-11)


@pytest.mark.parametrize("window", [5, 21, 252])
def test_realised_volatility_agrees_with_pandas_on_real_prices(sp500: Values, pandas: Any, window: int) -> None:
    squares = pandas.Series(np.log(sp500)).diff() ** 2
    expected = np.sqrt(squares.rolling(window).mean() * 252)
    np.testing.assert_allclose(indicators.realised_volatility(sp500, window), expected, rtol=1e-7)


def test_realised_volatility_of_one_per_cent_a_day_is_sixteen_per_cent_a_year() -> None:
    close = 100.0 * np.exp(0.01 * (np.arange(40) % 2))
    np.testing.assert_allclose(indicators.realised_volatility(close, 10)[10:], 0.01 * math.sqrt(252), rtol=1e-12)


def test_bollinger_bands_agree_with_pandas_on_real_prices(sp500: Values, pandas: Any) -> None:
    rolling = pandas.Series(sp500).rolling(20)
    middle, deviation = rolling.mean().to_numpy(), rolling.std(ddof=0).to_numpy()
    result = indicators.bollinger(sp500)
    np.testing.assert_allclose(result.middle, middle, rtol=1e-12)
    np.testing.assert_allclose(result.upper, middle + 2 * deviation, rtol=1e-9)
    np.testing.assert_allclose(result.lower, middle - 2 * deviation, rtol=1e-9)
    np.testing.assert_allclose(result.width, 4 * deviation / middle, rtol=1e-6)
    expected = (sp500 - middle + 2 * deviation) / (4 * deviation)
    np.testing.assert_allclose(result.position, expected, rtol=1e-5, atol=1e-6)


def test_bollinger_position_is_a_half_on_the_mean_and_one_on_the_upper_band() -> None:
    # Nineteen 10s and a 30: mean 11, population deviation sqrt(19), so the last price is 19 / sqrt(19) of them above.
    close = np.array([10.0] * 19 + [30.0])
    position = indicators.bollinger(close).position[-1]
    assert position == pytest.approx(0.5 + math.sqrt(19) / 4)
    even = np.array([9.0, 11.0] * 10 + [10.0])
    assert indicators.bollinger(even).position[-1] == pytest.approx(0.5, abs=0.02)


@given(prices, st.integers(2, 40))
def test_rolling_zscore_agrees_with_the_statistics_of_each_window(close: Values, window: int) -> None:
    result = indicators.rolling_zscore(close, window)
    for at in range(len(close)):
        part = close[max(0, at - window + 1) : at + 1]
        if len(part) < window or len(set(part)) == 1:
            assert math.isnan(result[at])
        else:
            deviation = math.sqrt(math.fsum((part - part.mean()) ** 2) / (window - 1))
            # Where the prices of a window barely differ, the digits they share are lost to both sides.
            lost = 1e-14 * part.max() / deviation
            assert result[at] == pytest.approx((part[-1] - part.mean()) / deviation, rel=1e-9, abs=lost + 1e-9)


@pytest.mark.parametrize("name", ALL)
def test_the_first_value_appears_with_the_first_sufficient_history(name: str) -> None:
    result = ALL[name](walk())
    assert np.isnan(result[: HISTORY[name]]).all()
    assert np.isfinite(result[HISTORY[name] :]).all()


@pytest.mark.parametrize("name", ALL)
def test_a_history_that_is_too_short_gives_nan_throughout(name: str) -> None:
    for sessions in range(HISTORY[name] + 1):
        result = ALL[name](walk(sessions))
        assert len(result) == sessions
        assert np.isnan(result).all()


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_price_makes_exactly_those_values_unknown_that_depend_on_it(name: str) -> None:
    close = walk()
    close[100] = np.nan
    result = ALL[name](close)
    assert np.isfinite(result[HISTORY[name] : 100]).all()
    if name in RECURSIVE:
        assert np.isnan(result[100:]).all()
    elif "returns" in name:
        assert np.flatnonzero(np.isnan(result[HISTORY[name] :]) + 0).tolist() == [95, 100]
    else:
        assert np.isnan(result[100 : 100 + HISTORY[name]]).all()
        assert np.isfinite(result[100 + HISTORY[name] + 1 :]).all()


@pytest.mark.parametrize("name", ALL)
def test_later_prices_never_change_earlier_values(name: str) -> None:
    close = walk()
    np.testing.assert_allclose(ALL[name](close)[:200], ALL[name](close[:200]), rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_prices_given_are_left_as_they_were(name: str) -> None:
    close = walk()
    before = close.copy()
    ALL[name](close)
    np.testing.assert_array_equal(close, before)


@given(prices.filter(lambda close: len(close) > 0))
def test_rsi_stays_between_nothing_and_a_hundred(close: Values) -> None:
    known = indicators.rsi(close)[14:]
    assert ((known >= 0.0) & (known <= 100.0)).all()


def test_a_price_that_never_moves_has_neutral_rsi_no_volatility_and_no_position() -> None:
    # 0.1 has no exact binary form: the mean of twenty of them differs from it, and the rounding must not count.
    close = np.full(60, 0.1)
    assert (indicators.rsi(close)[14:] == 50.0).all()
    assert (indicators.realised_volatility(close, 20)[20:] == 0.0).all()
    assert np.isnan(indicators.bollinger(close).position).all()
    assert (indicators.bollinger(close).width[19:] == 0.0).all()
    assert np.isnan(indicators.rolling_zscore(close, 20)).all()


def test_a_price_that_only_rises_has_an_rsi_of_a_hundred_and_one_that_only_falls_of_nothing() -> None:
    assert (indicators.rsi(np.arange(1.0, 50.0))[14:] == 100.0).all()
    assert (indicators.rsi(np.arange(50.0, 1.0, -1.0))[14:] == 0.0).all()


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: indicators.simple_returns(walk(), 0), "horizon is 0"),
        (lambda: indicators.log_returns(walk(), -1), "horizon is -1"),
        (lambda: indicators.realised_volatility(walk(), 0), "window is 0"),
        (lambda: indicators.rolling_zscore(walk(), 1), "window is 1"),
        (lambda: indicators.bollinger(walk(), 1), "window is 1"),
        (lambda: indicators.ema(walk(), 0), "span is 0"),
        (lambda: indicators.rsi(walk(), 0), "period is 0"),
        (lambda: indicators.macd(walk(), 26, 12), "fast is 26 and slow is 12"),
    ],
)
def test_a_window_that_cannot_be_is_refused_by_name(compute: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compute()
