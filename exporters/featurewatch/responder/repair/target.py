"""What an action acts on: a real system whose state can be read and wished for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Value = str | int | float | bool | None
State = Mapping[str, Value]
"""What a target is, or should be, as flat names and values. The engine reads and wishes for these:

- scale-up, scale-down: reads `replicas` (a whole number), wishes for `{"replicas": 4}`. While a `target` that it
  tells differs from its `replicas`, it is left alone.
- restart: `{"restarted_after": "2026-01-01T00:00:00+00:00"}`, the moment of the decision
- clear-cache: `{"keys": 0}`
- retrain: reads `version`, wishes for `{"version_newer_than": "7"}` (of what was read, as text)
- optimise, halt: what objectives.yaml declares, by default `{"halted": True}`

`targets.made(declared, secrets)` makes the Target of an `objectives.repair.Target`; `secrets` is the folder that
`secrets/` stands for.
"""


class Refused(Exception):
    """The target certainly did not take the wish: nothing was changed. Says which target, why, and the remedy."""


class Unknown(Exception):
    """Nobody can say whether the target took the wish (time-out, lost connection): read back, never repeat blindly."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call out, as a dry-run tells it and the audit keeps it. Never holds a secret."""

    method: str
    """`PUT`, `UNLINK`, `POST`, …"""
    url: str
    body: str


class Target(Protocol):
    """One declared system. Every method is bounded by the target's own time-out (seconds)."""

    name: str
    timeout: float

    def read(self) -> State:
        """How it is now. Raises `Unknown` where it cannot be read."""

    def calls(self, wished: State) -> tuple[Call, ...]:
        """Exactly what `wish` would call now, without calling it; nothing where it is so already."""

    def wish(self, wished: State, key: str) -> None:
        """Ask for the state once; `key` lets a target that knows idempotency keys ignore a repetition.

        Returns when the target has accepted it, not when it has come true. Raises `Refused` or `Unknown`.
        """

    def holds(self, wished: State, found: State) -> bool:
        """Whether what was read back is what was wished for."""


@dataclass(slots=True)
class Unmade:
    """A target that cannot be made at the moment, because a file of it is missing say: nothing can be said of it."""

    name: str
    timeout: float
    why: str

    def read(self) -> State:
        raise Unknown(self.why)

    def calls(self, wished: State) -> tuple[Call, ...]:  # noqa: ARG002
        raise Unknown(self.why)

    def wish(self, wished: State, key: str) -> None:  # noqa: ARG002
        raise Refused(self.why)

    def holds(self, wished: State, found: State) -> bool:  # noqa: ARG002
        return False
