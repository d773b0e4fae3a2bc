"""The path of one extraction: cache, main extractor within its time budget, fallback, error."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeAlias

from featurewatch import ExtractionMonitor
from featurewatch.names import ServedFrom

from . import extractor, fallback
from .cache import FeatureCache, Key
from .data import MarketData, Series
from .faults import Faults, InjectedFaultError, Strike

Extractor: TypeAlias = Callable[[Series, int], Mapping[str, float]]

STAGES: Final = ("read", "compute", "fallback")
"""Where the time of an extraction goes; a look-up in the cache is measured by the cache's own monitor."""

_log = logging.getLogger(__name__)


class FeaturesUnavailableError(Exception):
    """Neither the main extractor nor the fallback could compute the features."""


@dataclass(frozen=True, slots=True)
class Served:
    """The features of a symbol as of a session, and where they came from."""

    symbol: str
    session: datetime.date
    served_from: ServedFrom
    features: Mapping[str, float]


class Serving:
    """Serves features, and has featurewatch measure every extraction."""

    def __init__(
        self,
        market: MarketData,
        cache: FeatureCache,
        monitor: ExtractionMonitor,
        executor: Executor,
        *,
        budget_seconds: float,
        faults: Faults,
        main: Extractor = extractor.extract,
        spare: Extractor = fallback.extract,
    ) -> None:
        self._market = market
        self._cache = cache
        self._monitor = monitor
        self._executor = executor
        self._budget_seconds = budget_seconds
        self._faults = faults
        self._main = main
        self._spare = spare

    async def features(self, symbol: str, asof: datetime.date | None) -> Served:
        """The features of `symbol` as of the last session on or before `asof` (the latest one when None).

        Raises UnknownSymbolError and NoSessionError for what cannot be asked, which is not counted as an extraction;
        FeaturesUnavailableError when both extractors failed, which is counted as an error of the cause's type.
        """
        self._position(self._market.series(symbol), asof)
        try:
            with self._monitor.extraction() as extraction:
                served = await self._extract(symbol, asof, self._faults.strike())
                extraction.served_from = served.served_from
                return served
        except Exception as error:
            raise FeaturesUnavailableError(f"{symbol.upper()}: no extractor could compute the features") from error

    async def _extract(self, symbol: str, asof: datetime.date | None, strike: Strike) -> Served:
        async with self._monitor.stage("read"):
            series = await self._fresh(symbol, strike)
        self._monitor.saw_input(series.revision / 1e9, series.source.symbol)
        position = self._position(series, asof)
        key = Key(series.source.symbol, series.session(position), series.revision)
        if strike.forget_cache:
            self._cache.clear()
        kept = None if strike.pass_over_cache else self._cache.get(key)
        if kept is not None:
            return Served(key.symbol, key.session, "cache", kept)
        try:
            async with self._monitor.stage("compute"):
                features = await self._main_within_budget(series, position, strike)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the main extractor, the fallback serves
            _log.warning("%s %s: the fallback serves: %r", key.symbol, key.session, error)
            with self._monitor.stage("fallback"):
                return Served(key.symbol, key.session, "fallback", self._fall_back(series, position, strike))
        self._cache.put(key, features)
        return Served(key.symbol, key.session, "compute", features)

    async def _fresh(self, symbol: str, strike: Strike) -> Series:
        """The read in front of every extraction: cached features are good only for the data they came from."""
        if strike.delay_seconds:
            await asyncio.sleep(strike.delay_seconds)
        return self._market.refresh(symbol)

    async def _main_within_budget(self, series: Series, position: int, strike: Strike) -> Mapping[str, float]:
        if strike.main_fails:
            raise InjectedFaultError("the main extractor fails, as it was told to")
        # In a thread, because nothing can take back the event loop from a computation. One that exceeds its budget
        # runs on to its end there and its result is dropped; one that was still waiting for a thread never starts.
        computing = asyncio.get_running_loop().run_in_executor(self._executor, self._main, series, position)
        return await asyncio.wait_for(computing, self._budget_seconds)

    def _fall_back(self, series: Series, position: int, strike: Strike) -> Mapping[str, float]:
        if strike.fallback_fails:
            raise InjectedFaultError("the fallback fails, as it was told to")
        # Not in the executor, whose threads may be what is stuck: it takes some microseconds.
        return self._spare(series, position)

    @staticmethod
    def _position(series: Series, asof: datetime.date | None) -> int:
        return len(series.sessions) - 1 if asof is None else series.position(asof)
