"""The same features, scored on something that each replica has once: load is what one more replica helps against.

`python -m examples.ray_serve.serial` serves them until its standard input ends, so that nothing is left of it when
whoever started it is gone. They are deployed over Ray's REST API, over which others may then scale them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from examples.market_features import extractor
from examples.market_features.data import MarketData
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse

from featurewatch import served_from
from featurewatch.ray import measured

from .cluster import cluster
from .deployment import EXTRACTOR, SERVICE

APPLICATION = "features"
DEPLOY_SECONDS = 120.0
SLOWNESS_SECONDS = 0.3


@serve.deployment(max_ongoing_requests=64, ray_actor_options={"num_cpus": 0.25})
@measured(service=SERVICE, extractor=EXTRACTOR, methods=["features"])
class SerialFeatures:
    def __init__(self, seconds: float, slow_while: str) -> None:
        """Each extraction has what it is scored on for itself for `seconds`, as it would have a device. While the file
        `slow_while` exists, each also waits for something that no replica more would help against."""
        self._data = MarketData()
        self._known: dict[str, dict[str, float]] = {}
        self._turn = asyncio.Lock()
        self._seconds = seconds
        self._slow_while = Path(slow_while)

    async def __call__(self, request: Request) -> JSONResponse:
        return JSONResponse(await self.features(request.query_params.get("symbol", "SP500")))

    async def features(self, symbol: str) -> dict[str, Any]:
        """The extraction: from here on the time counts, the wait for its turn included."""
        if self._slow_while.exists():
            await asyncio.sleep(SLOWNESS_SECONDS)
        if symbol in self._known:
            served_from("cache")
        else:
            series = self._data.series(symbol)
            self._known[symbol] = extractor.extract(series, len(series.close) - 1)
        async with self._turn:
            await asyncio.sleep(self._seconds)  # the scoring
        return {"symbol": symbol, "features": len(self._known[symbol])}


def application(arguments: dict[str, Any]) -> serve.Application:
    """What Ray makes of the `args` of the application's configuration."""
    deployment: Any = SerialFeatures
    return deployment.bind(float(arguments["seconds"]), str(arguments["slow_while"]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="ray_serve.serial", description="Features, one after the other.")
    parser.add_argument("--port", type=int, required=True, help="where the deployment answers, at /features")
    parser.add_argument("--metrics-port", type=int, required=True, help="featurewatch's exporter of this node")
    parser.add_argument("--dashboard-port", type=int, required=True, help="Ray's REST API")
    parser.add_argument("--seconds", type=float, required=True, help="that one extraction takes")
    parser.add_argument("--slow-while", required=True, metavar="FILE", help="slower while it exists")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="fwray-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        cluster(Path(folder), chosen.port, chosen.metrics_port, dashboard_port=chosen.dashboard_port),
    ):
        deploy(chosen.dashboard_port, {"seconds": chosen.seconds, "slow_while": chosen.slow_while})
        sys.stdin.read()
    return 0


def deploy(dashboard_port: int, arguments: dict[str, Any]) -> None:
    """As `serve deploy` does it, and with the one setting that lets others choose the number of replicas."""
    wanted = {
        "name": APPLICATION,
        "route_prefix": "/features",
        "import_path": "examples.ray_serve.serial:application",
        "external_scaler_enabled": True,
        "args": arguments,
    }
    url = f"http://127.0.0.1:{dashboard_port}/api/serve/applications/"
    token = os.environ.get("RAY_AUTH_TOKEN_PATH")
    headers = {"authorization": f"Bearer {Path(token).read_text().strip()}"} if token else {}
    config = {"applications": [wanted]}
    answer = httpx.put(url, json=config, headers=headers, timeout=DEPLOY_SECONDS, trust_env=False)
    answer.raise_for_status()


if __name__ == "__main__":
    sys.exit(main())
