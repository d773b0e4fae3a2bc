"""The service answers from cache, main extractor or fallback, and every answer is measured once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from examples.market_features.cache import FeatureCache
from examples.market_features.data import MarketData, Series, Source
from examples.market_features.faults import CRASH_EXIT_CODE, Faults
from examples.market_features.service import create_app
from examples.market_features.settings import Settings
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from featurewatch import names

PLENTY = Settings(budget_seconds=30.0)
"""A budget that no busy machine makes the main extractor exceed."""


@contextlib.asynccontextmanager
async def client(app: FastAPI, peer: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(peer, 40_000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as http,
    ):
        yield http


def talk(app: FastAPI, conversation: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with client(app) as http:
            await conversation(http)

    asyncio.run(whole())


async def get(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def put_fault(http: httpx.AsyncClient, **fault: object) -> None:
    answer = await http.put("/admin/fault", json=fault)
    assert answer.status_code == 200, answer.text


async def counts(http: httpx.AsyncClient) -> dict[str, int]:
    """Extractions by where they were served from; failed ones under `none`. Series at 0 are left out."""
    name = f"{names.EXTRACTION_DURATION}_count"
    text = (await http.get("/metrics")).text
    return {
        sample.labels[names.SERVED_FROM]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.value > 0
    }


async def error_types(http: httpx.AsyncClient) -> dict[str, int]:
    text = (await http.get("/metrics")).text
    return {
        sample.labels[names.ERROR_TYPE]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == names.EXTRACTION_ERRORS and sample.value > 0
    }


def broken(series: Series, position: int) -> dict[str, float]:
    raise ZeroDivisionError(f"{series.source.symbol} {position}")


def test_the_first_answer_is_computed_and_the_second_comes_from_the_cache_with_the_same_features() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        first = await get(http, "/features/SP500?asof=2008-10-11")
        second = await get(http, "/features/sp500?asof=2008-10-12")
        assert first["served_from"] == "compute"
        assert second == first | {"served_from": "cache"}
        assert (first["symbol"], first["session"]) == ("SP500", "2008-10-10")
        assert len(first["features"]) == 35
        assert await counts(http) == {"compute": 1, "cache": 1}

    talk(create_app(PLENTY), conversation)


def test_without_a_date_the_features_are_those_of_the_latest_session() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        assert (await get(http, "/features/VIX"))["session"] == "2019-01-03"

    talk(create_app(PLENTY), conversation)


def test_what_a_short_history_cannot_give_is_null_not_zero() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        features = (await get(http, "/features/VIX?asof=2014-01-10"))["features"]
        assert features["log_return_5"] == pytest.approx(-0.125, abs=0.001)
        assert features["rsi_14"] is None
        assert features["realised_volatility_252"] is None

    talk(create_app(PLENTY), conversation)


def test_what_cannot_be_asked_is_refused_by_name_and_is_no_extraction() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        for path, status, message in [
            ("/features/DAX", 404, "unknown symbol 'DAX'; known are SP500, NASDAQ, VIX, WTI"),
            ("/features/VIX?asof=2013-12-31", 404, "its first one is 2014-01-03"),
            ("/features/VIX?asof=2014-02-30", 422, "asof"),
        ]:
            answer = await http.get(path)
            assert answer.status_code == status
            assert message in answer.text
        assert await counts(http) == {}

    talk(create_app(PLENTY), conversation)


def test_the_symbols_are_listed_with_the_days_they_can_be_asked_for() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        rows = (await http.get("/symbols")).json()
        assert [row["symbol"] for row in rows] == ["SP500", "NASDAQ", "VIX", "WTI"]
        for row in rows:
            assert (await get(http, f"/features/{row['symbol']}?asof={row['first']}"))["session"] == row["first"]
            assert (await get(http, f"/features/{row['symbol']}"))["session"] == row["last"]

    talk(create_app(PLENTY), conversation)


def test_the_service_is_ready_as_soon_as_it_answers() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        answer = await http.get("/-/ready")
        assert (answer.status_code, answer.text) == (200, "ready\n")

    talk(create_app(PLENTY), conversation)


def test_cached_features_are_computed_anew_when_their_time_to_live_is_over() -> None:
    now = [0.0]
    cache = FeatureCache(10, 60.0, lambda: now[0])

    async def conversation(http: httpx.AsyncClient) -> None:
        served = []
        for now[0] in (0.0, 59.0, 60.0, 61.0):
            served.append((await get(http, "/features/WTI"))["served_from"])
        assert served == ["compute", "cache", "compute", "cache"]

    talk(create_app(PLENTY, cache=cache), conversation)


def test_the_fallback_serves_when_the_main_extractor_fails_and_its_features_are_not_cached() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        for _ in range(3):
            answer = await get(http, "/features/SP500")
            assert answer["served_from"] == "fallback"
            assert len(answer["features"]) == 8
        assert await counts(http) == {"fallback": 3}
        assert await error_types(http) == {}

    talk(create_app(PLENTY, main=broken), conversation)


def test_the_fallback_serves_when_the_main_extractor_exceeds_its_budget() -> None:
    release = threading.Event()

    def stuck(series: Series, position: int) -> dict[str, float]:
        release.wait(30.0)
        return {}

    async def conversation(http: httpx.AsyncClient) -> None:
        begin = time.perf_counter()
        # More requests than there are threads: those that wait for a thread keep to the budget as well.
        answers = await asyncio.gather(*(get(http, f"/features/SP500?asof=2018-12-{day}") for day in range(10, 16)))
        took = time.perf_counter() - begin
        release.set()
        assert [answer["served_from"] for answer in answers] == ["fallback"] * 6
        assert 0.05 <= took < 10.0
        assert await counts(http) == {"fallback": 6}

    try:
        talk(create_app(Settings(budget_seconds=0.05, workers=2), main=stuck), conversation)
    finally:
        release.set()


def test_a_computation_that_has_exceeded_its_budget_does_not_hold_up_the_event_loop() -> None:
    release = threading.Event()

    def stuck(series: Series, position: int) -> dict[str, float]:
        release.wait(30.0)
        return {}

    async def conversation(http: httpx.AsyncClient) -> None:
        extraction = asyncio.create_task(get(http, "/features/SP500"))
        assert (await http.get("/-/ready")).status_code == 200
        assert not extraction.done()
        release.set()
        assert (await extraction)["served_from"] == "compute"

    try:
        talk(create_app(PLENTY, main=stuck), conversation)
    finally:
        release.set()


def test_only_when_both_extractors_fail_the_answer_is_an_error_and_its_cause_is_counted_by_type() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        answer = await http.get("/features/SP500")
        assert answer.status_code == 503
        assert answer.json() == {"detail": "SP500: no extractor could compute the features"}
        assert await counts(http) == {"none": 1}
        assert await error_types(http) == {"ZeroDivisionError": 1}

    talk(create_app(PLENTY, main=broken, spare=broken), conversation)


def test_new_data_are_served_at_once_although_the_old_features_are_still_cached(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"Date,Close\n1/4/1999,10\n"))
    market = MarketData(tmp_path, [Source("X", "A test", "points", "x.csv.gz", "Close")])

    async def conversation(http: httpx.AsyncClient) -> None:
        assert (await get(http, "/features/X"))["features"]["close"] == 10.0
        path.write_bytes(gzip.compress(b"Date,Close\n1/4/1999,10\n1/5/1999,11\n"))
        os.utime(path, ns=(0, 1))
        answer = await get(http, "/features/X")
        assert (answer["session"], answer["served_from"]) == ("1999-01-05", "compute")
        assert answer["features"]["simple_return_1"] == pytest.approx(0.1)

    talk(create_app(PLENTY, market=market), conversation)


def test_slow_market_data_delay_every_extraction_cached_or_not() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        await put_fault(http, mode="slow", seconds=[0.16, 0.18])
        for expected in ("compute", "cache", "cache"):
            begin = time.perf_counter()
            assert (await get(http, "/features/SP500"))["served_from"] == expected
            assert time.perf_counter() - begin >= 0.16
        await put_fault(http, mode="none")
        text = (await http.get("/metrics")).text
        fast = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"{names.EXTRACTION_DURATION}_bucket" and sample.labels["le"] == "0.15"
        ]
        assert fast == [0.0] * len(names.EXTRACTION_SERIES)
        assert await counts(http) == {"compute": 1, "cache": 2}

    talk(create_app(PLENTY, admin=True), conversation)


def test_slow_market_data_do_not_use_up_the_budget_of_the_main_extractor() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        await put_fault(http, mode="slow", seconds=[2.1, 2.1])
        assert (await get(http, "/features/SP500"))["served_from"] == "compute"

    talk(create_app(Settings(budget_seconds=2.0), admin=True), conversation)


def test_a_cold_cache_computes_every_time_and_is_warm_again_afterwards() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        await put_fault(http, mode="cold_cache")
        for _ in range(3):
            assert (await get(http, "/features/SP500"))["served_from"] == "compute"
        await put_fault(http, mode="none")
        assert (await get(http, "/features/SP500"))["served_from"] == "cache"
        assert await counts(http) == {"compute": 3, "cache": 1}

    talk(create_app(PLENTY, admin=True), conversation)


def test_the_fallback_fault_lets_the_fallback_serve_exactly_its_share_of_a_warm_cache() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        await get(http, "/features/SP500")
        await put_fault(http, mode="fallback", share=0.25)
        for _ in range(40):
            await get(http, "/features/SP500")
        assert await counts(http) == {"compute": 1, "cache": 30, "fallback": 10}

    talk(create_app(PLENTY, admin=True), conversation)


def test_the_failing_fault_fails_exactly_its_share_of_a_warm_cache() -> None:
    async def conversation(http: httpx.AsyncClient) -> None:
        await get(http, "/features/SP500")
        await put_fault(http, mode="failing", share=0.03)
        statuses = [(await http.get("/features/SP500")).status_code for _ in range(100)]
        assert (statuses.count(200), statuses.count(503)) == (97, 3)
        assert await counts(http) == {"compute": 1, "cache": 97, "none": 3}
        assert await error_types(http) == {"InjectedFaultError": 3}

    talk(create_app(PLENTY, admin=True), conversation)


def test_the_crash_fault_ends_the_process_through_the_exit_it_was_given() -> None:
    left: list[int] = []

    async def conversation(http: httpx.AsyncClient) -> None:
        await put_fault(http, mode="crash")
        assert left == [CRASH_EXIT_CODE]

    talk(create_app(PLENTY, admin=True, faults=Faults(leave=left.append)), conversation)


def test_two_services_in_one_process_count_for_themselves() -> None:
    async def both() -> None:
        async with client(create_app(PLENTY)) as one, client(create_app(PLENTY)) as other:
            await get(one, "/features/SP500")
            assert await counts(one) == {"compute": 1}
            assert await counts(other) == {}

    asyncio.run(both())


def test_stages_cache_and_freshness_of_the_data_are_measured() -> None:
    app = create_app(PLENTY)

    async def conversation(http: httpx.AsyncClient) -> None:
        for _ in range(3):
            await get(http, "/features/SP500?asof=2018-06-01")
        text = (await http.get("/metrics")).text
        found = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        own = ("market-features", "technical")
        assert found[names.STAGE_DURATION + "_count", "market-features", "read", "technical"] == 3
        assert found[names.STAGE_DURATION + "_count", "compute", *own] == 1
        assert found[names.STAGE_DURATION + "_count", "fallback", *own] == 0
        assert found[names.CACHE_LOOKUPS, "features", "hit", "market-features"] == 2
        assert found[names.CACHE_LOOKUPS, "features", "market-features", "miss"] == 1
        assert found[names.CACHE_ENTRIES, "features", "market-features"] == 1
        assert found[names.EXTRACTIONS_IN_PROGRESS, *own] == 0
        assert 0 < found[names.NEWEST_INPUT, "SP500", *own] < time.time()

    talk(app, conversation)
