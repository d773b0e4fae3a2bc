from __future__ import annotations

import asyncio
import functools
import inspect
import typing
from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry, Histogram
from tests.exposed import counts, monitored, value

import featurewatch
from featurewatch import Extraction, names


def positional(a: int, b: int = 2, /, c: int = 3, *, d: int, e: int = 5) -> tuple[int, ...]:
    """Docs."""
    return a, b, c, d, e


def anything(a: int, *args: int, d: int = 4, **kwargs: int) -> tuple[object, ...]:
    return a, args, d, kwargs


def reserved(_fw_function: int, _fw_clock: int = 7) -> tuple[int, ...]:
    return _fw_function, _fw_clock


def hiding(len: int, started: int, result: int, measured: int = 4) -> tuple[int, ...]:  # noqa: A002
    return len, started, result, measured


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (positional, (1,), {"d": 4}),
        (positional, (1, 9), {"c": 8, "d": 7, "e": 6}),
        (anything, (1, 2, 3), {"x": 9}),
        (anything, (1,), {}),
        (reserved, (1,), {}),
        (reserved, (), {"_fw_function": 1}),
        (hiding, (1, 2, 3), {}),
        (lambda: "lambda", (), {}),
        (functools.partial(positional, 1), (), {"d": 4}),
        (max, (3, 4), {}),
    ],
)
def test_a_measured_function_takes_and_returns_what_it_did(function: Any, args: Any, kwargs: Any) -> None:
    registry, monitor = monitored()
    measured = monitor.measure(function)
    assert measured(*args, **kwargs) == function(*args, **kwargs)
    assert counts(registry) == {("compute", "success"): 1}


def test_a_measured_function_looks_like_itself() -> None:
    _, monitor = monitored()
    measured = monitor.measure(positional)
    assert inspect.signature(measured) == inspect.signature(positional)
    assert typing.get_type_hints(measured) == typing.get_type_hints(positional)
    assert (measured.__name__, measured.__doc__, measured.__module__) == ("positional", "Docs.", __name__)
    assert measured.__defaults__ == positional.__defaults__
    assert measured.__kwdefaults__ == positional.__kwdefaults__


def test_a_default_is_the_same_object_as_before() -> None:
    _, monitor = monitored()

    @monitor.measure
    def remember(item: int, into: list[int] = []) -> list[int]:  # noqa: B006 - its identity is the point
        into.append(item)
        return into

    remember(1)
    assert remember(2) == [1, 2]


def test_arguments_that_do_not_fit_fail_as_without_measuring_and_are_not_counted() -> None:
    registry, monitor = monitored()
    with pytest.raises(TypeError, match=r"positional\(\) missing 1 required keyword-only argument: 'd'"):
        monitor.measure(positional)(1)  # type: ignore[call-arg]
    assert counts(registry) == {}


def test_methods_of_each_kind_are_measured_below_their_decorator() -> None:
    registry, monitor = monitored()

    class Extractor:
        factor = 2

        @monitor.measure
        def extract(self, x: int) -> int:
            return self.factor * x

        @classmethod
        @monitor.measure
        def of_class(cls, x: int) -> int:
            return cls.factor * x

        @staticmethod
        @monitor.measure
        def static(x: int) -> int:
            return 2 * x

    extractor = Extractor()
    assert [extractor.extract(2), Extractor.of_class(2), extractor.static(2)] == [4, 4, 4]
    assert counts(registry) == {("compute", "success"): 3}


def test_what_cannot_be_timed_is_refused_with_the_remedy() -> None:
    _, monitor = monitored()

    def generate() -> Iterator[int]:
        yield 1

    async def generate_async() -> AsyncIterator[int]:
        yield 1

    measure: Any = monitor.measure
    for function in (generate, generate_async):
        with pytest.raises(TypeError, match=r"generator.*monitor\.extraction"):
            measure(function)
    for wrong, remedy in ((classmethod(lambda _: 1), "below @classmethod"), (7, "not 7"), (dict, "classes")):
        with pytest.raises(TypeError, match=remedy):
            measure(wrong)
    with pytest.raises(ValueError, match="cahce"):
        measure(served_from="cahce")


def test_a_function_can_have_a_source_of_its_own() -> None:
    registry, monitor = monitored()

    @monitor.measure(served_from="cache")
    def look_up() -> int:
        return 1

    look_up()
    assert counts(registry) == {("cache", "success"): 1}


def test_a_coroutine_function_stays_one_and_is_timed_until_it_is_done() -> None:
    registry, monitor = monitored()

    @monitor.measure
    async def extract(pause: float) -> float:
        await asyncio.sleep(pause)
        return pause

    assert inspect.iscoroutinefunction(extract)
    assert asyncio.run(extract(0.05)) == 0.05
    assert 0.049 < value(registry, names.EXTRACTION_DURATION + "_sum", served_from="compute") < 1


def test_the_usual_decorator_times_only_the_making_of_a_coroutine() -> None:
    """Why ours has the test above: prometheus_client's own decorator sees a microsecond of these 50 ms."""
    registry = CollectorRegistry()
    histogram = Histogram("usual_seconds", "Usual.", registry=registry)

    @histogram.time()  # type: ignore[arg-type,unused-ignore]
    async def extract() -> None:
        await asyncio.sleep(0.05)

    asyncio.run(extract())
    assert (registry.get_sample_value("usual_seconds_sum") or 0) < 0.01


def test_a_callable_object_with_an_async_call_is_awaited() -> None:
    registry, monitor = monitored()

    class Extractor:
        async def __call__(self) -> int:
            await asyncio.sleep(0.02)
            return 1

    measured = monitor.measure(Extractor())
    assert asyncio.run(measured()) == 1
    assert value(registry, names.EXTRACTION_DURATION + "_sum", served_from="compute") > 0.019


def test_with_mark_the_function_gets_its_extraction_and_callers_do_not_see_it() -> None:
    registry, monitor = monitored()

    @monitor.measure(mark=True)
    def extract(extraction: Extraction, symbol: str, depth: int = 3) -> str:
        extraction.served_from = "cache"
        return symbol * depth

    class Extractor:
        @monitor.measure(mark=True)
        async def extract(self, extraction: Extraction, *, fail: bool = False) -> str:
            if fail:
                extraction.failed("StaleInput")
            return extraction.served_from if not fail else ""

    def loose(*symbols: str, extraction: Extraction) -> int:
        extraction.served_from = "fallback"
        return len(symbols)

    measure: Any = monitor.measure(mark=True)  # by keyword only: it works, but no type can say so
    assert_type(extract("x", 2), str)
    assert extract("x") == "xxx"
    assert extract(depth=2, symbol="y") == "yy"
    assert str(inspect.signature(extract)) == "(symbol: 'str', depth: 'int' = 3) -> 'str'"
    assert asyncio.run(Extractor().extract()) == "compute"
    assert asyncio.run(Extractor().extract(fail=True)) == ""
    assert measure(loose)("a", "b") == 2
    assert counts(registry) == {
        ("cache", "success"): 3,
        ("compute", "success"): 1,
        ("none", "error"): 1,
        ("fallback", "success"): 1,
    }


def test_with_mark_a_function_without_the_parameter_is_refused() -> None:
    _, monitor = monitored()
    measure: Any = monitor.measure(mark=True)
    for function in (lambda symbol: symbol, max, lambda *extraction: 1, lambda extraction, *rest: 1):
        with pytest.raises(TypeError, match="mark=True"):
            measure(function)


def test_a_body_marked_from_a_helper_overrides_the_default_in_every_form() -> None:
    registry, monitor = monitored()

    def helper() -> None:
        featurewatch.served_from("fallback")

    @monitor.measure(mark=True)
    def extract(extraction: Extraction) -> None:
        helper()

    @monitor.measure
    async def extract_async() -> None:
        helper()

    extract()
    asyncio.run(extract_async())
    with monitor.extraction():
        helper()
    assert counts(registry) == {("fallback", "success"): 3}


def test_a_measured_endpoint_works_in_fastapi_with_postponed_annotations() -> None:
    registry, monitor = monitored()
    app = FastAPI()

    @app.get("/features/{symbol}")
    @monitor.measure
    async def features(symbol: str, depth: int = 5) -> dict[str, int]:
        return {symbol: depth}

    async def ask() -> tuple[object, int]:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://app") as client:
            good, bad = await client.get("/features/BTC?depth=7"), await client.get("/features/BTC?depth=x")
            return good.json(), bad.status_code

    assert asyncio.run(ask()) == ({"BTC": 7}, 422)
    assert counts(registry) == {("compute", "success"): 1}


def test_types_are_kept() -> None:
    _, monitor = monitored()

    @monitor.measure
    def extract(symbol: str, depth: int = 3) -> list[float]:
        return [float(depth)]

    assert_type(extract("x"), list[float])
    extract(3) if typing.TYPE_CHECKING else None  # type: ignore[arg-type]
