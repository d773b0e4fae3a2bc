"""Ray scales a deployment because Prometheus says that its objective is missed; and its own metrics are as we say."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from ray import cloudpickle, serve
from ray.exceptions import RayError
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from ray.serve.handle import DeploymentHandle
from tests import rules_sample, running_prometheus, running_ray
from tests.running_ray import eventually

from featurewatch import manifests
from featurewatch.native.ports import free_port
from featurewatch.objectives import shipped
from featurewatch.ray import SlowShare, measured
from featurewatch.rules.build import groups
from featurewatch.rules.model import render
from featurewatch.tools.toolbox import Tools

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.xdist_group("ray"),
]

SERVICE = "market-features"
SHARE = "service_extractor:extraction_latency_100ms:bad_ratio_rate20s"
SMALL = {"num_cpus": 0.1}


@dataclass(frozen=True)
class Stack:
    """A cluster whose metrics, ours and Ray's own, a real Prometheus judges by the generated rules."""

    prometheus: str
    ray_metrics: str

    def ask(self, query: str) -> float | None:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": query}, trust_env=False, timeout=30)
        result = answer.raise_for_status().json()["data"]["result"]
        return float(result[0]["value"][1]) if result else None


@measured(service=SERVICE)
class Narrow:
    """One at a time, 25 ms each: what many callers of one replica wait for is each other."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def __call__(self) -> None:
        async with self._one:
            await asyncio.sleep(0.025)


class Mixed:
    """Measured by Ray alone: every fourth request fails, and the others are too slow."""

    async def __call__(self, wish: object) -> str:
        # A word from a handle, a request from the proxy.
        if str(getattr(wish, "url", wish)).endswith("fail"):
            raise ValueError("wished for")
        await asyncio.sleep(0.15)
        return "slow"


@pytest.fixture(scope="module")
def stack(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    folder = tmp_path_factory.mktemp("ray")
    pack = ", ".join(item.name for item in shipped.everything() if item.name.startswith("ray-"))
    text = rules_sample.changed(
        ("\nobjectives:\n", f"\nuse: [{pack}]\n\nobjectives:\n"),
        # Traffic that a test has not, so that it need not wait for the long windows of little traffic.
        ("minimum: 40/s", "minimum: 400/s"),
        ("{ above: 100ms, severity: high }", "{ above: 100ms, severity: high, window: 20s }"),
    )
    rules = {group.name: render(group) for group in groups(rules_sample.planned(folder / "plan", text))}
    ours, rays = free_port(), free_port()
    jobs: list[dict[str, Any]] = [
        {
            "job_name": "ray-replicas",
            "honor_labels": True,
            "http_sd_configs": [{"url": f"http://127.0.0.1:{ours}/targets", "refresh_interval": "1s"}],
        },
        {"job_name": "ray", "static_configs": [{"targets": [f"127.0.0.1:{rays}"], "labels": {"service": SERVICE}}]},
    ]
    with (
        running_prometheus.prometheus(tools.prometheus.path, folder, {}, rules, jobs=jobs) as prometheus,
        running_ray.cluster(metrics_port=rays, port=ours),
    ):
        yield Stack(prometheus, f"http://127.0.0.1:{rays}/metrics")


@contextmanager
def load(handle: DeploymentHandle, at_once: int, *wishes: str) -> Iterator[None]:
    """So many callers, each of which calls again as soon as it has its answer."""
    enough = threading.Event()

    def call(wish: str | None) -> None:
        with suppress(ValueError, RayError, TimeoutError):
            handle.remote(*[] if wish is None else [wish]).result(timeout_s=60)
            return
        time.sleep(0.05)

    def keep_calling() -> None:
        for wish in itertools.cycle(wishes or [None]):
            if enough.is_set():
                return
            call(wish)

    # Threads that share a handle which nobody has used yet each make it a router, and Ray ends only one of them: the
    # others would go on in this process, ask the next cluster for what belonged to this one, and crash it.
    call(wishes[0] if wishes else None)
    callers = [threading.Thread(target=keep_calling, daemon=True) for _ in range(at_once)]
    for caller in callers:
        caller.start()
    try:
        yield
    finally:
        enough.set()
        for caller in callers:
            caller.join(70)


def running(application: str, deployment: str) -> int:
    """Replicas that work."""
    status = serve.status().applications[application].deployments[deployment]
    return int(status.replica_states.get("RUNNING", 0))


def test_replicas_are_added_while_the_objective_is_missed_and_go_when_nobody_calls(stack: Stack) -> None:
    config = AutoscalingConfig(
        min_replicas=1,
        max_replicas=4,
        # By the queues alone, one replica would do for ever.
        target_ongoing_requests=100,
        upscale_delay_s=0,
        downscale_delay_s=2,
        metrics_interval_s=1,
        look_back_period_s=2,
        policy=AutoscalingPolicy(
            policy_function=SlowShare,
            policy_kwargs={
                "query": f'max({SHARE}{{service="{SERVICE}",extractor="Narrow"}})',
                "allowed": 0.05,
                "settle_seconds": 20,
                "prometheus_address": stack.prometheus,
                "fetch_interval_s": 1,
            },
        ),
    )
    narrow = serve.deployment(ray_actor_options=SMALL, max_ongoing_requests=100, autoscaling_config=config)(Narrow)
    handle = serve.run(narrow.bind(), name="narrow", route_prefix=None)
    try:
        assert running("narrow", "Narrow") == 1
        with load(handle, 8):
            eventually(lambda: (stack.ask(SHARE) or 0) > 0.5, "the objective is missed", deadline=90)
            eventually(lambda: running("narrow", "Narrow") >= 2, "more replicas", deadline=120)
            eventually(lambda: (stack.ask(SHARE) or 1) < 0.5, "it helps", deadline=180)
        eventually(lambda: running("narrow", "Narrow") == 1, "one again", deadline=180)
    finally:
        serve.delete("narrow")


def test_the_pack_judges_what_ray_itself_exports(stack: Stack) -> None:
    handle = serve.run(serve.deployment(ray_actor_options=SMALL)(Mixed).bind(), name="mixed", route_prefix="/mixed")
    wishes = ("slow", "slow", "slow", "fail")
    try:
        with load(handle, 4, *wishes), httpx.Client(trust_env=False, timeout=60) as client:
            # The proxy's requests are the same mixture, so that the shares do not depend on who calls how often.
            asked = itertools.cycle(wishes)

            def request() -> int:
                return client.get(f"{running_ray.entrance()}/mixed?{next(asked)}").status_code

            def recorded(metric: str) -> float | None:
                request()
                return stack.ask(f'{{__name__=~"{metric}",application="mixed"}}')

            # The counter of requests leaves out those that failed: over it alone, this would be a third.
            errors = ".*:ray_errors:bad_ratio_rate.*"
            eventually(lambda: 0.2 < (recorded(errors) or 0) < 0.3, "a quarter fails", deadline=180)
            # At the edge of 100 (milliseconds), as Ray writes it.
            slow = ".*:ray_latency_100ms:bad_ratio_rate.*"
            eventually(lambda: (recorded(slow) or 0) > 0.5, "they are slow", deadline=180)
            p95 = ".*:ray_latency:p95_rate.*"
            eventually(lambda: 0.1 < (recorded(p95) or 0) < 60, "their p95 in seconds", deadline=180)
            eventually(lambda: recorded(".*:ray_replicas:min") == 1, "the replicas are well", deadline=180)
            assert not running_ray.missing(manifests.RAY_SERVE, stack.ray_metrics, request)
            failed = ".*:ray_http_errors:bad_ratio_rate.*"
            eventually(lambda: (recorded(failed) or 0) > 0, "the failed answers", deadline=180)
    finally:
        serve.delete("mixed")
