"""`featurewatch demo SCENE`: the story, told on a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from featurewatch import names
from featurewatch.commands import runtime
from featurewatch.commands.table import show_json
from featurewatch.demo import rehearsal, repair, scenes
from featurewatch.demo.errors import StoryError
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.patience import patience
from featurewatch.demo.repairing import Place
from featurewatch.demo.responder import Responder
from featurewatch.demo.scenes import Scene
from featurewatch.demo.stage import Stage
from featurewatch.demo.story import Story
from featurewatch.demo.telling import Telling
from featurewatch.demo.timeline import Timeline
from featurewatch.demo.traffic import traffic
from featurewatch.deployment import addresses, ports_from, ports_of, tls_files
from featurewatch.native.records import RunFolder
from featurewatch.native.status import State, status
from featurewatch.native.switch import start_part, stop_part
from featurewatch.objectives import load
from featurewatch.objectives.model import Severity
from featurewatch.people.on_call import recipients
from featurewatch.project import OBJECTIVES, Project
from featurewatch.routes.secrets import FOLDER
from featurewatch.rules.plan import Plan, plan
from featurewatch.staging import SOURCES
from featurewatch.tls import trusted
from featurewatch.tools.lock import Occupied, exclusive

RATE_MARGIN = 2.0
"""Traffic of the demo over the declared minimum."""

STORY = "as a story has it"
"""In the record of a part, for what its files were when it read them."""

QUIET_RATE = 15.0
"""Traffic on the stack's own extractor while the story plays elsewhere."""

NEEDED = ("extractor", "inbox", "prometheus", "alertmanager")

PROMETHEUS_FILE = "prometheus.yaml"
PROMETHEUS_SOURCE = SOURCES[f"prometheus/{PROMETHEUS_FILE}"]


def run(project: Project, scene_name: str, *, as_json: bool) -> int:
    """0 when everything that was owed arrived, else 1."""
    if scene_name == scenes.REPAIR:
        return _repair(project, as_json=as_json)
    scene = scenes.find(scene_name)
    declared = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)
    decided = rehearsal.rehearsed(declared) if scene.escalates else declared
    scenes.expectations(scene, decided.objectives)
    urls = _urls(project, (*NEEDED, "responder") if scene.escalates else NEEDED)
    waits = patience(decided, scene)
    rate = decided.objectives.minimum_traffic * RATE_MARGIN
    timeline = Timeline()
    telling = Telling(Console(stderr=as_json, highlight=False), timeline)
    with (
        _alone(project),
        InboxClient(urls["inbox"]) as inbox,
        Prometheus(urls["prometheus"], _authority(project, decided)) as prometheus,
        _rehearsed(project, scene, decided, _Served(urls["prometheus"], _authority(project, decided))),
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
            acknowledge=lambda labels: _acknowledge(project, decided, urls, labels),
        )
        Story(decided, scene, stage, telling.moment, telling.delivery, waits, timeline).play()
    telling.summary()
    if as_json:
        show_json(timeline.as_mapping())
    return 1 if timeline.missing or timeline.unwanted else 0


def _repair(project: Project, *, as_json: bool) -> int:
    """0 when the objective recovered and the audit holds."""
    urls = _urls(project, (*NEEDED, "responder"))
    declared = plan(load(project.objectives, OBJECTIVES), OBJECTIVES)

    prometheus = _Served(urls["prometheus"], _authority(project, declared))

    def watched(target: str) -> AbstractContextManager[None]:
        committed = (project.root / PROMETHEUS_SOURCE).read_text("utf-8")
        texts = {PROMETHEUS_FILE: rehearsal.with_target(committed, target, declared.objectives.service)}
        return _played(project, ".", texts, {PROMETHEUS_FILE: committed}, prometheus)

    place = Place(
        root=project.root,
        objectives=project.objectives,
        plan=declared,
        rehearsed=rehearsal.rehearsed(declared),
        prometheus=urls["prometheus"],
        alertmanager=urls["alertmanager"],
        inbox=urls["inbox"],
        authority=_authority(project, declared),
        usual=lambda: traffic(project.root / "examples", urls["extractor"], QUIET_RATE, repair.LONGEST),
        watched=watched,
        hurried=lambda hurried: _judged(project, hurried, prometheus),
    )
    console, began = Console(stderr=as_json, highlight=False), time.monotonic()

    def say(text: str) -> None:
        console.print(escape(f"{time.monotonic() - began:>8.1f} s  {text}"), soft_wrap=True)

    voice = repair.Voice(
        title=lambda text: console.print(f"\n[bold]{escape(text)}[/bold]"),
        say=say,
        text=lambda text: console.print(escape(text), soft_wrap=True),
        show=Telling(console, Timeline()).delivery,
    )
    with _alone(project):
        told = repair.play(place, voice)
    if as_json:
        show_json(told)
    return 0 if told["holds"] else 1


@contextmanager
def _rehearsed(project: Project, scene: Scene, decided: Plan, prometheus: _Served) -> Iterator[None]:
    """The running Prometheus has the story's delays of escalation inside, and the committed ones after it."""
    if not scene.escalates:
        yield
        return
    with _judged(project, decided, prometheus):
        yield


@contextmanager
def _judged(project: Project, decided: Plan, prometheus: _Served) -> Iterator[None]:
    """By the rules of this plan inside, and by the committed ones after it."""
    texts = rehearsal.rule_files(decided)
    usual = {path.name: path.read_text("utf-8") for path in (project.root / "rules").glob("*.rules.yaml")}
    with _played(project, "rules", texts, usual, prometheus):
        yield


@contextmanager
def _played(
    project: Project, folder: str, texts: Mapping[str, str], usual: Mapping[str, str], prometheus: _Served
) -> Iterator[None]:
    """Files of the running Prometheus are `texts` inside, and `usual` after it; both as the committed files have it."""
    run_dir = project.state / "run"
    records = RunFolder(run_dir)
    recorded = records.recorded("prometheus")
    mapped = addresses(ports_of(run_dir, ports_from(os.environ)))
    here, back = ({name: mapped.apply(text) for name, text in each.items()} for each in (texts, usual))
    try:
        if recorded is not None:
            # Should we be killed: the next `up` must not take what it has put back for what Prometheus has read.
            records.write_part(recorded.part, STORY)
        with rehearsal.playing(run_dir / "prometheus" / folder, here, back, prometheus.reload):
            yield
        if recorded is not None:
            records.write_part(recorded.part, recorded.watched)
    except OSError as error:
        raise StoryError(f"the story cannot be prepared: {error}; `make up` puts all back as it was") from error


def _acknowledge(project: Project, decided: Plan, urls: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """In the name of whoever the second level of the policy tells."""
    handling = decided.objectives.handling
    declared = handling.responder
    if declared is None:
        raise StoryError("nobody can acknowledge: objectives.yaml declares no responder")
    try:
        token = (project.secrets / declared.token_file.removeprefix(FOLDER)).read_text("utf-8").strip()
    except OSError as error:
        raise StoryError(f"the responder's token cannot be read: {error}") from error
    severity = Severity[labels[names.SEVERITY].upper()]
    policy = handling.policy_of(labels[names.CATEGORY], severity, labels.get(names.POLICY))
    roles = policy.levels[1].recipients if policy else ()
    who = next(iter(recipients(handling.people, roles, datetime.now(UTC))), "the audience")
    with Responder(urls["responder"], token, _authority(project, decided)) as responder:
        responder.acknowledge(labels, who, "seen at level 2")
    return who


def _authority(project: Project, decided: Plan) -> Path | None:
    """Whom to trust as the stack's parts."""
    files = tls_files(project, decided)
    return files.authority if files else None


@dataclass(frozen=True, slots=True)
class _Served:
    """The running Prometheus."""

    url: str
    authority: Path | None

    def reload(self) -> None:
        """Let it read its configuration again. Raises StoryError when it refuses that."""
        try:
            answer = httpx.post(f"{self.url}/-/reload", timeout=30, trust_env=False, verify=trusted(self.authority))
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
            raise StoryError(f"prometheus does not reload: {why}; see `make status`") from error
        if not answer.is_success:
            raise StoryError(f"prometheus refuses the configuration of the story: {answer.text.strip()}")


def _urls(project: Project, needed: Sequence[str]) -> dict[str, str]:
    if runtime.recorded(project) == "docker":
        raise StoryError("the stories play on the native stack: `make down`, then `make up RUNTIME=native`")
    rows = {row.part: row for row in status(project.state / "run")}
    for part in needed:
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
