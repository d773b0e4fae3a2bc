"""The threads that train: as many as are allowed at once, one job of a model at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from featurewatch.responder.database import DatabaseUnavailable
from featurewatch.responder.repair.retraining.job import OPEN, Cancelled, Job, Limits, Status, Trainer
from featurewatch.responder.repair.retraining.queue import Queue

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""Between two looks for a job that nobody announced."""


class Workers:
    """Train what waits in the queue, until they are stopped."""

    def __init__(
        self, queue: Queue, trainers: Mapping[str, Trainer], limits: Limits, clock: Callable[[], datetime]
    ) -> None:
        self._queue = queue
        self._trainers = trainers
        self._limits = limits
        self._clock = clock
        self._over = threading.Event()
        self._asked = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"retraining-{number}", daemon=True)
            for number in range(limits.concurrency)
        ]

    def start(self) -> None:
        """Begin; and deploy what a kill kept from being deployed."""
        for model in self._trainers:
            newest = next(iter(self._queue.listed(model, 1)), None)
            if newest is not None and newest.status is Status.SUCCEEDED and newest.deployed_at is None:
                self._deploy(newest)
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End them; what trains is taken up again at the next start."""
        self._over.set()
        self.announce()
        for thread in self._threads:
            thread.join(seconds)

    def announce(self) -> None:
        """A job waits."""
        with self._asked:
            self._asked.notify_all()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                job = self._queue.begin(self._clock())
                if job is not None:
                    self._train(job)
                    continue
            except DatabaseUnavailable as error:
                log.warning("retraining waits for its database: %s", error)
            with self._asked:
                self._asked.wait(LOOK_SECONDS)

    def _train(self, job: Job) -> None:
        trainer, version = self._trainers.get(job.model), job.version or 0
        if trainer is None:
            self._end(job, Status.FAILED, f"nobody knows how to train {job.model} any more")
            return
        try:
            trainer.train(version, lambda: self._go_on(job))
            self._go_on(job)
            self._queue.change(job.id, status=Status.EVALUATING)
            _, used = self._queue.versions(job.model)
            loss, baseline = trainer.loss(version), trainer.loss(used) if used else None
            self._go_on(job)
        except Cancelled:
            return
        except Exception as error:
            log.exception("retraining %s failed", job.model)
            self._end(job, Status.FAILED, f"{type(error).__name__} in training; the log has more")
            return
        self._judge(job, loss, baseline)

    def _judge(self, job: Job, loss: float, baseline: float | None) -> None:
        if not good_enough(loss, baseline, self._limits.improvement):
            why = f"a loss of {loss:g} is not good enough; the version in use has {baseline:g}"
            self._end(job, Status.REJECTED, why, loss=loss, baseline=baseline)
            return
        now = job.deploy and self._limits.may_deploy
        why = "is deployed at once" if now else "waits for somebody to deploy it"
        if self._end(job, Status.SUCCEEDED, why, loss=loss, baseline=baseline):
            self._deploy(job)

    def _deploy(self, job: Job) -> None:
        """Where the job asked for it, and this service lets it."""
        if job.deploy and self._limits.may_deploy and job.version is not None:
            try:
                self._trainers[job.model].deploy(job.version)
            except Exception:
                log.exception("version %d of %s is good enough, but could not be deployed", job.version, job.model)
                return
            self._queue.deployed(job.model, job.version, self._clock())

    def _end(self, job: Job, status: Status, reason: str, **figures: float | None) -> bool:
        return self._queue.change(job.id, status=status, reason=reason, ended_at=self._clock(), **figures)

    def _go_on(self, job: Job) -> None:
        """Raises Cancelled when somebody cancelled it, or the service ends."""
        now = self._queue.job(job.id)
        if self._over.is_set() or now is None or now.status not in OPEN:
            raise Cancelled


def good_enough(loss: float, baseline: float | None, improvement: float) -> bool:
    """Whether a version may be deployed: no worse than the one in use by so much. What is no number never is."""
    if loss != loss or loss in (float("inf"), float("-inf")):
        return False
    return baseline is None or baseline != baseline or loss <= baseline * (1 - improvement)
