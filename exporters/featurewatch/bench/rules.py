"""What judging costs: all rules for many extractors, on a real Prometheus. `python -m featurewatch.bench.rules`.

EXTRACTORS (1000), SECONDS (60) and BUDGET (60s, in place of delivery.budget) can be set in the environment.
Each extractor exports what featurewatch exports of
it: five histograms. The durations are Prometheus' own, of the last evaluations of each group.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from featurewatch import names
from featurewatch.commands.tools import provided
from featurewatch.faults import Failure
from featurewatch.native.ports import free_port
from featurewatch.objectives import load, units
from featurewatch.objectives.units import duration_text
from featurewatch.project import OBJECTIVES, find
from featurewatch.rules.build import EXTRACTORS_JOB, groups
from featurewatch.rules.model import Group, render
from featurewatch.rules.plan import Plan, plan
from featurewatch.yaml_text import dump

PER_TARGET = 100
"""Extractors of one process."""

WARM_UP = 20.0
"""Seconds until windows hold samples and caches are warm."""

EXTRACTIONS_PER_SECOND = 50
"""Of each extractor."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one group."""

    group: str
    rules: int
    interval: float
    seconds: float
    """The mean of one evaluation."""
    longest: float

    @property
    def share(self) -> float:
        """Of one core."""
        return self.seconds / self.interval


@dataclass(frozen=True, slots=True)
class Page:
    """The exposition of some extractors; its counters grow with the time."""

    lines: tuple[tuple[str, float], ...]
    """Text up to the value, and how much it grows in a second."""
    since: float

    @classmethod
    def of(cls, service: str, extractors: range) -> Page:
        lines = []
        for extractor in extractors:
            for served_from, outcome in names.EXTRACTION_SERIES:
                labels = (
                    f'{names.SERVICE}="{service}",{names.EXTRACTOR}="extractor-{extractor}",'
                    f'{names.SERVED_FROM}="{served_from}",{names.OUTCOME}="{outcome}"'
                )
                rate = EXTRACTIONS_PER_SECOND * (0.88 if served_from == names.CACHE else 0.03)
                for position, edge in enumerate((*map(repr, names.DURATION_EDGES_SECONDS), "+Inf")):
                    share = min(1.0, (position + 1) / 12)
                    lines.append((f'{names.EXTRACTION_DURATION}_bucket{{{labels},le="{edge}"}}', rate * share))
                lines.append((f"{names.EXTRACTION_DURATION}_count{{{labels}}}", rate))
                lines.append((f"{names.EXTRACTION_DURATION}_sum{{{labels}}}", rate * 0.05))
        return cls(tuple(lines), time.time())

    def text(self) -> bytes:
        age = time.time() - self.since
        body = "\n".join(f"{line} {round(growth * age)}" for line, growth in self.lines)
        return f"# TYPE {names.EXTRACTION_DURATION} histogram\n{body}\n".encode()


class Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: Mapping[str, Page], *arguments: object) -> None:
        self.pages = pages
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        body = self.pages[self.path].text()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def measure(decided: Plan, binary: Path, extractors: int, seconds: float) -> tuple[list[Cost], int]:
    """Of each group, and how many series the head holds. Raises `Failure` where Prometheus does not start."""
    built = groups(decided)
    pages = {
        f"/{begin}": Page.of(decided.objectives.service, range(begin, min(begin + PER_TARGET, extractors)))
        for begin in range(0, extractors, PER_TARGET)
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="featurewatch-bench-") as folder,
            prometheus(Path(folder), binary, decided, built, server.server_port, list(pages)) as url,
        ):
            time.sleep(WARM_UP)
            seen: list[Read] = []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                seen.append(_asked(url))
                time.sleep(1.0)
            return _costs(built, seen)
    finally:
        server.shutdown()
        server.server_close()


Read = dict[str, dict[str, float]]


def _costs(built: tuple[Group, ...], seen: list[Read]) -> tuple[list[Cost], int]:
    """Each look at a group finds its last evaluation."""
    found = []
    for group in built:
        took = [read["prometheus_rule_group_last_duration_seconds"][group.name] for read in seen]
        found.append(Cost(group.name, len(group.rules), group.interval, sum(took) / len(took), max(took)))
    return found, round(seen[-1]["prometheus_tsdb_head_series"][""])


def _asked(url: str) -> Read:
    found: Read = {}
    for line in httpx.get(f"{url}/metrics", trust_env=False, timeout=30).text.splitlines():
        if line.startswith(("prometheus_rule_group_last_duration_seconds{", "prometheus_tsdb_head_series ")):
            name, _, value = line.rpartition(" ")
            metric, _, labels = name.partition("{")
            found.setdefault(metric, {})[labels.rpartition(";")[2].removesuffix('"}')] = float(value)
    return found


@contextmanager
def prometheus(
    folder: Path, binary: Path, decided: Plan, built: tuple[Group, ...], served: int, paths: list[str]
) -> Iterator[str]:
    timing, service = decided.timing, decided.objectives.service
    scrapes = [
        {
            "job_name": f"{EXTRACTORS_JOB}{path}",
            "honor_labels": True,
            "metrics_path": path,
            "static_configs": [{"targets": [f"127.0.0.1:{served}"], "labels": {names.SERVICE: service}}],
            "relabel_configs": [{"target_label": "job", "replacement": EXTRACTORS_JOB}],
        }
        for path in paths
    ]
    config = {
        "global": {
            "scrape_interval": duration_text(timing.scrape_interval),
            "evaluation_interval": duration_text(timing.evaluation_interval),
        },
        "rule_files": ["*.rules.yaml"],
        "scrape_configs": scrapes,
    }
    (folder / "prometheus.yaml").write_text(dump(config), encoding="utf-8")
    for group in built:
        (folder / f"{group.name}.rules.yaml").write_text(dump(render(group)), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    argv: list[str | Path] = [
        binary,
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={url[7:]}",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log) as process,  # noqa: S603 - a binary we located
    ):
        try:
            wait(url, process, folder / "log")
            yield url
        finally:
            process.terminate()


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > end:
            raise Failure(f"Prometheus did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)


def main() -> int:
    """Print the table; 1 when a group takes longer than its interval."""
    extractors, seconds = int(os.environ.get("EXTRACTORS", "1000")), float(os.environ.get("SECONDS", "60"))
    project = find(Path.cwd(), os.environ)
    budget = units.span(os.environ.get("BUDGET", "60s"))
    decided = plan(replace(load(project.objectives, OBJECTIVES), delivery_budget=budget), OBJECTIVES)
    costs, series = measure(decided, provided(project).prometheus.path, extractors, seconds)
    print(f"{extractors} extractors, {series} series in memory, recorded ones included")
    print("| group | rules | every | one evaluation | longest | share of one core |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for cost in costs:
        print(
            f"| {cost.group} | {cost.rules} | {duration_text(cost.interval)} | {cost.seconds:.3f} s "
            f"| {cost.longest:.3f} s | {cost.share:.1%} |"
        )
    print(f"in all {sum(cost.share for cost in costs):.1%} of one core")
    return 0 if all(cost.longest < cost.interval for cost in costs) else 1


if __name__ == "__main__":
    sys.exit(main())
