"""What a retraining job is, what it may become, and what is held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    TRAINING = "training"
    EVALUATING = "evaluating"
    SUCCEEDED = "succeeded"
    """Trained, and found good enough."""
    REJECTED = "rejected"
    """Trained, and not good enough: it is never deployed."""
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN: Final = (Status.QUEUED, Status.TRAINING, Status.EVALUATING)


@dataclass(frozen=True, slots=True)
class Job:
    """One wish for a newer version of one model."""

    id: int
    model: str
    key: str | None
    """The idempotency key that it came with."""
    status: Status
    deploy: bool
    """Whether it is deployed at once when it is good enough."""
    version: int | None
    """The number of what it trains; given when training begins, never given twice."""
    loss: float | None
    baseline: float | None
    """The loss of the version in use, on the same data."""
    reason: str
    """Why it stands there, for people."""
    attempts: int
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    deployed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds retraining back. Times are in seconds."""

    concurrency: int = 2
    """Jobs that train at the same time, of all models; of one model there is one."""
    cool_down: float = 6 * 3_600.0
    """From the end of a model's job to its next one, however it ended; cancelled before it began does not count."""
    minimum_samples: int = 1_000
    """New ones since the newest good version, deployed or not; with fewer, nothing would be learnt."""
    improvement: float = 0.0
    """The share by which the loss must be below that of the version in use; 0: it must not be above it."""
    may_deploy: bool = False
    """Whether a job may ask for its result to be deployed without anybody's word."""
    attempts: int = 2
    """How often a job begins that a kill of the service has interrupted."""


USUAL: Final = Limits()


class Cancelled(Exception):
    """Somebody cancelled the job; training ends where it is."""


class Trainer(Protocol):
    """One model. Called in a thread of its own; what it keeps of a version must survive a restart."""

    def samples(self, version: int) -> int:
        """How many there are that `version` (0: none) was not trained on."""

    def train(self, version: int, go_on: Callable[[], None]) -> None:
        """Make `version` and keep it. Calls `go_on` every second or so, which raises Cancelled to end it."""

    def loss(self, version: int) -> float:
        """Of a version, on data that it was not trained on; lower is better."""

    def deploy(self, version: int) -> None:
        """Use it from now on; again for the same one changes nothing."""
