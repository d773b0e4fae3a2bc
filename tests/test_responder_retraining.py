"""The retraining service: what is asked for once is trained once, judged before it is used, and survives a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.running_responder import running

from featurewatch.responder.database import open_database
from featurewatch.responder.repair.retraining.job import USUAL, Limits
from featurewatch.responder.repair.retraining.queue import Queue
from featurewatch.responder.repair.retraining.service import create_app
from featurewatch.responder.repair.retraining.workers import good_enough
from featurewatch.responder.repair.target import Refused, Target
from featurewatch.responder.repair.targets.retraining import Retraining

TOKEN = "the-token-of-the-retraining-service"
ASK = {"version_newer_than": 0}


@dataclass
class Model:
    """A trainer whose training lasts until the test lets it go."""

    new_samples: int = 1_000
    losses: dict[int, float] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    trained: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    fails: bool = False
    counted_from: list[int] = field(default_factory=list)

    def samples(self, version: int) -> int:
        self.counted_from.append(version)
        return self.new_samples

    def train(self, version: int, go_on: Callable[[], None]) -> None:
        self.trained.append(version)
        while not self.gate.wait(0.02):
            go_on()
        if self.fails:
            raise RuntimeError("no convergence")

    def loss(self, version: int) -> float:
        return self.losses.get(version, 1.0)

    def deploy(self, version: int) -> None:
        self.used.append(version)


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Service:
    client: httpx.Client
    models: dict[str, Model]
    clock: Clock

    def ask(self, model: str = "m", key: str | None = None, **wish: Any) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        return self.client.post(f"/models/{model}/jobs", json=ASK | wish, headers=headers)

    def settles(self, job: int, *status: str) -> dict[str, Any]:
        end = time.monotonic() + 60
        while (told := self.client.get(f"/jobs/{job}").json())["status"] not in status:
            assert time.monotonic() < end, told
            time.sleep(0.02)
        return dict(told)

    def state(self, model: str = "m") -> dict[str, Any]:
        return dict(self.client.get(f"/models/{model}").json())


@contextmanager
def serving(folder: Path, limits: Limits = USUAL, models: dict[str, Model] | None = None) -> Iterator[Service]:
    models = models if models is not None else {"m": Model()}
    clock = Clock()
    database = open_database(f"sqlite:///{folder / 'jobs.db'}")
    app = create_app(models, database, TOKEN, limits, clock)
    try:
        with running(app, TOKEN) as client:
            yield Service(client, models, clock)
    finally:
        database.close()


def test_a_wish_is_trained_judged_and_left_for_somebody_to_deploy(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        model = service.models["m"]
        assert service.state() == {"version": 0, "deployed": 0, "job": "none"}
        asked = service.ask()
        assert asked.status_code == 202
        service.settles(asked.json()["id"], "training")
        model.gate.set()
        done = service.settles(asked.json()["id"], "succeeded")
        assert (done["version"], done["loss"], done["reason"]) == (1, 1.0, "waits for somebody to deploy it")
        assert service.state() == {"version": 1, "deployed": 0, "job": "succeeded"}
        assert model.used == []
        deployed = service.client.put("/models/m/deployment", json={"version": 1})
        assert deployed.json()["deployed"] == 1
        assert model.used == [1]


def test_a_thousand_new_samples_are_needed_and_a_wish_can_only_ask_for_more(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        service.models["m"].new_samples = 999
        refused = service.ask(minimum_samples=10)
        assert (refused.status_code, refused.json()["detail"]) == (409, "m has 999 new samples; 1000 are needed.")
        service.models["m"].new_samples = 1_999
        assert service.ask(minimum_samples=2_000).status_code == 409
        assert service.ask(minimum_samples=1_999).status_code == 202


def test_a_model_cools_down_for_six_hours_after_its_job_however_that_ended(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        model = service.models["m"]
        model.fails = True
        model.gate.set()
        first = service.ask().json()["id"]
        assert "RuntimeError in training" in service.settles(first, "failed")["reason"]
        service.clock.now += timedelta(hours=6, seconds=-1)
        refused = service.ask()
        assert (refused.status_code, refused.headers["retry-after"]) == (409, "1")
        service.clock.now += timedelta(seconds=1)
        assert service.ask().status_code == 202


def test_one_wish_is_one_job_by_its_key_and_a_storm_of_wishes_joins_it(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        first = service.ask(key="a")
        again, other = service.ask(key="a"), service.ask(key="b")
        assert (first.status_code, again.status_code, other.status_code) == (202, 200, 200)
        assert first.json()["id"] == again.json()["id"] == other.json()["id"]
        service.models["m"].gate.set()
        service.settles(first.json()["id"], "succeeded")
        # Long after, the same key still means the same wish, and one that has come true needs no job.
        service.clock.now += timedelta(days=2)
        assert service.ask(key="a").json()["id"] == first.json()["id"]
        assert service.ask(key="c").status_code == 200
        assert service.models["m"].trained == [1]
        assert service.ask(key="d", version_newer_than=1).status_code == 202
        # Samples count as new since the version that was trained, though nobody has deployed it.
        assert service.models["m"].counted_from[-1] == 1


def test_two_train_at_once_and_the_third_waits(tmp_path: Path) -> None:
    models = {name: Model() for name in "abc"}
    with serving(tmp_path, models=models) as service:
        numbers = [service.ask(name).json()["id"] for name in "abc"]
        for number in numbers[:2]:
            service.settles(number, "training")
        time.sleep(0.3)  # longer than a worker needs to take the third, were it allowed
        assert service.client.get(f"/jobs/{numbers[2]}").json()["status"] == "queued"
        models["a"].gate.set()
        service.settles(numbers[2], "training")
        for model in models.values():
            model.gate.set()


def test_what_waits_and_what_trains_can_be_cancelled_and_what_has_ended_cannot(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(concurrency=1), {"a": Model(), "b": Model()}) as service:
        first, second = (service.ask(name).json()["id"] for name in "ab")
        service.settles(first, "training")
        assert service.client.delete(f"/jobs/{second}").json()["status"] == "cancelled"
        assert service.client.delete(f"/jobs/{first}").json()["status"] == "cancelled"
        assert service.client.delete(f"/jobs/{first}").status_code == 409
        # Nothing of it was begun, so nothing has to cool down; and the worker is free again.
        service.models["b"].gate.set()
        third = service.ask("b").json()["id"]
        assert service.settles(third, "succeeded")["version"] == 1
        assert service.state("a") == {"version": 0, "deployed": 0, "job": "cancelled"}
        assert service.ask("a").status_code == 409


def test_a_worse_version_is_rejected_and_its_number_is_not_used_again(tmp_path: Path) -> None:
    with serving(tmp_path, Limits(cool_down=0, may_deploy=True)) as service:
        model = service.models["m"]
        model.losses |= {1: 0.5, 2: 0.6, 3: 0.5}
        model.gate.set()
        service.settles(service.ask(deploy=True).json()["id"], "succeeded")
        worse = service.settles(service.ask(version_newer_than=1, deploy=True).json()["id"], "rejected")
        assert (worse["loss"], worse["baseline"]) == (0.6, 0.5)
        assert service.state() == {"version": 1, "deployed": 1, "job": "rejected"}
        assert service.client.put("/models/m/deployment", json={"version": 2}).status_code == 409
        good = service.settles(service.ask(version_newer_than=1, deploy=True).json()["id"], "succeeded")
        assert good["version"] == 3
        end = time.monotonic() + 30
        while service.state()["deployed"] != 3:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert model.used == [1, 3]
        # An older one that was good is the way back.
        assert service.client.put("/models/m/deployment", json={"version": 1}).json()["deployed"] == 1


def test_nothing_is_deployed_by_a_wish_alone_unless_the_service_lets_it(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        refused = service.ask(deploy=True)
        assert refused.status_code == 409
        assert "may_deploy" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("loss", "baseline", "improvement", "good"),
    [
        (1.0, None, 0.0, True),
        (1.0, 1.0, 0.0, True),
        (1.1, 1.0, 0.0, False),
        (0.95, 1.0, 0.1, False),
        (0.9, 1.0, 0.1, True),
        (float("nan"), None, 0.0, False),
        (float("nan"), 1.0, 0.0, False),
        (float("inf"), None, 0.0, False),
        (1.0, float("nan"), 0.0, True),
    ],
)
def test_a_version_must_not_be_worse(loss: float, baseline: float | None, improvement: float, good: bool) -> None:
    assert good_enough(loss, baseline, improvement) is good


def test_what_a_kill_interrupts_is_taken_up_again_once_and_then_has_failed(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    queue, clock = Queue(database), Clock()
    limits = Limits()
    queue.prepare(limits, clock())
    job, made = queue.ask({"model": "m", "key": "k", "newer_than": 0, "deploy": False}, 1_000, limits, clock())
    assert made
    assert (begun := queue.begin(clock())) is not None
    queue.prepare(limits, clock())  # as a new process does, after the old one was killed
    assert (again := queue.begin(clock())) is not None
    assert (again.id, again.version, again.attempts) == (job.id, begun.version, 2)
    queue.prepare(limits, clock())
    assert queue.begin(clock()) is None
    found = queue.job(job.id)
    assert found is not None
    assert (found.status, found.reason) == ("failed", "the service ended while it trained")
    database.close()


def test_a_stopped_service_goes_on_where_it_was(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        number = service.ask(key="k").json()["id"]
        service.settles(number, "training")
    model = Model()
    model.gate.set()
    with serving(tmp_path, models={"m": model}) as service:
        assert service.settles(number, "succeeded")["attempts"] == 2
        assert model.trained == [1]


def test_a_result_that_a_kill_kept_from_being_deployed_is_deployed_at_the_next_start(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    queue, clock, limits = Queue(database), Clock(), Limits(may_deploy=True)
    queue.prepare(limits, clock())
    job, _ = queue.ask({"model": "m", "key": None, "newer_than": 0, "deploy": True}, 1_000, limits, clock())
    queue.begin(clock())
    queue.change(job.id, status="succeeded", ended_at=clock())
    database.close()
    with serving(tmp_path, limits) as service:
        assert service.state()["deployed"] == 1
        assert service.models["m"].used == [1]


@pytest.mark.parametrize("path", ["/models/m", "/jobs/1", "/models/m/jobs", "/openapi.json"])
def test_nobody_is_told_anything_without_the_token(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as service:
        for headers in ({"authorization": "Bearer wrong"}, {"authorization": ""}):
            assert service.client.get(path, headers=headers).status_code in (401, 404)
        bare = httpx.Client(base_url=service.client.base_url, trust_env=False)
        with bare:
            assert bare.get("/models/m").status_code == 401
            assert bare.delete("/jobs/1").status_code == 401


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    with pytest.raises(ValueError, match="openssl rand"):
        create_app({}, database, "short", USUAL)
    database.close()


def test_the_responder_wishes_for_a_newer_version_and_reads_it_back(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with serving(tmp_path) as service:
        target: Target = Retraining("model", str(service.client.base_url), "m", token_file=file)
        found = target.read()
        wished = {"version_newer_than": str(found["version"])}
        assert not target.holds(wished, found)
        assert [call.method for call in target.calls(wished)] == ["POST"]
        assert service.state()["job"] == "none"
        target.wish(wished, "key-1")
        target.wish(wished, "key-1")
        service.models["m"].gate.set()
        service.settles(1, "succeeded")
        assert target.holds(wished, target.read())
        assert target.calls(wished) == ()
        with pytest.raises(Refused, match="cools down for"):
            target.wish({"version_newer_than": "1"}, "key-2")
