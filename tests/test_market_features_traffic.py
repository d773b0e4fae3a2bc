"""The load's requests are reproducible and make the cache hit ratio that they promise."""

from __future__ import annotations

import datetime
import itertools

import pytest
from examples.market_features.cache import FeatureCache, Key
from examples.market_features.data import MarketData
from examples.market_features.settings import Settings
from examples.market_features.traffic import Listed, asks


def listed() -> list[Listed]:
    market = MarketData()
    return [
        Listed(symbol, market.series(symbol).session(0), market.series(symbol).session(-1)) for symbol in market.symbols
    ]


def test_the_same_seed_asks_the_same_and_another_one_does_not() -> None:
    first, again, other = (list(itertools.islice(asks(listed(), seed), 200)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_request_is_for_a_day_that_the_symbol_has() -> None:
    bounds = {each.symbol: each for each in listed()}
    for ask in itertools.islice(asks(listed(), 1), 5000):
        assert bounds[ask.symbol].first <= ask.asof <= bounds[ask.symbol].last


def test_a_symbol_of_a_single_day_is_asked_for_that_day() -> None:
    day = datetime.date(2018, 1, 2)
    assert {ask.asof for ask in itertools.islice(asks([Listed("X", day, day)], 1), 500)} == {day}


def test_the_most_wanted_request_is_many_times_as_frequent_as_the_least_wanted_popular_one() -> None:
    drawn = list(itertools.islice(asks(listed(), 1), 20_000))
    most = drawn.count(max(set(drawn), key=drawn.count))
    # Zipf over 28 ranks with exponent 1.1: the first has 29 % of the popular requests, the last 0.7 %.
    assert most / len(drawn) == pytest.approx(0.955 * 0.288, rel=0.05)


def test_without_symbols_there_is_nothing_to_ask_for() -> None:
    with pytest.raises(ValueError, match="no symbols"):
        next(asks([], 1))


@pytest.mark.parametrize("rate", [20.0, 60.0, 200.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_steady_cache_hit_ratio_is_about_95_per_cent_at_any_rate(rate: float, seed: int) -> None:
    now = 0.0
    settings = Settings()
    cache = FeatureCache(settings.cache_entries, settings.ttl_seconds, lambda: now)
    market = MarketData()
    hits = asked = 0
    for number, ask in enumerate(itertools.islice(asks(listed(), seed), int(rate * 360))):
        now = number / rate
        series = market.series(ask.symbol)
        key = Key(ask.symbol, series.session(series.position(ask.asof)), series.revision)
        hit = cache.get(key) is not None
        if not hit:
            cache.put(key, {})
        if now >= settings.ttl_seconds:
            hits, asked = hits + hit, asked + 1
    assert 0.93 <= hits / asked <= 0.965


def test_a_cache_that_starts_empty_hits_more_than_85_per_cent_from_the_first_quarter_of_a_minute_on() -> None:
    # A restarted service must not look like one whose cache has broken down.
    kept = set()
    hits = 0
    market = MarketData()
    for ask in itertools.islice(asks(listed(), 1), 60 * 15):
        series = market.series(ask.symbol)
        key = (ask.symbol, series.position(ask.asof))
        hits += key in kept
        kept.add(key)
    assert hits / (60 * 15) > 0.9
