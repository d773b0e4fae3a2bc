"""Several nodes: each has its page, and any of them knows all."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import httpx
import pytest
import ray
from ray import cloudpickle, serve
from tests import running_ray
from tests.running_ray import eventually, page, total

from featurewatch import names
from featurewatch.native.ports import free_port
from featurewatch.ray import measured

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.xdist_group("ray"),
]


@measured(service="features")
class Wide:
    async def __call__(self) -> str:
        return str(ray.get_runtime_context().get_node_id())


def test_every_node_has_a_page_of_its_own_and_a_lost_one_is_no_target_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ray.cluster_utils import Cluster

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    folder = Path(tempfile.mkdtemp(prefix="fwray-", dir="/tmp"))
    # One port for both nodes of this machine: the second exporter takes another.
    for name, value in running_ray.environment(folder, free_port()).items():
        monkeypatch.setenv(name, value)
    cluster = Cluster()
    store = 80 * 1024 * 1024
    try:
        cluster.add_node(num_cpus=1, object_store_memory=store, include_dashboard=False, temp_dir=str(folder / "ray"))
        second = cluster.add_node(num_cpus=1, object_store_memory=store)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        serve.start(proxy_location="Disabled")
        wide = serve.deployment(num_replicas=2, max_replicas_per_node=1, ray_actor_options={"num_cpus": 0.5})(Wide)
        handle = serve.run(wide.bind(), name="wide", route_prefix=None)
        calls = 40
        nodes = {handle.remote().result(timeout_s=60) for _ in range(calls)}
        assert len(nodes) == 2

        entrance = running_ray.exporter(ray.get_runtime_context().get_node_id())

        def targets() -> dict[str, str]:
            listed = httpx.get(f"http://{entrance}/targets", trust_env=False, timeout=60).json()
            return {each["labels"]["__meta_featurewatch_ray_node"]: each["targets"][0] for each in listed}

        both = eventually(lambda: found if len(found := targets()) == 2 else None, "both nodes")
        assert set(both) == nodes
        assert len(set(both.values())) == 2
        count = f"{names.EXTRACTION_DURATION}_count"
        eventually(lambda: sum(total(page(address), count) for address in both.values()) == calls, "every call once")
        assert all(0 < total(page(address), count) < calls for address in both.values())
        cluster.remove_node(second)
        eventually(lambda: set(targets().values()) == {entrance}, "the other one gone", deadline=120)
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
