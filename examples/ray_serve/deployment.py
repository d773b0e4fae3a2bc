"""The deployment: features of a symbol's latest session, computed in batches, every step measured."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from examples.market_features import extractor
from examples.market_features.data import MarketData, UnknownSymbolError
from ray import serve
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from starlette.requests import Request
from starlette.responses import JSONResponse

from featurewatch.ray import SlowShare, measured, monitor_of

SERVICE = "market-features"
EXTRACTOR = "technical-ray"

SLOW = (
    f'max(service_extractor:extraction_latency_100ms:bad_ratio_rate1m{{service="{SERVICE}",extractor="{EXTRACTOR}"}})'
)
"""The very series that the alert ExtractionTooSlow judges."""


@serve.deployment(max_ongoing_requests=32, ray_actor_options={"num_cpus": 0.25})
@measured(service=SERVICE, extractor=EXTRACTOR, methods=["features"])
class TechnicalFeatures:
    def __init__(self) -> None:
        self._data = MarketData()

    async def __call__(self, request: Request) -> JSONResponse:
        symbol = request.query_params.get("symbol", "SP500")
        try:
            self._data.series(symbol)
        except UnknownSymbolError as error:
            # Nobody could answer this, so it is no extraction.
            return JSONResponse({"error": str(error)}, 404)
        return JSONResponse(await self.features(symbol))

    async def features(self, symbol: str) -> dict[str, Any]:
        """The extraction: from here on the time counts, the wait for a batch included."""
        return {"symbol": symbol, "features": await self.computed(symbol)}

    @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.005)  # type: ignore[untyped-decorator]  # Ray is not typed
    async def computed(self, symbols: list[str]) -> list[dict[str, float | None]]:
        with monitor_of(self).stage("compute"):
            return await asyncio.to_thread(lambda: [self._compute(symbol) for symbol in symbols])

    def _compute(self, symbol: str) -> dict[str, float | None]:
        series = self._data.series(symbol)
        found = extractor.extract(series, len(series.close) - 1)
        return {name: value if math.isfinite(value) else None for name, value in found.items()}


def application(prometheus: str | None) -> serve.Application:
    """One replica; with a Prometheus, up to four while its rules find too many extractions slow."""
    # What the decorator has made of the class.
    deployment: Any = TechnicalFeatures
    if prometheus is None:
        return deployment.bind()
    policy = AutoscalingPolicy(
        policy_function=SlowShare,
        policy_kwargs={"query": SLOW, "allowed": 0.05, "prometheus_address": prometheus},
    )
    scaled = AutoscalingConfig(min_replicas=1, max_replicas=4, target_ongoing_requests=16, policy=policy)
    return deployment.options(autoscaling_config=scaled).bind()
