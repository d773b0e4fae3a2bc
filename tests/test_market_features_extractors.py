"""The main extractor computes the full set of features, the fallback a true subset of it."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from examples.market_features import extractor, fallback, indicators
from examples.market_features.data import MarketData, Series

SYMBOLS = ("SP500", "NASDAQ", "VIX", "WTI")


@pytest.fixture(scope="module")
def market() -> MarketData:
    return MarketData()


def same(left: float, right: float) -> bool:
    return (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_fallback_gives_a_subset_of_the_features_with_the_same_values(market: MarketData, symbol: str) -> None:
    series = market.series(symbol)
    for position in [*range(30), 100, len(series.sessions) - 1]:
        full, few = extractor.extract(series, position), fallback.extract(series, position)
        assert set(few) < set(full)
        assert {name: value for name, value in few.items() if not same(value, full[name])} == {}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_bounded_look_back_gives_what_the_whole_history_gives(market: MarketData, symbol: str) -> None:
    series = market.series(symbol)
    features = extractor.extract(series, len(series.sessions) - 1)
    whole = {
        "rsi_14": indicators.rsi(series.close),
        "macd_line_12_26": indicators.macd(series.close).line,
        "macd_signal_9": indicators.macd(series.close).signal,
        "realised_volatility_252": indicators.realised_volatility(series.close, 252),
        "close_zscore_250": indicators.rolling_zscore(series.close, 250),
    }
    for name, column in whole.items():
        assert features[name] == pytest.approx(column[-1], rel=1e-12)


def test_features_of_a_past_session_know_nothing_of_what_came_after(market: MarketData) -> None:
    series = market.series("SP500")
    position = series.position(datetime.date(2007, 7, 31))
    cut = Series(series.source, series.revision, series.sessions[: position + 1], series.close[: position + 1])
    np.testing.assert_equal(extractor.extract(series, position), extractor.extract(cut, position))


def test_every_feature_is_known_once_there_is_a_year_and_a_day_of_history(market: MarketData) -> None:
    series = market.series("NASDAQ")
    assert [name for name, value in extractor.extract(series, 252).items() if math.isnan(value)] == []
    assert "simple_return_252" in [n for n, value in extractor.extract(series, 251).items() if math.isnan(value)]


def test_the_first_session_has_its_price_and_nothing_else(market: MarketData) -> None:
    for extract in (extractor.extract, fallback.extract):
        features = extract(market.series("VIX"), 0)
        assert [name for name, value in features.items() if not math.isnan(value)] == ["close"]


def test_a_feature_set_has_the_same_names_in_the_same_order_for_every_symbol_and_session(market: MarketData) -> None:
    orders = {tuple(extractor.extract(market.series(symbol), position)) for symbol in SYMBOLS for position in (0, 900)}
    assert len(orders) == 1
    assert len(orders.pop()) == 35
