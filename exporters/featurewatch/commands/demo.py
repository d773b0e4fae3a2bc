"""`featurewatch demo SCENE`: the story, told on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import indent, shorten

from rich.console import Console
from rich.markup import escape

from featurewatch.demo import scenes
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.story import Stage, Story, StoryError
from featurewatch.demo.timeline import Moment, Timeline, line, table
from featurewatch.native.status import State, status
from featurewatch.native.switch import start_part, stop_part
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import Plan, plan

RATE_MARGIN = 1.5
"""Traffic of the demo over the declared minimum."""

LONGEST = 900
"""Seconds after which the load generator stops by itself, whatever becomes of the story."""

SHOWN_LINES = 24


def run(project: Project, scene_name: str, *, as_json: bool) -> int:
    """0 when everything that was owed arrived, else 1."""
    scene = scenes.find(scene_name)
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    scenes.expectations(scene, decided.objectives)
    urls = _urls(project)
    console = Console(stderr=as_json, highlight=False)
    with (
        InboxClient(urls["inbox"]) as inbox,
        Prometheus(urls["prometheus"]) as prometheus,
        _traffic(project, urls["extractor"], decided),
    ):
        run_dir = project.state / "run"
        stage = Stage(
            extractor_url=urls["extractor"],
            inbox=inbox,
            prometheus=prometheus,
            stop_extractor=lambda: stop_part(run_dir, "extractor"),
            start_extractor=lambda: start_part(run_dir, "extractor"),
        )
        timeline = Timeline()

        def tell(moment: Moment) -> None:
            console.print(escape(line(timeline, moment)))

        Story(decided, scene, stage, tell, lambda delivery: _show(console, delivery), timeline=timeline).play()
    _sum_up(console, timeline)
    if as_json:
        print(json.dumps(timeline.as_mapping(), indent=2))
    return 1 if timeline.missing else 0


def _urls(project: Project) -> dict[str, str]:
    rows = {row.part: row for row in status(project.state / "run")}
    for part in ("extractor", "inbox", "prometheus", "alertmanager"):
        if part not in rows or rows[part].state is not State.READY:
            raise StoryError(f"{part} is not running; `make up` starts the stack, `make status` shows it")
    return {name: row.url for name, row in rows.items()}


@contextmanager
def _traffic(project: Project, url: str, decided: Plan) -> Iterator[None]:
    """Steady traffic for as long as the story lasts."""
    rate = decided.objectives.minimum_traffic * RATE_MARGIN
    command = [
        *(sys.executable, "-m", "market_features.load", "--url", url),
        *("--rate", f"{rate:g}", "--seconds", str(LONGEST)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(project.root / "examples")}
    load_generator = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        load_generator.terminate()
        load_generator.wait(30)


def _show(console: Console, delivery: Delivery) -> None:
    to = f" to {', '.join(delivery.recipients)}" if delivery.recipients else ""
    console.print(f"            [bold]{delivery.channel}{escape(to)}[/bold]: {escape(delivery.summary)}")
    body = [shorten(text, 140) for text in delivery.body.splitlines() if text.strip()][:SHOWN_LINES]
    console.print(indent(escape("\n".join(body)), "            │ "), style="dim")


def _sum_up(console: Console, timeline: Timeline) -> None:
    console.print("\n[bold]timeline[/bold]")
    console.print(escape(table(timeline)))
    if timeline.breakdown is not None:
        parts = timeline.breakdown
        console.print("\n[bold]from the first bad extraction to the last message[/bold]")
        rows = (
            ("scrape", parts.scrape),
            ("window", parts.window),
            ("evaluation", parts.evaluation),
            ("for", parts.hold),
            ("grouping and sending", parts.delivery),
            ("in all", parts.total),
        )
        for name, seconds in rows:
            console.print(f"{seconds:>8.1f} s  {name}")
    for missing in timeline.missing:
        console.print(f"[bold red]missing[/bold red] {escape(missing)}")
    if not timeline.missing:
        console.print("\neverything that was owed arrived")
