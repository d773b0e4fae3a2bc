"""Real Ray Serve, real replicas, a real Prometheus: nothing is lost that was counted, whatever becomes of a replica."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import ray
from fastapi import FastAPI
from ray import cloudpickle, serve
from ray.serve.handle import DeploymentHandle
from tests import running_prometheus, running_ray
from tests.running_ray import eventually, page, total

from featurewatch import names
from featurewatch.ray import extraction, measured, monitor_of
from featurewatch.tools.toolbox import Tools

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.xdist_group("ray"),
]

COUNT = f"{names.EXTRACTION_DURATION}_count"
SMALL = {"num_cpus": 0.1}
web = FastAPI()


@measured(service="features")
class Features:
    async def __call__(self, wish: str) -> int:
        if wish == "fail":
            raise ValueError("wished for")
        if wish == "batch":
            return int(await self.many(1))
        return os.getpid()

    @serve.batch(max_batch_size=4, batch_wait_timeout_s=0.2)  # type: ignore[untyped-decorator]
    async def many(self, items: list[int]) -> list[int]:
        await asyncio.sleep(0.01)
        return [item + 1 for item in items]

    @serve.batch(max_batch_size=100, batch_wait_timeout_s=0.0, batch_size_fn=sum)  # type: ignore[untyped-decorator]
    async def weighed(self, items: list[int]) -> list[int]:
        return [item + 1 for item in items]


@measured(extractor="web-features")
class Web:
    @web.get("/features/{symbol}")
    @extraction
    def features(self, symbol: str, days: int = 1) -> dict[str, object]:
        with monitor_of(self).stage("fetch"):
            return {"symbol": symbol, "days": days}


# As the decorators do it, but with names for what they make.
DEPLOYMENT = serve.deployment(ray_actor_options=SMALL, max_ongoing_requests=50, health_check_period_s=1)(Features)
WEB = serve.deployment(ray_actor_options=SMALL)(serve.ingress(web)(Web))


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    # Replicas cannot import test modules.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with running_ray.cluster() as folder:
        yield folder


@pytest.fixture
def features(shared: Path) -> Iterator[DeploymentHandle]:
    yield serve.run(DEPLOYMENT.options(num_replicas=2).bind(), name="app", route_prefix=None)
    serve.delete("app")


def counted(address: str, **labels: str) -> float:
    return total(page(address), COUNT, application="app", deployment="Features", **labels)


def ask(handle: DeploymentHandle, wish: str = "pid") -> int:
    return int(handle.remote(wish).result(timeout_s=60))


def replicas(handle: DeploymentHandle, many: int) -> tuple[set[int], int]:
    """Process ids of so many replicas, and how many calls it took to meet them."""
    met: set[int] = set()
    calls = 0

    def all_met() -> bool:
        nonlocal calls
        met.add(ask(handle))
        calls += 1
        return len(met) >= many

    eventually(all_met, f"{many} replicas")
    return met, calls


def test_calls_of_all_replicas_are_one_sum_on_one_page(features: DeploymentHandle) -> None:
    address = running_ray.exporter()
    before = counted(address)
    met, calls = replicas(features, 2)
    with pytest.raises(ValueError, match="wished for"):
        ask(features, "fail")
    eventually(lambda: counted(address) - before == calls + 1, "every call counted once")
    text = page(address)
    assert total(text, names.EXTRACTION_ERRORS, error_type="ValueError", deployment="Features") >= 1
    # Nothing tells replicas apart: they come and go, and each would leave its series behind.
    assert text.count(f'{COUNT}{{service="features",extractor="Features",served_from="compute"') == 1
    assert all(int(address.rpartition(":")[2]) not in listening(pid) for pid in met)


def listening(pid: int) -> set[int]:
    return {int(one.laddr.port) for one in psutil.Process(pid).net_connections() if one.status == psutil.CONN_LISTEN}


def test_series_exist_before_the_first_call_so_that_no_increase_is_missed(shared: Path) -> None:
    serve.run(DEPLOYMENT.options(name="Unasked", num_replicas=1).bind(), name="unasked", route_prefix=None)
    try:
        address = running_ray.exporter()
        eventually(lambda: f'{COUNT}{{service="features",extractor="Unasked"' in page(address), "series at zero")
        assert total(page(address), COUNT, deployment="Unasked") == 0
        assert total(page(address), names.RAY_REPLICAS_STARTED, deployment="Unasked") == 1
    finally:
        serve.delete("unasked")


def test_batches_are_measured_and_every_item_waits_for_itself(features: DeploymentHandle) -> None:
    address = running_ray.exporter()
    batch = {"batch": "Features.many", "application": "app"}
    waits, sizes = f"{names.BATCH_WAIT}_count", f"{names.BATCH_SIZE}_sum"
    before = total(page(address), waits, **batch)
    answers = [features.remote("batch") for _ in range(9)]
    assert [answer.result(timeout_s=60) for answer in answers] == [2] * 9
    eventually(lambda: total(page(address), waits, **batch) - before == 9, "the wait of each item")
    text = page(address)
    assert total(text, sizes, outcome="success", **batch) == total(text, waits, **batch)
    done = total(text, f"{names.BATCH_DURATION}_count", outcome="success", **batch)
    assert 9 / 4 <= done <= 9
    # An event loop wakes a sleeper up to a tick of its clock early.
    assert total(text, f"{names.BATCH_DURATION}_sum", **batch) >= 0.009 * done
    assert total(text, names.BATCH_CAPACITY, **batch) == 4
    # Where the user weighs items, nobody knows how many fit.
    assert features.weighed.remote(5).result(timeout_s=60) == 6
    assert not total(page(address), names.BATCH_CAPACITY, batch="Features.weighed")


def test_a_replica_that_is_scaled_away_leaves_its_counts(features: DeploymentHandle) -> None:
    address = running_ray.exporter()
    before = counted(address)
    _, calls = replicas(features, 2)
    # At once, so that only its last words can bring what it has not shared yet.
    serve.run(DEPLOYMENT.options(num_replicas=1).bind(), name="app", route_prefix=None)
    eventually(lambda: counted(address) - before == calls, "the counts of both")
    started = total(page(address), names.RAY_REPLICAS_STARTED, application="app")
    serve.run(DEPLOYMENT.options(num_replicas=3).bind(), name="app", route_prefix=None)
    _, more = replicas(features, 3)
    eventually(lambda: counted(address) - before == calls + more, "the counts of all that ever were")
    assert total(page(address), names.RAY_REPLICAS_STARTED, application="app") >= started + 2


def test_a_killed_replica_loses_nothing_that_was_shared_and_no_scrape_goes_backwards(
    features: DeploymentHandle,
) -> None:
    address = running_ray.exporter()
    before = counted(address)
    met, calls = replicas(features, 2)
    eventually(lambda: counted(address) - before == calls, "what both have shared")
    victim = min(met)
    os.kill(victim, signal.SIGKILL)
    seen = [counted(address)]
    until = time.monotonic() + 3
    while time.monotonic() < until:
        seen.append(counted(address))
    assert seen == sorted(seen)
    assert seen[-1] - before == calls

    def replaced() -> bool:
        try:
            return ask(features) not in met
        except ray.exceptions.RayError:
            return False  # the handle has not heard of the death yet

    eventually(replaced, "a new replica")
    eventually(lambda: counted(address) - before > calls, "its counts on top of the old")


def test_prometheus_finds_the_node_and_sees_every_call_across_a_kill(
    features: DeploymentHandle, tools: Tools, tmp_path: Path
) -> None:
    address = running_ray.exporter()
    job = {
        "job_name": "ray-replicas",
        "honor_labels": True,
        "http_sd_configs": [{"url": f"http://{address}/targets", "refresh_interval": "1s"}],
    }
    with running_prometheus.prometheus(tools.prometheus.path, tmp_path, {}, jobs=[job]) as url:

        def asked(query: str) -> float | None:
            answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False, timeout=30).json()
            return float(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else None

        sum_of = f'sum({COUNT}{{application="app",outcome="success"}})'
        # It may well be 0: nothing has to have been asked before.
        eventually(lambda: asked(sum_of) is not None, "a first scrape")
        first = asked(sum_of) or 0
        met, calls = replicas(features, 2)
        eventually(lambda: asked(sum_of) == first + calls, "the calls in Prometheus")
        os.kill(min(met), signal.SIGKILL)
        serve.run(DEPLOYMENT.options(num_replicas=3).bind(), name="app", route_prefix=None)
        _, more = replicas(features, 2)
        eventually(lambda: asked(sum_of) == first + calls + more, "those after the kill, too")
        assert asked(f"sum(resets({COUNT}[10m]))") == 0
        # Replicas came and went; the target is the same one. A busy machine may miss a scrape, which has 1 s.
        eventually(lambda: asked("count(up)") == asked("sum(up)") == 1, "one target, and up")


def test_an_exporter_that_dies_comes_back_with_everything(features: DeploymentHandle) -> None:
    address = running_ray.exporter()
    _, _ = replicas(features, 2)
    eventually(lambda: counted(address) > 0, "counts")
    before = counted(address)
    port = int(address.rpartition(":")[2])
    own = psutil.Process().children(recursive=True)
    [victim] = [process for process in own if port in listening(process.pid)]
    victim.kill()
    victim.wait(20)

    def back() -> float | None:
        try:
            return counted(running_ray.exporter())
        except (httpx.HTTPError, ray.exceptions.RayError):
            return None

    assert eventually(back, "the exporter again", deadline=120) >= before


def test_a_replica_that_cannot_share_works_unmeasured(shared: Path) -> None:
    environment = {"env_vars": {"FEATUREWATCH_RAY_FOLDER": "/proc/self/nowhere"}}
    handle = serve.run(
        DEPLOYMENT.options(name="Cut", ray_actor_options={**SMALL, "runtime_env": environment}).bind(),
        name="cut",
        route_prefix=None,
    )
    try:
        assert ask(handle) > 0
        assert ask(handle, "batch") == 2
    finally:
        serve.delete("cut")


def test_fastapi_routes_are_measured_where_they_are_marked(shared: Path) -> None:
    serve.run(WEB.bind(), name="web", route_prefix="/web")
    try:
        answer = httpx.get(f"{running_ray.entrance()}/web/features/BTC?days=3", trust_env=False, timeout=60)
        assert answer.json() == {"symbol": "BTC", "days": 3}
        address = running_ray.exporter()
        labels = {"service": "web", "extractor": "web-features", "application": "web", "deployment": "Web"}
        eventually(lambda: total(page(address), COUNT, outcome="success", **labels) == 1, "the request")
        assert total(page(address), f"{names.STAGE_DURATION}_count", stage="fetch", **labels) == 1
    finally:
        serve.delete("web")
