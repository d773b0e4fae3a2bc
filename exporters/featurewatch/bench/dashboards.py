"""What the dashboards cost: `python -m featurewatch.bench.dashboards`.

EXTRACTORS (1000) of them have a past of MINUTES (5), made from what a real Prometheus with all rules recorded of one.
Printed are the query time of each panel with all extractors chosen, the first paint of the heaviest dashboard where a
Chromium is installed, and what VIEWERS (100) readers of it wait for and cost.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

from featurewatch import names
from featurewatch.bench import history, paint, rules, viewers
from featurewatch.bench.history import Past, Sample
from featurewatch.bench.viewers import Question, Watching
from featurewatch.commands.tools import provided
from featurewatch.dashboards import promql
from featurewatch.dashboards.generate import generate
from featurewatch.native.ports import free_port
from featurewatch.objectives import load, units
from featurewatch.objectives.units import duration_text
from featurewatch.project import OBJECTIVES, Project, find
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan, plan
from featurewatch.tools.errors import ToolError

SEED_SECONDS: Final = 100.0
"""Until every rule has a window full of samples behind it."""

BUDGET: Final = "60s"
"""In place of delivery.budget: what one would want of a thousand extractors."""

GAP: Final = 10
"""Seconds between two samples of the past: two in the shortest window that a panel asks for."""

REPEATS: Final = 3
"""Each panel is asked so often, unless REPEATS in the environment says otherwise; the median counts."""

TIMEOUT_SECONDS: Final = 120.0
ONE: Final = "extractor-1"
"""Whom the viewers look at."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PanelCost:
    """What the queries of one panel took, one after the other."""

    board: str
    panel: str
    queries: int
    series: int
    seconds: float
    megabytes: float


def main() -> int:
    """0 when everything could be measured."""
    extractors, minutes = (
        int(os.environ.get(name, usual)) for name, usual in (("EXTRACTORS", "1000"), ("MINUTES", "5"))
    )
    project = find(Path.cwd(), os.environ)
    decided = plan(replace(load(project.objectives, OBJECTIVES), delivery_budget=units.span(BUDGET)), OBJECTIVES)
    written = generate(decided, project.root / "dashboards")
    boards = [json.loads(text) for text in written.values()]
    tools = provided(project)
    with tempfile.TemporaryDirectory(prefix="featurewatch-bench-") as temporary:
        folder = Path(temporary)
        seed = _asked_of(boards, _seed(decided, tools.prometheus.path))
        end = int(time.time()) // GAP * GAP
        past = Past(end - minutes * 60, end, GAP)
        series = history.write(seed, extractors, past, folder / "past.txt")
        history.blocks(tools.promtool.path, folder / "past.txt", folder / "data")
        (folder / "past.txt").unlink()
        print(f"{extractors} extractors, {series} series, a sample every {GAP} s for {minutes} minutes\n")
        with _stored(tools.prometheus.path, folder) as url:
            shown = minutes * 60.0
            _print_panels(_panels(url, boards, shown, float(end)))
            heaviest = max(boards, key=lambda board: len(viewers.asked_by(board)))
            _print_readers(project, url, folder, written, heaviest, past, decided)
    return 0


def _seed(decided: Plan, prometheus: Path) -> list[Sample]:
    """All series that Prometheus has of one extractor, after all rules were evaluated for a while."""
    page = rules.Page.of(decided.objectives.service, range(1))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(rules.Handler, {"/0": page}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    growth = dict(page.lines)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="featurewatch-seed-") as folder,
            rules.prometheus(Path(folder), prometheus, decided, groups(decided), server.server_port, ["/0"]) as url,
        ):
            time.sleep(SEED_SECONDS)
            found = _get(url, "query", {"query": '{__name__!=""}'}).json()["data"]["result"]
    finally:
        server.shutdown()
        server.server_close()
    mean = statistics.fmean(growth.values())
    seed = []
    for one in found:
        if "value" in one:
            sample = Sample(one["metric"], float(one["value"][1]))
            seed.append(replace(sample, value=mean) if sample.is_counter else sample)
    return seed


def _asked_of(boards: Sequence[Json], samples: Sequence[Sample]) -> list[Sample]:
    """Those that any panel reads; the rest would only make the past larger."""
    wanted = {
        selector.metric
        for board in boards
        for question in viewers.asked_by(board)
        for selector in promql.selectors(promql.parse(question.expr))
    }
    return [sample for sample in samples if sample.name in wanted and sample.value == sample.value]


def _panels(url: str, boards: Sequence[Json], shown: float, end: float) -> list[PanelCost]:
    watching = Watching(1, 1, 0.0, shown)
    costs = []
    for board in boards:
        asked: dict[str, list[Question]] = {}
        for question in viewers.asked_by(board, shown=shown):
            asked.setdefault(question.panel, []).append(question)
        for panel, questions in asked.items():
            costs.append(_panel_cost(url, str(board["title"]), panel, questions, watching, end))
    return costs


def _panel_cost(
    url: str, board: str, panel: str, questions: Sequence[Question], watching: Watching, end: float
) -> PanelCost:
    took, size, series = [], 0, 0
    for _ in range(int(os.environ.get("REPEATS", REPEATS))):
        began = time.perf_counter()
        answers = []
        for question in questions:
            # At the end of the past, which lies some time ago.
            path = viewers.path_of(question, watching, end, base="")
            moment = f"&time={end:.0f}" if question.instant else ""
            answers.append(httpx.get(f"{url}{path}{moment}", timeout=TIMEOUT_SECONDS, trust_env=False))
        took.append(time.perf_counter() - began)
        size = sum(len(answer.content) for answer in answers)
        series = sum(len(answer.raise_for_status().json()["data"]["result"]) for answer in answers)
    return PanelCost(board, panel, len(questions), series, statistics.median(took), size / 1e6)


def _print_panels(costs: Sequence[PanelCost]) -> None:
    filled = [cost for cost in costs if cost.series]
    print(f"query time of each panel, all extractors chosen; {_busy()}")
    print("| dashboard | panel | queries | series | seconds | MB |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for cost in sorted(filled, key=lambda cost: -cost.seconds):
        print(
            f"| {cost.board} | {cost.panel} | {cost.queries} | {cost.series} | {cost.seconds:.3f} "
            f"| {cost.megabytes:.2f} |"
        )
    times = [cost.seconds for cost in filled]
    print(
        f"\n{len(filled)} panels with data, {len(costs) - len(filled)} without: "
        f"median {statistics.median(times):.3f} s, p95 {statistics.quantiles(times, n=20)[-1]:.3f} s, "
        f"slowest {max(times):.3f} s\n"
    )


def _print_readers(
    project: Project, url: str, folder: Path, written: Mapping[str, str], board: Json, past: Past, decided: Plan
) -> None:
    (folder / "dashboards").mkdir()
    for path, text in written.items():
        (folder / "dashboards" / Path(path).name).write_text(text, encoding="utf-8")
    command = [
        *(sys.executable, "-m", "featurewatch.preview", "--prometheus", url),
        *("--dashboards", str(folder / "dashboards"), "--runbooks", str(project.root / "docs/alerts")),
        *("--scrape-seconds", f"{decided.timing.scrape_interval:g}"),
    ]
    span = {"from": str(past.start * 1000), "to": str(past.end * 1000)}
    with _served(command, folder / "preview.log") as base:
        count = int(os.environ.get("VIEWERS", "100"))
        # The right edge moves on through the past as it would through the present.
        room = min(60.0, (past.end - past.start) / 2)
        # By whole refreshes and steps, or its viewers would ask for other moments than those of the present do.
        ago = math.ceil((time.time() - past.end + room) / GAP) * GAP
        watching = Watching(count, 6, 5.0, past.end - past.start - room, float(ago))
        print(f"heaviest dashboard: {board['title']}; {ONE} chosen; {_busy()}")
        viewers.watch(base, viewers.asked_by(board, {names.EXTRACTOR: ONE}), watching)
    with _served(command, folder / "preview.log") as base:
        for extractor in (ONE, None):
            chosen = {"var-extractor": extractor} if extractor else {}
            try:
                seen = paint.paints(base, str(board["uid"]), {**span, **chosen}, os.environ)
            except ToolError as fault:
                print(f"no first paint: {fault}")
                break
            print(f"{extractor or 'all extractors'} chosen: {seen}")


@contextmanager
def _served(command: Sequence[str], log: Path) -> Iterator[str]:
    """A preview as `make up` runs it: in a process of its own, or the viewers would take its time."""
    url = f"http://127.0.0.1:{free_port()}"
    argv = [*command, "--port", url.rpartition(":")[2]]
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as process:  # noqa: S603
        try:
            rules.wait(url, process, log)
            yield url
        finally:
            process.terminate()


def _busy() -> str:
    """How much else ran: a figure is worth little without it."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


@contextmanager
def _stored(prometheus: Path, folder: Path) -> Iterator[str]:
    """A Prometheus that scrapes nothing and knows the past."""
    url = f"http://127.0.0.1:{free_port()}"
    (folder / "prometheus.yaml").write_text("global: {}\n", encoding="utf-8")
    argv: list[str | Path] = [
        prometheus,
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=1d",
        f"--query.timeout={duration_text(TIMEOUT_SECONDS)}",
        f"--web.listen-address={url[7:]}",
    ]
    log = folder / "log"
    with log.open("wb") as output, subprocess.Popen(argv, cwd=folder, stdout=output, stderr=output) as process:  # noqa: S603
        try:
            rules.wait(url, process, log)
            yield url
        finally:
            process.terminate()


def _get(url: str, path: str, query: Mapping[str, str]) -> httpx.Response:
    return httpx.get(f"{url}/api/v1/{path}", params=dict(query), timeout=TIMEOUT_SECONDS, trust_env=False)


if __name__ == "__main__":
    sys.exit(main())
