"""The story of a repair on Ray Serve: told in a dry-run, then done, then done in vain and taken back.

A responder of its own plays in it, beside the stack's: with another objectives.yaml, which declares the action, and
its own history and audit, which are gone with the story. It hears of alerts as after a restart: it asks for them.
Everything else is the stack's: Prometheus judges the deployment, Alertmanager tells people of it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from featurewatch import names
from featurewatch.demo import escalation, own_responder, scenes, serving, traffic
from featurewatch.demo.answering import answering
from featurewatch.demo.errors import StoryError
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.inbox.message import Delivery, Status
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.own_responder import Own
from featurewatch.demo.repairing import ACTION, DRY, IMPATIENT, REAL, TARGET, Place, declare
from featurewatch.demo.serving import Serving
from featurewatch.faults import Failure
from featurewatch.objectives.model import Severity
from featurewatch.responder.repair.target import Unknown
from featurewatch.responder.repair.targets.ray_serve import RayServe
from featurewatch.rules.escalation import name

CALM: Final = 10.0
BUSY: Final = 46.0
"""Requests a second: less and more than what one replica can do. Two can do both."""

MOST: Final = 24
"""Requests at the same time: what a replica that was too slow leaves behind is done soon."""

LONGEST: Final = 1_200.0
"""Seconds; then what asks for features ends by itself."""

MESSAGE_SECONDS: Final = 120.0
"""Until a message that does not come is not waited for any more: people were told before, and the repair goes on."""

TOLD_SECONDS: Final = 15.0
"""Between two lines about a wait."""

ABOUT: Final = frozenset({"ExtractionTooSlow", "LatencyCascade"})
"""What people are told of: the alert, or its incident, should this machine be short of processors as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How it is told."""

    title: Callable[[str], None]
    say: Callable[[str], None]
    text: Callable[[str], None]
    """What a command printed."""
    show: Callable[[Delivery], None]


def play(place: Place, voice: Voice, patience: float = 300.0) -> dict[str, Any]:
    """Tell it; the runs and the audit as they were at its end. `patience` in seconds for each step. Raises StoryError
    and Failure."""
    serving.check()
    with tempfile.TemporaryDirectory(prefix="fwrepair-") as made:
        folder = Path(made)
        voice.title("a deployment on Ray Serve")
        voice.say("Ray Serve starts on this machine, with one replica of the extractor technical-ray")
        with (
            serving.serving(place.root, folder, voice.say) as ray,
            Prometheus(place.prometheus, place.authority) as prometheus,
            InboxClient(place.inbox) as inbox,
        ):
            declare(place, ray, folder, DRY)
            with own_responder.running(folder, place.alertmanager, place.prometheus, place.authority) as own:
                target = RayServe(TARGET, ray.dashboard, serving.APPLICATION, serving.DEPLOYMENT, token_file=ray.token)
                return _Story(place, voice, ray, prometheus, inbox, own, target, folder, patience).play()


@dataclass(slots=True)
class _Story:
    place: Place
    voice: Voice
    ray: Serving
    prometheus: Prometheus
    inbox: InboxClient
    own: Own
    target: RayServe
    folder: Path
    patience: float

    def play(self) -> dict[str, Any]:
        with answering():
            return self._play()

    def _play(self) -> dict[str, Any]:
        with self.place.usual(), self._load(CALM), self.place.watched(self.ray.metrics):
            self._wait_until_well()
            with self._load(BUSY - CALM) as more:
                self._told()
                self._done()
                self._in_vain()
                if trouble := more.trouble():
                    raise StoryError(trouble)
        return self._audited()

    # --- acts -----------------------------------------------------------------------------------------------------
    def _wait_until_well(self) -> None:
        self.voice.say(f"it answers; Prometheus scrapes it; {CALM:g} requests a second are asked")
        self._until(lambda: self._p95() < 0.1 and not self._fires(pending=True), "well", "until it is warm")
        self.voice.say(f"all is well: {self._vitals()}; a replica can do {1 / serving.WORK_SECONDS:.0f} extractions/s")

    def _told(self) -> None:
        self.voice.title("first as a dry-run")
        mark = self.inbox.last_id()
        self.voice.say(f"{ACTION} is declared with `mode: dry-run`, for ExtractionTooSlow; load rises to {BUSY:g}/s")
        self._until(self._fires, "ExtractionTooSlow fires", "for the alert")
        self.voice.say(f"ExtractionTooSlow fires: {self._vitals()}")
        self._message(mark, ABOUT, "firing")
        told = self._run("told")
        self.voice.say(f"run {told['id']}, a dry-run: found {_replicas(told['found'])}")
        for call in told["calls"]:
            self.voice.say(f"it would call  {call['method']} {call['url']} {call['body']}")
        self.voice.say(f"nothing was called: Ray Serve runs {self._running()}")

    def _done(self) -> None:
        self.voice.title("then for real")
        mark = self.inbox.last_id()
        declare(self.place, self.ray, self.folder, REAL)
        self.voice.say("objectives.yaml says `mode: real` now")
        held = self._run("holding", "recovered")
        self.voice.say(f"run {held['id']} called Ray Serve; read back, it runs {_replicas(held['wished'])}")
        done = self._run("recovered")
        self.voice.say(f"run {done['id']} has recovered its objective: {self._vitals()}")
        self._message(mark, ABOUT, "resolved")

    def _in_vain(self) -> None:
        """What one more replica does not help against is taken back, and people are called as if nothing was tried."""
        self.voice.title("and where it does not help")
        scene = scenes.find("escalation")
        _, second, *_ = escalation.policy(scene, self.place.rehearsed.objectives).levels
        mark, before = self.inbox.last_id(), self._last()
        declare(self.place, self.ray, self.folder, IMPATIENT)
        with self.place.hurried(self.place.rehearsed):
            self.ray.slow.touch()
            self.voice.say("every extraction waits 0.3 s for something else; `recovers_within: 30s`, `failures: 1`")
            self._until(self._fires, "ExtractionTooSlow fires", "for the alert")
            self.voice.say(f"ExtractionTooSlow fires: {self._vitals()}")
            self._message(mark, ABOUT, "firing")
            held = self._run("holding", "in-vain", after=before)
            self.voice.say(f"run {held['id']} called Ray Serve; read back, it runs {_replicas(held['wished'])}")
            vain = self._run("in-vain", "worse", after=before)
            self.voice.say(f"run {vain['id']} was {vain['state'].replace('-', ' ')}: {vain['why']}")
            back = self._run("done", after=vain["id"])
            self.voice.say(f"run {back['id']} takes it back: Ray Serve runs {self._running()}")
            self.voice.say(f"nobody acknowledges, so after {second.after:g} s the next level is told (in this story)")
            self._message(mark, {name(second.number)}, "firing")
            self.ray.slow.unlink()

    def _audited(self) -> dict[str, Any]:
        self.voice.title("what the audit tells")
        for words in (("audit", "--limit", "100"), ("audit", "verify")):
            self.voice.say(f"$ featurewatch {' '.join(words)}")
            self.voice.text(self._command(*words))
        found = self.own.responder
        runs, entries = found.pages("actions/runs", {}, 1_000), found.pages("audit", {}, 1_000)
        return {"runs": runs, "audit": entries[::-1], "holds": found.get("audit/verification")["holds"]}

    # --- what is seen ---------------------------------------------------------------------------------------------
    def _fires(self, *, pending: bool = False) -> bool:
        return any(
            alert.labels.get(names.EXTRACTOR) == serving.EXTRACTOR
            and alert.labels[names.SEVERITY] == "critical"
            and (pending or alert.state == "firing")
            for alert in self.prometheus.alerts("ExtractionTooSlow")
        )

    def _p95(self) -> float:
        """Seconds; infinite while nobody knows."""
        buckets = f'{names.EXTRACTION_DURATION}_bucket{{{names.EXTRACTOR}="{serving.EXTRACTOR}",outcome="success"}}'
        found = self.prometheus.query(f"histogram_quantile(0.95, sum by (le) (rate({buckets}[1m])))")
        values = [value for _, value in found if not math.isnan(value)]
        return values[0] if values else math.inf

    def _vitals(self) -> str:
        p95 = self._p95()
        said = "p95 not known yet" if math.isinf(p95) else f"p95 of the last minute {p95 * 1e3:.0f} ms"
        return f"{said}, {self._running()}"

    def _running(self) -> str:
        try:
            return _replicas(self.target.read())
        except Unknown:  # on a busy machine Ray answers late
            return "? replicas"

    def _last(self) -> int:
        return max((int(run["id"]) for run in self.own.responder.get("actions/runs")["items"]), default=0)

    # --- waiting --------------------------------------------------------------------------------------------------
    def _until(self, look: Callable[[], object], what: str, waiting: str, seconds: float = math.inf) -> None:
        end, told = time.monotonic() + min(seconds, self.patience), time.monotonic()
        while not look():
            if time.monotonic() > end:
                raise Failure(f"{what}: not within {self.patience:g} s; `make status` says whether the stack is well")
            if time.monotonic() - told > TOLD_SECONDS:
                told = time.monotonic()
                self.voice.say(f"… waiting {waiting}: {self._vitals()}")
            time.sleep(0.5)

    def _run(self, *states: str, after: int = 0) -> dict[str, Any]:
        """The newest run that is in one of these states, of those after one."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            runs = [run for run in self.own.responder.get("actions/runs")["items"] if run["id"] > after]
            found[:] = [run for run in runs if run["state"] in states]
            broken = {"failed", "in-vain", "worse"} - set(states)
            failed = [run for run in runs if run["state"] in broken] if "done" not in states else []
            if failed and not found:
                raise Failure(f"the repair did not help: {failed[0]['why']}")
            return bool(found)

        self._until(look, f"a run that is {' or '.join(states)}", f"until run is {states[0]}")
        return found[0]

    def _message(self, mark: int, alerts: Collection[str], status: Status) -> None:
        """Shows the first of the messages that say so; in Slack, where that is told: it is the one to read."""
        found: list[tuple[str, Delivery]] = []
        slack = "slack" in self.place.plan.objectives.notify.channels.get(Severity.CRITICAL, ())

        def look() -> bool:
            for each in self.inbox.deliveries(since_id=mark, channel="slack" if slack else None):
                named = each.firing if status == "firing" else each.resolved
                of_ours = serving.EXTRACTOR in f"{each.summary} {each.body} {' '.join(each.labels.values())}"
                if of_ours and each.severity in ("", "critical") and (about := sorted({*alerts} & {*named})):
                    found.append((about[0], each))
            return bool(found)

        try:
            self._until(look, "the message", "for the message", MESSAGE_SECONDS)
        except Failure:
            # An earlier story was cut off: Alertmanager told of it, heard of no end, and repeats itself after hours.
            self.voice.say(f"no new message: Alertmanager told of {' or '.join(sorted(alerts))} {status} before")
            return
        about, message = found[0]
        self.voice.say(f"{message.channel} is told: {about} {status}")
        self.voice.show(message)

    # --- small helps ----------------------------------------------------------------------------------------------
    def _load(self, rate: float) -> AbstractContextManager[traffic.Traffic]:
        options = ("--url", self.ray.features, "--rate", f"{rate:g}", "--seconds", f"{LONGEST:g}", "--most", str(MOST))
        return traffic.running(self.place.root, "examples.ray_serve.load", *options)

    def _command(self, *words: str) -> str:
        """What the command prints, when it asks the story's responder."""
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "featurewatch.cli", *words],
            cwd=self.place.root,
            env={**os.environ, **self.own.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.rstrip()


def _replicas(state: Mapping[str, Any]) -> str:
    number = state.get("replicas")
    return f"{number} replica{'' if number == 1 else 's'}"
