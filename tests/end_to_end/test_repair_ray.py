"""A real Ray Serve under load breaches its objective and is repaired, or is not, and then people are told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import running_ray
from tests.end_to_end.besieged import _bearer, _local, _scraping
from tests.running_parts import TOKEN, Hook, alertmanager, prometheus, responder

from featurewatch.demo.rehearsal import rehearsed, rule_files
from featurewatch.native.ports import free_port
from featurewatch.objectives.load import load
from featurewatch.responder.repair.target import Unknown
from featurewatch.responder.repair.targets.ray_serve import RayServe
from featurewatch.routes import alertmanager_config
from featurewatch.rules.plan import plan
from featurewatch.scrape import prometheus_config
from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.xdist_group("ray"),
]

CLIENTS = 8
"""So many ask again and again. One replica serves them one after the other, in 8 times the work of one; two, in 4."""

CODE = """
import asyncio, os
from ray import serve
from featurewatch.ray import measured

@serve.deployment(max_ongoing_requests=32, ray_actor_options={"num_cpus": 0.1})
@measured(service="market-features", extractor="ray-features", methods=["features"])
class Features:
    def __init__(self):
        self.turn = asyncio.Lock()

    async def __call__(self, request):
        return await self.features()

    async def features(self):
        if os.path.exists(SLOW):
            await asyncio.sleep(0.6)  # something that more replicas do not help against
        async with self.turn:
            await asyncio.sleep(0.05)
        return "features"

app = Features.bind()
"""

OBJECTIVES = """
version: featurewatch/v1
service: market-features
team: feature-platform
environment: test
traffic: {{ minimum: 40/s }}
delivery: {{ budget: 15s }}
retention: 1d
links: {{ dashboards: http://127.0.0.1:3000/d, runbooks: http://127.0.0.1:3000/runbooks }}
objectives:
  - name: extraction-latency
    kind: quantile
    title: 95 % of extractions are faster than the limit
    alert: ExtractionTooSlow
    category: latency
    quantile: 0.95
    of: extraction_duration
    limits: [{{ above: 300ms, severity: critical }}]
    first_steps: [Look at the replicas.]
  - name: extraction-data
    kind: presence
    title: The extractor measures extractions
    alert: ExtractionDataAbsent
    category: availability
    of: events
    limits: [{{ absent_for: 5m, severity: high }}]
    first_steps: [Look whether requests come.]
policies:
  - name: everything
    severity: critical
    levels: [{{}}, {{ after: 5m, channels: [webhook] }}]
responder: {{ url: http://responder:8090, token_file: secrets/responder_token, audit_key_file: secrets/audit_key }}
targets:
  - {{ name: ray, kind: ray-serve, url: "{dashboard}", application: features, deployment: Features, timeout: 20s }}
actions:
  - name: grow
    kind: scale-up
    on: [{{ alert: ExtractionTooSlow }}]
    target: ray
    mode: real
    replicas: [1, 2, 4]
    cool_down: 5s
    recovers_within: {recovers}
notify:
  critical: [webhook]
  high: []
  medium: []
  low: []
  webhook: {{ url_file: secrets/webhook_url }}
"""


@dataclass
class Story:
    """A running chain around a cluster under load."""

    ray: RayServe
    history: str
    hook: Hook
    slow: Path

    def get(self, path: str) -> Any:
        url = f"{self.history}/api/v1/{path}"
        return httpx.get(url, headers=_bearer(), timeout=20, trust_env=False).raise_for_status().json()

    def audit(self) -> list[str]:
        """Kinds of its entries, the oldest first."""
        return [entry["kind"] for entry in reversed(self.get("audit?limit=500")["items"])]

    def runs(self) -> list[dict[str, Any]]:
        return list(reversed(self.get("actions/runs")["items"]))

    def told(self, alert: str, status: str) -> bool:
        return any(
            one["labels"]["alertname"] == alert and one["status"] == status
            for message in self.hook.messages
            for one in message["alerts"]
        )


def eventually(look: Callable[[], object], what: str, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if look():
                return
        except (httpx.HTTPError, Unknown):
            pass  # on a busy machine somebody answers late
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.3)


@contextmanager
def load_on(url: str) -> Iterator[None]:
    """Clients that ask for features, until the end of the block."""
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not over.is_set():
                try:
                    client.get(url)
                except httpx.HTTPError:
                    over.wait(0.2)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def story(folder: Path, tools: Tools, launch: Launch, recovers: str) -> Iterator[Story]:
    code, secrets, slow = folder / "code", folder / "secrets", folder / "slow"
    for made in (code, secrets, folder / "prometheus/rules"):
        made.mkdir(parents=True)
    (code / "serving.py").write_text(f"SLOW = {str(slow)!r}\n{CODE}")
    ports = {name: free_port() for name in ("prometheus", "alertmanager", "responder", "dashboard")}
    bases = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    objectives = folder / "objectives.yaml"
    objectives.write_text(OBJECTIVES.format(dashboard=bases["dashboard"], recovers=recovers))
    (secrets / "responder_token").write_text(TOKEN)
    (secrets / "audit_key").write_text("00112233445566778899aabbccddeeff")
    declared = load(objectives)
    with ExitStack() as stack:
        hook = stack.enter_context(Hook())
        (secrets / "webhook_url").write_text(hook.url)
        stack.enter_context(running_ray.cluster(dashboard_port=ports["dashboard"], code=code))
        application = {"name": "features", "route_prefix": "/features", "import_path": "serving:app"}
        config = {"applications": [application | {"external_scaler_enabled": True}]}
        url = f"{bases['dashboard']}/api/serve/applications/"
        httpx.put(url, json=config, timeout=120, trust_env=False).raise_for_status()
        ray = RayServe("ray", bases["dashboard"], "features", "Features", timeout=20)
        eventually(lambda: ray.read()["status"] == "HEALTHY", "the application")
        chosen = rehearsed(plan(_local(declared, bases["responder"], secrets)), 10.0)
        for name, text in rule_files(chosen).items():
            (folder / "prometheus/rules" / name).write_text(text)
        scraped = {"extractors": running_ray.exporter(), "responder": f"127.0.0.1:{ports['responder']}"}
        more = (
            *("--alertmanager", bases["alertmanager"], "--prometheus", bases["prometheus"]),
            *("--objectives", str(objectives), "--secrets", str(secrets), "--repair-seconds", "1"),
            *("--audit-key-file", str(secrets / "audit_key"), "--audit-anchor", str(folder / "anchor")),
        )
        stack.enter_context(responder(folder / "responder", ports["responder"], *more))
        routed = alertmanager_config(chosen) | {"templates": []}
        stack.enter_context(alertmanager(launch, folder / "alertmanager", routed, ports["alertmanager"]))
        judged = _scraping(prometheus_config(chosen), scraped, f"127.0.0.1:{ports['alertmanager']}")
        stack.enter_context(prometheus(tools.prometheus.path, folder / "prometheus", judged, ports["prometheus"]))
        yield Story(ray, bases["responder"], hook, slow)


def test_a_second_replica_is_started_the_objective_recovers_and_the_audit_tells_it(
    tmp_path: Path, tools: Tools, alertmanager_launch: Launch
) -> None:
    with story(tmp_path, tools, alertmanager_launch, "10m") as told:
        assert told.ray.read()["replicas"] == 1
        with load_on(f"{running_ray.entrance()}/features"):
            eventually(lambda: told.told("ExtractionTooSlow", "firing"), "people hear of the breach")
            eventually(lambda: told.ray.read()["replicas"] == 2, "a second replica")
            eventually(lambda: told.told("ExtractionTooSlow", "resolved"), "people hear of the end")
            eventually(lambda: "recovered" in told.audit(), "the audit's last word")
        (run,) = told.runs()
        assert (run["state"], run["found"]["replicas"], run["wished"]) == ("recovered", 1, {"replicas": 2})
        [call] = run["calls"]
        assert call["url"].endswith("/api/v1/applications/features/deployments/Features/scale")
        steps = [kind for kind in told.audit() if kind in ("intended", "calling", "called", "holding", "recovered")]
        assert steps == ["intended", "calling", "called", "holding", "recovered"]
        assert told.get("audit/verification")["holds"] is True
        assert told.ray.read()["replicas"] == 2


def test_what_more_replicas_do_not_help_against_is_taken_back_and_people_are_told(
    tmp_path: Path, tools: Tools, alertmanager_launch: Launch
) -> None:
    with story(tmp_path, tools, alertmanager_launch, "20s") as told:
        told.slow.touch()
        with load_on(f"{running_ray.entrance()}/features"):
            eventually(lambda: told.ray.read()["replicas"] == 2, "a second replica")
            eventually(lambda: "rolls-back" in told.audit(), "it was in vain")
            eventually(lambda: told.ray.read()["target"] == 1, "one replica again")
            # Nobody acknowledges, and the repair has acknowledged nothing for them.
            eventually(lambda: told.told("EscalationLevel2", "firing"), "level 2")
        first, back = told.runs()[:2]
        assert (first["state"], first["wished"]) == ("in-vain", {"replicas": 2})
        assert (back["rolls_back"], back["wished"]) == (first["id"], {"replicas": 1})
        assert told.get("audit/verification")["holds"] is True
