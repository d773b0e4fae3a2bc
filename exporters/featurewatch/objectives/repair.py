"""What may be repaired by itself, as plain values: actions, what they act on, and their guard rails. Units: seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:  # the whole of the file's values, in `model`, holds these
    from featurewatch.objectives.handling import Stretch
    from featurewatch.objectives.model import Severity

ActionKind = Literal["scale-up", "scale-down", "restart", "clear-cache", "retrain", "optimise", "halt"]
TargetKind = Literal["ray-serve", "redis", "retraining", "http"]
Mode = Literal["dry-run", "real"]
Approver = Literal["operator", "admin"]
Value = str | int | float | bool

SCALING: Final[tuple[ActionKind, ...]] = ("scale-up", "scale-down")
"""The kinds that can be taken back: what was before is known, and may be wished for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A system that actions act on; `responder.repair.targets` knows how."""

    name: str
    kind: TargetKind
    url: str
    timeout: float
    """Of one call with all its tries."""
    token_file: str | None = None
    ca_file: str | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    """What only this kind needs, such as `application` and `deployment` of Ray Serve."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Which alerts wish for the action."""

    alert: str
    severity: Severity
    """The mildest one that does."""
    extractor: str | None = None
    """Only when it is about this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What holds an action back."""

    cool_down: float
    """From the end of one run to the next."""
    per_hour: int
    share: float
    """Blast radius: the share of all replicas that one run may change."""
    approval: Approver | None
    """The role that must agree before each run; None: nobody is asked."""
    approval_within: float
    """After that nobody's agreement counts any more."""
    time_limit: float
    """From the call until the target is as wished; after that it has failed."""
    recovers_within: float
    """From then until no alert wishes for the action any more; after that it was in vain."""
    roll_back: bool
    """Whether what was in vain, or made it worse, is taken back."""
    failures: int
    """In a row; then the action is switched off until somebody switches it on again."""
    not_during: tuple[Stretch, ...]
    """Maintenance: times at which it is left to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One way to repair, declared beside what it repairs."""

    name: str
    kind: ActionKind
    on: tuple[Trigger, ...]
    target: Target
    mode: Mode
    replicas: tuple[int, ...] = ()
    """A ladder of counts, the smallest first; only for scaling. Its ends are the bounds."""
    state: Mapping[str, Value] = field(default_factory=dict)
    """The wished state of the kinds that are told it."""
    guards: Guards

    @property
    def can_be_rolled_back(self) -> bool:
        return self.guards.roll_back and self.kind in SCALING
