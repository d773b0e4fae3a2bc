"""Where the story of a repair plays, and the action that it declares there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from featurewatch import whole_file
from featurewatch.demo import serving
from featurewatch.demo.errors import StoryError
from featurewatch.demo.serving import Serving
from featurewatch.objectives.source import read
from featurewatch.rules.plan import Plan

ACTION: Final = "add-a-replica"
TARGET: Final = "ray"

DRY: Final[Mapping[str, object]] = {"mode": "dry-run"}
REAL: Final[Mapping[str, object]] = {"mode": "real"}
IMPATIENT: Final[Mapping[str, object]] = {**REAL, "cool_down": "1s", "recovers_within": "30s", "failures": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it plays."""

    root: Path
    objectives: Path
    plan: Plan
    prometheus: str
    alertmanager: str
    inbox: str
    authority: Path | None = None
    """Whom to trust as Prometheus and Alertmanager; None: whom the system trusts."""
    usual: Callable[[], AbstractContextManager[object]]
    """Traffic on the stack's own extractor, so that nothing has to be told of it."""
    watched: Callable[[str], AbstractContextManager[None]]
    """Lets the stack's Prometheus scrape one extractor more, at host:port, for the length of a block."""
    hurried: Callable[[Plan], AbstractContextManager[None]]
    """Lets it judge by the rules of this plan for the length of a block."""
    rehearsed: Plan
    """The plan with policies whose levels follow each other quickly."""


def declare(place: Place, ray: Serving, folder: Path, how: Mapping[str, object]) -> None:
    """The user's objectives.yaml with one target and one action more; `how` says more about the action."""
    data = deepcopy(read(place.objectives).data)
    if not data.get("responder"):
        raise StoryError("objectives.yaml declares no responder, which does the repairing")
    data["responder"] = {**data["responder"], "audit_key_file": "secrets/audit_key"}
    data["targets"] = [
        {
            "name": TARGET,
            "kind": "ray-serve",
            "url": ray.dashboard,
            "token_file": f"secrets/{ray.token.name}",
            "application": serving.APPLICATION,
            "deployment": serving.DEPLOYMENT,
            "timeout": "20s",
        }
    ]
    data["actions"] = [
        {
            "name": ACTION,
            "kind": "scale-up",
            "on": [{"alert": "ExtractionTooSlow", "severity": "critical", "extractor": serving.EXTRACTOR}],
            "target": TARGET,
            "replicas": [1, 2, 3],
            "cool_down": "10m",
            "per_hour": 20,
            **how,
        }
    ]
    whole_file.write(folder / "objectives.yaml", yaml.safe_dump(data, sort_keys=False).encode())
