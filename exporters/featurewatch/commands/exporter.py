"""`featurewatch exporter`: processes, container and GPUs of this machine at one address, until it is told to end."""

from __future__ import annotations

import argparse
import os
import re
import threading

from featurewatch.commands.table import tell
from featurewatch.faults import Failure
from featurewatch.measure.metrics_server import start_metrics_server
from featurewatch.measure.registry import Registry

PORT = 9464
"""The port that OpenTelemetry's documents give to Prometheus exporters; node_exporter has 9100."""

_PROCESS = re.compile(r"(?P<name>[^=]+)=(?P<pattern>.+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", action="append", default=[], help="a service of this machine (repeat for more)")
    parser.add_argument(
        "--process",
        action="append",
        default=[],
        type=_process,
        metavar="NAME=REGEX",
        help="watch the processes whose command line matches (repeat for more)",
    )
    parser.add_argument("--gpu", choices=("auto", "on", "off"), default="auto", help="default: auto, if NVML is there")
    parser.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0 takes a free one")


def run(options: argparse.Namespace, ending: threading.Event | None = None) -> int:
    """Serve until `ending`, or a signal."""
    try:
        registry = watched(options.service, dict(options.process), options.gpu)
    except (ImportError, ValueError) as error:
        raise Failure(str(error)) from error
    with start_metrics_server(registry, options.port, options.address) as server:
        tell(f"metrics are at {server.url}")
        (ending or threading.Event()).wait()
    return 0


def watched(services: list[str], processes: dict[str, str], gpu: str) -> Registry:
    """A registry of what the options name. With `auto`, GPUs are left out when pynvml is not installed."""
    from featurewatch.gpu.gpus import Gpus
    from featurewatch.host.host import Host

    registry = Registry()
    registry.collect_from(Host(services=services, processes=processes, leave_out=(os.getpid(),)))
    if gpu != "off":
        try:
            registry.collect_from(Gpus())
        except ImportError:
            if gpu == "on":
                raise
    return registry


def _process(text: str) -> tuple[str, str]:
    found = _PROCESS.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=REGEX")
    return found["name"], found["pattern"]
