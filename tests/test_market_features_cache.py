"""The feature cache forgets what is too old and what was not wanted for longest."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping

from examples.market_features.cache import FeatureCache, Key


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def key(day: int, revision: int = 1) -> Key:
    return Key("SP500", datetime.date(2018, 1, day), revision)


def test_features_leave_when_their_time_to_live_is_over_and_not_before() -> None:
    clock = Clock()
    cache = FeatureCache(10, 60.0, clock)
    cache.put(key(1), {"close": 1.0})
    clock.now = 59.999
    assert cache.get(key(1)) == {"close": 1.0}
    clock.now = 60.0
    assert cache.get(key(1)) is None
    assert len(cache) == 0


def test_being_asked_for_does_not_prolong_a_life() -> None:
    clock = Clock()
    cache = FeatureCache(10, 60.0, clock)
    cache.put(key(1), {"close": 1.0})
    for clock.now in (20.0, 40.0, 59.0):
        assert cache.get(key(1)) is not None
    clock.now = 61.0
    assert cache.get(key(1)) is None


def test_a_full_cache_drops_what_was_not_asked_for_for_longest() -> None:
    cache = FeatureCache(2, 60.0, Clock())
    cache.put(key(1), {"close": 1.0})
    cache.put(key(2), {"close": 2.0})
    cache.get(key(1))
    cache.put(key(3), {"close": 3.0})
    assert cache.get(key(2)) is None
    assert cache.get(key(1)) == {"close": 1.0}
    assert cache.get(key(3)) == {"close": 3.0}


def test_a_new_revision_of_the_data_is_another_key() -> None:
    cache = FeatureCache(10, 60.0, Clock())
    cache.put(key(1, revision=1), {"close": 1.0})
    assert cache.get(key(1, revision=2)) is None


def test_a_cleared_cache_holds_nothing() -> None:
    cache = FeatureCache(10, 60.0, Clock())
    cache.put(key(1), {"close": 1.0})
    cache.clear()
    assert len(cache) == 0
    assert cache.get(key(1)) is None


def test_threads_that_get_put_and_clear_at_once_neither_fail_nor_overfill_it() -> None:
    cache = FeatureCache(5, 0.001)
    failures: list[BaseException] = []
    found: list[Mapping[str, float]] = []

    def work(offset: int) -> None:
        try:
            for turn in range(3000):
                here = key(1 + (turn + offset) % 12)
                features = cache.get(here)
                if features is not None:
                    found.append(features)
                cache.put(here, {"close": float(here.session.day)})
                if turn % 500 == 0:
                    cache.clear()
                assert len(cache) <= 5
        except BaseException as error:  # noqa: BLE001 - whatever a thread dies of is the finding
            failures.append(error)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
