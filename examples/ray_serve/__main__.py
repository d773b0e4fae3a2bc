"""`python -m examples.ray_serve`: a Ray of one node, the deployment on it, a Prometheus beside it, and some traffic."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ray import serve

from . import load, prometheus
from .cluster import cluster
from .deployment import SERVICE, application


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ray_serve", description="Technical features on Ray Serve, measured.")
    parser.add_argument("--port", type=int, default=8010, help="where the deployment answers")
    parser.add_argument("--metrics-port", type=int, default=9465, help="featurewatch's exporter of this node")
    parser.add_argument("--ray-metrics-port", type=int, default=8090, help="Ray's own metrics")
    parser.add_argument("--prometheus-port", type=int, default=9095, help="0: no Prometheus, no scaling")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second; 0: none")
    parser.add_argument("--seconds", type=float, default=600.0, help="when to stop, traffic and all")
    chosen = parser.parse_args(arguments)
    # Told to end, it ends as with Ctrl-C: whatever it started goes with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fwray-", dir="/tmp")))
        beside: str | None = None
        if chosen.prometheus_port:
            config = prometheus.configuration(chosen.metrics_port, chosen.ray_metrics_port, SERVICE)
            beside = stack.enter_context(prometheus.running(folder / "prometheus", chosen.prometheus_port, config))
        stack.enter_context(cluster(folder, chosen.port, chosen.metrics_port, chosen.ray_metrics_port))
        serve.run(application(beside), name=SERVICE, route_prefix="/features")
        url = f"http://127.0.0.1:{chosen.port}/features"
        say(f"features    {url}?symbol=SP500")
        say(f"metrics     http://127.0.0.1:{chosen.metrics_port}/metrics (Ray's own: {chosen.ray_metrics_port})")
        say(f"Prometheus  {beside or 'none'}")
        say(f"traffic     {chosen.rate:g}/s; all ends after {chosen.seconds:g} s, or with Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            if chosen.rate > 0:
                say(load.run(url, chosen.rate, chosen.seconds).as_text())
            else:
                time.sleep(chosen.seconds)
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
