"""`featurewatch demo SCENE`: the story, told on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from featurewatch.commands import runtime
from featurewatch.commands.table import show_json
from featurewatch.demo import scenes
from featurewatch.demo.errors import StoryError
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.patience import patience
from featurewatch.demo.stage import Stage
from featurewatch.demo.story import Story
from featurewatch.demo.telling import Telling
from featurewatch.demo.timeline import Timeline
from featurewatch.demo.traffic import traffic
from featurewatch.native.status import State, status
from featurewatch.native.switch import start_part, stop_part
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import plan
from featurewatch.tools.lock import Occupied, exclusive

RATE_MARGIN = 2.0
"""Traffic of the demo over the declared minimum."""

NEEDED = ("extractor", "inbox", "prometheus", "alertmanager")


def run(project: Project, scene_name: str, *, as_json: bool) -> int:
    """0 when everything that was owed arrived, else 1."""
    scene = scenes.find(scene_name)
    decided = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    scenes.expectations(scene, decided.objectives)
    urls = _urls(project)
    waits = patience(decided, scene)
    rate = decided.objectives.minimum_traffic * RATE_MARGIN
    timeline = Timeline()
    telling = Telling(Console(stderr=as_json, highlight=False), timeline)
    with (
        _alone(project),
        InboxClient(urls["inbox"]) as inbox,
        Prometheus(urls["prometheus"]) as prometheus,
        traffic(project.root / "examples", urls["extractor"], rate, waits.total) as load_generator,
    ):
        run_dir = project.state / "run"
        stage = Stage(
            extractor_url=urls["extractor"],
            inbox=inbox,
            prometheus=prometheus,
            stop_extractor=lambda: stop_part(run_dir, "extractor"),
            start_extractor=lambda: start_part(run_dir, "extractor"),
            no_traffic=load_generator.trouble,
        )
        Story(decided, scene, stage, telling.moment, telling.delivery, waits, timeline).play()
    telling.summary()
    if as_json:
        show_json(timeline.as_mapping())
    return 1 if timeline.missing else 0


def _urls(project: Project) -> dict[str, str]:
    if runtime.recorded(project) == "docker":
        raise StoryError("the stories play on the native stack: `make down`, then `make up RUNTIME=native`")
    rows = {row.part: row for row in status(project.state / "run")}
    for part in NEEDED:
        if part not in rows or rows[part].state is not State.READY:
            raise StoryError(f"{part} is not running; `make up` starts the stack, `make status` shows it")
    return {name: row.url for name, row in rows.items()}


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """One story at a time: two would end each other's faults."""
    try:
        with exclusive(project.state / "demo.lock", wait_seconds=0):
            yield
    except Occupied as error:
        raise StoryError("another story is being told on this stack; wait for its end") from error
