"""Real Ray Serve: what is wished for comes true in real replicas, and what Ray would undo is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ray import serve
from tests import running_ray
from tests.running_ray import eventually

from featurewatch.native.ports import free_port
from featurewatch.responder.repair.target import Refused, State, Target, Unknown
from featurewatch.responder.repair.targets.ray_serve import RESTARTED, RayServe

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.xdist_group("ray"),
]

CODE = """
import os
from ray import serve

@serve.deployment(ray_actor_options={"num_cpus": 0.1}, max_ongoing_requests=5)
class Features:
    def __call__(self, request):
        return {"pid": os.getpid(), "own": os.environ.get("OWN", "")}

@serve.deployment(ray_actor_options={"num_cpus": 0.1})
class Other:
    def __call__(self, request):
        return "other"

app = Features.bind()
other = Other.bind()
"""

SECRET = "a-secret-of-the-application"
LOAD = {"min_replicas": 1, "max_replicas": 3, "target_ongoing_requests": 2}


def application(name: str, what: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "route_prefix": f"/{name}", "import_path": f"serving:{what}", **more}


CONFIG = {
    "applications": [
        application(
            "plain",
            "app",
            deployments=[
                {
                    "name": "Features",
                    "num_replicas": 1,
                    "ray_actor_options": {"num_cpus": 0.1, "runtime_env": {"env_vars": {"OWN": SECRET}}},
                }
            ],
        ),
        application("scaled", "app", external_scaler_enabled=True),
        application("automatic", "app", deployments=[{"name": "Features", "autoscaling_config": LOAD}]),
        application("beside", "other"),
    ]
}


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("code")
    (folder / "serving.py").write_text(CODE)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_ray.cluster(dashboard_port=port, code=folder):
        httpx.put(f"{url}/api/serve/applications/", json=CONFIG, timeout=120, trust_env=False).raise_for_status()
        for name in ("plain", "scaled", "automatic"):
            _healthy(url, name)
        yield url


def _healthy(url: str, name: str) -> None:
    def healthy() -> bool:
        try:
            return target(url, name).read()["status"] == "HEALTHY"
        except Unknown:
            return False  # it is being made

    eventually(healthy, name, 180)


def target(url: str, application: str, deployment: str = "Features") -> Target:
    return RayServe(application, url, application, deployment, timeout=60)


def comes_true(system: Target, wished: State) -> State:
    def found() -> State | None:
        try:
            now = system.read()
        except Unknown:
            return None  # Ray tells nothing of an application while it builds it anew
        return now if system.holds(wished, now) else None

    return eventually(found, f"{dict(wished)}", 180)


def pids(url: str, application: str) -> set[int]:
    told = httpx.get(f"{url}/api/serve/applications/", timeout=60, trust_env=False).json()
    replicas = told["applications"][application]["deployments"]["Features"]["replicas"]
    return {replica["pid"] for replica in replicas if replica["state"] == "RUNNING"}


@pytest.mark.parametrize("name", ["plain", "scaled"])
def test_a_number_of_replicas_is_told_wished_for_and_read_back_from_those_that_run(dashboard: str, name: str) -> None:
    system = target(dashboard, name)
    beside = pids(dashboard, "automatic")
    first = pids(dashboard, name)
    assert system.read()["replicas"] == 1
    [call] = system.calls({"replicas": 2})
    assert call.method == {"plain": "PUT", "scaled": "POST"}[name]
    assert call.url.startswith(dashboard)
    assert SECRET not in call.body
    assert system.read()["target"] == 1  # a dry-run asks for nothing
    system.wish({"replicas": 2}, "k")
    comes_true(system, {"replicas": 2})
    assert system.calls({"replicas": 2}) == ()
    assert first < pids(dashboard, name)  # the one that was there was not disturbed
    system.wish({"replicas": 2}, "k")
    system.wish({"replicas": 1}, "l")
    comes_true(system, {"replicas": 1})
    assert pids(dashboard, "automatic") == beside


def test_a_restart_replaces_every_replica_once_and_keeps_its_environment(dashboard: str) -> None:
    system = target(dashboard, "plain")
    before = comes_true(system, {"replicas": 1})
    old = pids(dashboard, "plain")
    wished = {"restarted_after": "2026-01-01T00:00:00+00:00"}
    assert not system.holds(wished, before)
    [call] = system.calls(wished)
    assert RESTARTED in call.body
    assert SECRET not in call.body
    system.wish(wished, "k")
    comes_true(system, wished)
    new = pids(dashboard, "plain")
    assert len(new) == 1
    assert not new & old
    assert system.calls(wished) == ()
    system.wish(wished, "k")
    assert pids(dashboard, "plain") == new
    answer = httpx.get(f"{running_ray.entrance()}/plain", timeout=60, trust_env=False).json()
    assert answer == {"pid": next(iter(new)), "own": SECRET}
    assert comes_true(system, {"replicas": 1})["num_cpus"] == 0.1
    system.wish({"max_ongoing_requests": 7}, "k")
    comes_true(system, {"max_ongoing_requests": 7})
    assert pids(dashboard, "plain") == new


def test_where_ray_scales_by_itself_a_number_is_the_least_it_shall_run(dashboard: str) -> None:
    system = target(dashboard, "automatic")
    assert {"min_replicas": 1, "max_replicas": 3}.items() <= system.read().items()
    with pytest.raises(Refused, match="scales by itself to 3 replicas at most; 4 are more"):
        system.wish({"replicas": 4}, "k")
    system.wish({"replicas": 2}, "k")
    found = comes_true(system, {"replicas": 2})
    assert (found["min_replicas"], found["max_replicas"]) == (2, 3)


def test_what_was_deployed_from_code_alone_is_refused_with_a_remedy(dashboard: str) -> None:
    def here(_: object) -> str:
        return "here"

    small = {"num_cpus": 0.1}
    serve.run(
        serve.deployment(name="Features", ray_actor_options=small)(here).bind(), name="code", route_prefix="/code"
    )
    try:
        system = target(dashboard, "code")
        assert system.read()["replicas"] == 1
        with pytest.raises(Refused, match="not deployed from a config file"):
            system.calls({"replicas": 2})
        with pytest.raises(Refused, match="external_scaler_enabled=True"):
            system.wish({"replicas": 2}, "k")
        # Others can be changed beside it, and it stays.
        plain = target(dashboard, "plain")
        plain.wish({"replicas": 2}, "k")
        comes_true(plain, {"replicas": 2})
        assert system.read()["replicas"] == 1
        plain.wish({"replicas": 1}, "k")
        comes_true(plain, {"replicas": 1})
    finally:
        serve.delete("code")


@pytest.mark.parametrize(
    "wished",
    [
        *({}, {"replicas": 0}, {"replicas": "2"}, {"replicas": True}, {"replicas": 1.5}),
        *({"keys": 0}, {"num_cpus": -1}, {"restarted_after": ""}, {"restarted_after": 3}),
    ],
)
def test_whatever_makes_no_sense_is_refused_before_anything_is_sent(dashboard: str, wished: State) -> None:
    with pytest.raises(Refused, match="target plain"):
        target(dashboard, "plain").wish(wished, "k")


def test_what_is_not_there_is_unknown_to_readers_and_refused_to_wishes(dashboard: str) -> None:
    for system in (target(dashboard, "nowhere"), target(dashboard, "plain", "Nothing")):
        with pytest.raises(Unknown, match=r"no application 'nowhere'|no deployment 'Nothing'"):
            system.read()
        with pytest.raises(Refused, match="nothing was sent"):
            system.wish({"replicas": 2}, "k")
    nobody = RayServe("nobody", f"http://127.0.0.1:{free_port()}", "a", "b", timeout=3)
    with pytest.raises(Refused, match="ConnectError"):
        nobody.wish({"replicas": 2}, "k")
