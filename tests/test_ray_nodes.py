"""Several nodes: each has its page, and any of them knows all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def two_nodes(folder: Path) -> Iterator[Callable[[], None]]:
    """Serve on two nodes; gives what takes the second one away."""
    # Only this needs the half of Ray that starts clusters.
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    store = 80 * 1024 * 1024
    head = {"include_dashboard": False, "temp_dir": str(folder / "ray")}
    try:
        with running_ray.starting(folder):
            cluster.add_node(num_cpus=1, object_store_memory=store, **head)
            second = cluster.add_node(num_cpus=1, object_store_memory=store)
            ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
            serve.start(proxy_location="Disabled")
        yield lambda: cluster.remove_node(second)
    finally:
        running_ray.disconnect()
        cluster.shutdown()


def test_every_node_has_a_page_of_its_own_and_a_lost_one_is_no_target_any_more() -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    # One port for both nodes of this machine: the second exporter takes another.
    with running_ray.alone(free_port()) as folder, two_nodes(folder) as lose_the_second:
        wide = serve.deployment(num_replicas=2, max_replicas_per_node=1, ray_actor_options={"num_cpus": 0.5})(Wide)
        handle = serve.run(wide.bind(), name="wide", route_prefix=None)
        nodes: set[str] = set()
        calls = 0

        def both_met() -> bool:
            nonlocal calls
            nodes.add(handle.remote().result(timeout_s=60))
            calls += 1
            return len(nodes) == 2

        eventually(both_met, "an answer from each node")
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
        lose_the_second()
        eventually(lambda: set(targets().values()) == {entrance}, "the other one gone", deadline=120)
