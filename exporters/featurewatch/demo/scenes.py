"""The stories that `make demo` can tell: what goes wrong, and which objective must notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from featurewatch.demo.errors import NoSuchScene
from featurewatch.demo.inbox.message import Channel
from featurewatch.objectives.model import Objective, Objectives, Severity


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault in the extractor, and the objective that it violates."""

    name: str
    what: str
    """What happens, in the story's words."""
    objective: str
    severity: Severity
    """The worst step of the ladder that must be reached."""
    fault: Mapping[str, object] | None
    """What the extractor's admin endpoint is told; None: the process is killed and kept from coming back."""
    escalates: bool = False
    """Nobody acknowledges until the second level of the policy, whose delays are short for the length of the story."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A message that must arrive, first firing and later resolved."""

    alert: str
    severity: Severity
    channel: Channel
    to: str = ""
    """The mail address that must be among the recipients; empty: whoever the channel reaches."""
    about: str = ""
    """What the message must name: a level is told of many alerts, and this is about one of them."""


SCENES: Final = {
    scene.name: scene
    for scene in (
        Scene(
            "slow",
            "every extraction slows down to 160-180 ms",
            "extraction-latency",
            Severity.CRITICAL,
            {"mode": "slow", "seconds": [0.16, 0.18]},
        ),
        Scene(
            "cache",
            "the cache forgets everything, so its hit rate falls to 0 %",
            "cache-hit-ratio",
            Severity.MEDIUM,
            {"mode": "cold_cache"},
        ),
        Scene(
            "fallback",
            "one extraction in five is served by the fallback",
            "fallback-ratio",
            Severity.MEDIUM,
            {"mode": "fallback", "share": 0.2},
        ),
        Scene(
            "errors",
            "three extractions in a hundred fail",
            "error-ratio",
            Severity.HIGH,
            {"mode": "failing", "share": 0.03},
        ),
        Scene("down", "the extractor dies", "extractor-up", Severity.CRITICAL, None),
        Scene(
            "escalation",
            "every extraction slows down to 160-180 ms, and nobody acknowledges the alert",
            "extraction-latency",
            Severity.CRITICAL,
            {"mode": "slow", "seconds": [0.16, 0.18]},
            escalates=True,
        ),
    )
}


REPAIR: Final = "repair"
"""The scene that is no fault to be told of, but one to be repaired; see `demo.repair`."""

NAMES: Final = (*SCENES, REPAIR)


def find(name: str) -> Scene:
    """The scene of that name. Raises NoSuchScene."""
    if name not in SCENES:
        raise NoSuchScene(f"no scene {name!r}; there are {', '.join(NAMES)}")
    return SCENES[name]


def objective(scene: Scene, objectives: Objectives) -> Objective:
    """The objective that the scene violates. Raises NoSuchScene when objectives.yaml does not state it."""
    for candidate in objectives.objectives:
        if candidate.name == scene.objective and scene.severity in {limit.severity for limit in candidate.limits}:
            return candidate
    raise NoSuchScene(
        f"the scene {scene.name!r} is about the objective {scene.objective!r} at severity {scene.severity}, "
        "which objectives.yaml does not state"
    )


def expectations(scene: Scene, objectives: Objectives) -> tuple[Expectation, ...]:
    """Every message that this deployment's routes owe for the scene."""
    alert = objective(scene, objectives).alert
    channels = objectives.notify.channels.get(scene.severity, ())
    return tuple(Expectation(alert, scene.severity, channel) for channel in channels)
