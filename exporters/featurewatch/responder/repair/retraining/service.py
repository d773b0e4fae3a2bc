"""The hook itself: ask for a newer version, see what became of it, cancel it, deploy it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hmac import compare_digest
from math import ceil
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from featurewatch.responder import problem
from featurewatch.responder.database import Database
from featurewatch.responder.repair.retraining.job import USUAL, Job, Limits, Status, Trainer
from featurewatch.responder.repair.retraining.queue import HeldBack, Queue
from featurewatch.responder.repair.retraining.workers import Workers

SCHEME = HTTPBearer(auto_error=False)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Model = Annotated[str, Path(min_length=1, max_length=200)]


class Wish(BaseModel):
    """That there be a version newer than one."""

    model_config = ConfigDict(extra="forbid")

    version_newer_than: int = Field(ge=0, le=2**31 - 1)
    minimum_samples: int | None = Field(None, ge=0, le=2**31 - 1)
    """Only ever more than the service asks for itself."""
    deploy: bool = False


class Deployment(BaseModel):
    """Which version is to be used."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1)


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    trainers: Mapping[str, Trainer],
    database: Database,
    token: str,
    limits: Limits = USUAL,
    clock: Callable[[], datetime] = _now,
) -> FastAPI:
    """The application; its threads train from its start to its end.

    Args:
        trainers: by the name of their model.
        database: where the jobs are kept; the table is made there. Of one such service alone: at its start it takes up
            again whatever trains.
        token: what callers must show. Raises ValueError when it is shorter than 16 characters.
    """
    if len(token) < 16:
        raise ValueError("the token of the retraining service is too short; make one with `openssl rand -hex 32`")
    queue = Queue(database)
    workers = Workers(queue, trainers, limits, clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(queue.prepare, limits, clock())
        workers.start()
        yield
        await run_in_threadpool(workers.stop)

    def allowed(given: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)]) -> None:
        if given is None or not compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "Send `Authorization: Bearer TOKEN`.", {"www-authenticate": "Bearer"})

    def known(model: Model) -> str:
        if model not in trainers:
            raise HTTPException(404, f"No such model; there are: {', '.join(sorted(trainers))}.")
        return model

    app = FastAPI(
        title="featurewatch retraining",
        lifespan=lifespan,
        dependencies=[Depends(allowed)],
        openapi_url=None,
        responses=problem.RESPONSES,
    )
    problem.install(app)

    @app.get("/models/{model}")
    def state(model: Annotated[str, Depends(known)]) -> dict[str, Any]:
        """The newest good version, the one in use, and what the newest job does."""
        version, used = queue.versions(model)
        newest = queue.listed(model, 1)
        return {"version": version, "deployed": used, "job": newest[0].status if newest else "none"}

    @app.post("/models/{model}/jobs", status_code=202)
    def ask(
        model: Annotated[str, Depends(known)],
        wish: Wish,
        response: Response,
        idempotency_key: Annotated[str | None, Header(max_length=200, pattern=r"^[!-~]+$")] = None,
    ) -> dict[str, Any]:
        """A new job (202), or the one that answers this wish already (200). 409 says what holds it back."""
        if wish.deploy and not limits.may_deploy:
            raise HTTPException(
                409, "This service deploys nothing by itself. Leave `deploy` out, or let it (may_deploy)."
            )
        least = max(limits.minimum_samples, wish.minimum_samples or 0)
        wanted = {"model": model, "key": idempotency_key, "deploy": wish.deploy, "newer_than": wish.version_newer_than}
        samples = trainers[model].samples(max(queue.versions(model)))
        try:
            job, made = queue.ask(wanted, samples, replace(limits, minimum_samples=least), clock())
        except HeldBack as why:
            later = {"retry-after": str(ceil(why.seconds))} if why.seconds is not None else None
            raise HTTPException(409, f"{why}.", later) from None
        if made:
            workers.announce()
        else:
            response.status_code = 200
        return _told(job)

    @app.get("/models/{model}/jobs")
    def listed(model: Annotated[str, Depends(known)]) -> list[dict[str, Any]]:
        """The newest hundred."""
        return [_told(job) for job in queue.listed(model)]

    @app.get("/jobs/{number}")
    def one(number: Number) -> dict[str, Any]:
        return _told(_found(queue, number))

    @app.delete("/jobs/{number}")
    def cancel(number: Number) -> dict[str, Any]:
        """What trains ends within a second or so; 409 where it has ended already."""
        job = _found(queue, number)
        if not queue.change(number, status=Status.CANCELLED, reason="cancelled by a caller", ended_at=clock()):
            raise HTTPException(409, f"Job {number} is {job.status} and cannot be cancelled.")
        return _told(_found(queue, number))

    @app.put("/models/{model}/deployment")
    def deploy(model: Annotated[str, Depends(known)], wanted: Deployment) -> dict[str, Any]:
        """Use a version that was found good enough; an older one is a way back."""
        good = [job for job in queue.listed(model, 10_000) if job.status is Status.SUCCEEDED]
        if wanted.version not in {job.version for job in good}:
            raise HTTPException(409, f"Version {wanted.version} was not trained, or not found good enough.")
        trainers[model].deploy(wanted.version)
        queue.deployed(model, wanted.version, clock())
        return state(model)

    return app


def _found(queue: Queue, number: int) -> Job:
    job = queue.job(number)
    if job is None:
        raise HTTPException(404, f"No job {number}.")
    return job


def _told(job: Job) -> dict[str, Any]:
    return {name: value for name, value in asdict(job).items() if name != "key"}
