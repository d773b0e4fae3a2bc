"""`make up` with `tls` in objectives.yaml: a breach reaches people by TLS alone, and plain HTTP is refused."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests import own_authority
from tests.checkout_sample import change, checkout, decided
from tests.conftest import CHECKOUT
from tests.end_to_end.test_chain import eventually

from featurewatch import generate
from featurewatch.demo.errors import StoryError
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.responder import Responder
from featurewatch.deployment import Deployment
from featurewatch.faults import Faulty
from featurewatch.native.parts import Ports
from featurewatch.native.ports import free_port
from featurewatch.native.status import State
from featurewatch.project import Project
from featurewatch.tools.toolbox import Tools

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]

SECURE = ("prometheus", "alertmanager", "responder")
ON = "tls:\n  certificate_file: secrets/tls.crt\n  key_file: secrets/tls.key\n  ca_file: secrets/ca.pem\n"


@dataclass(frozen=True)
class Stack:
    deployment: Deployment
    urls: dict[str, str]
    authority: Path

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


def secured(root: Path) -> Project:
    """A checkout that asks for TLS, all generated anew; the certificate is for this machine."""
    plain = "  url: http://responder:8090\n"
    text = (CHECKOUT / "objectives.yaml").read_text(encoding="utf-8")
    assert plain in text
    project = checkout(root, text.replace(plain, plain.replace("http:", "https:")) + ON)
    own_authority.write(project.secrets)
    return project


@pytest.fixture
def stack(tmp_path: Path, tools: Tools) -> Iterator[Stack]:
    project = secured(tmp_path / "checkout")
    ports = Ports(*(free_port() for _ in dataclasses.fields(Ports)))
    deployment = Deployment(project, decided(project), tools, ports)
    try:
        rows = {row.part: row for row in deployment.up()}
        assert {row.state for row in rows.values()} == {State.READY}
        yield Stack(deployment, {name: row.url for name, row in rows.items()}, project.secrets / "ca.pem")
    finally:
        deployment.down()


def test_a_breach_is_delivered_acknowledged_and_shown_by_tls_and_plain_http_is_refused(stack: Stack) -> None:
    for part in SECURE:
        url = stack.urls[part]
        assert url.startswith("https://")
        assert httpx.get(f"{url}/-/ready", verify=stack.trusted(), trust_env=False, timeout=30).status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/-/ready", trust_env=False, timeout=30)
        try:
            plain = httpx.get(f"{url.replace('https', 'http')}/-/ready", trust_env=False, timeout=30).status_code
        except httpx.TransportError:
            plain = 400
        assert plain >= 400
    with (
        httpx.Client(base_url=stack.urls["extractor"], trust_env=False) as extractor,
        InboxClient(stack.urls["inbox"]) as inbox,
        Prometheus(stack.urls["prometheus"], stack.authority) as prometheus,
    ):
        jobs = {"prometheus", "alertmanager", "responder", "extractors", "node"}
        eventually(lambda: {sample["job"] for sample, up in prometheus.query("up") if up == 1} == jobs, 60, "all up")
        seen = "count(count_over_time(featurewatch_extraction_duration_seconds_count[20s]) >= 3) > 0"
        eventually(lambda: bool(prometheus.query(seen)), 30, "three scrapes of the extractor")
        # From the cache, so that nothing but latency is in trouble.
        extractor.post("/admin/record", json={"durations": {"0.2": 2000}, "served_from": "cache"}).raise_for_status()
        eventually(lambda: bool(inbox.deliveries(alert="ExtractionTooSlow", channel="slack")), 60, "the message")
        (fired,) = [one for one in prometheus.alerts("ExtractionTooSlow") if one.labels["severity"] == "critical"]
        token = (stack.deployment.project.secrets / "responder_token").read_text().strip()
        with Responder(stack.urls["responder"], token, stack.authority) as responder:
            eventually(lambda: _taken(responder, fired.labels), 30, "the alert is in the responder's history")
        acknowledged = 'max(featurewatch_acknowledged{alertname="ExtractionTooSlow"}) == 1'
        eventually(lambda: bool(prometheus.query(acknowledged)), 60, "the rules know of it")
        for path in ("prom/api/v1/query?query=up", "responder/api/v1/incidents"):
            shown = httpx.get(f"{stack.urls['preview']}/api/{path}", trust_env=False, timeout=30)
            assert shown.status_code == 200, shown.text
    _renewed(stack)


def _taken(responder: Responder, labels: Mapping[str, str]) -> bool:
    try:
        responder.acknowledge(labels, "somebody", "seen")
    except StoryError:
        return False
    return True


def _renewed(stack: Stack) -> None:
    """Another authority and certificate, and `up` again: whoever reads them takes them."""
    own_authority.write(stack.authority.parent)
    assert {row.state for row in stack.deployment.up()} == {State.READY}


def test_without_its_files_nothing_is_started(tmp_path: Path, tools: Tools) -> None:
    project = secured(tmp_path / "checkout")
    (project.secrets / "tls.key").unlink()
    with pytest.raises(Faulty, match=r"tls\.key"):
        Deployment(project, decided(project), tools).stage()


def test_off_again_everything_is_plain_again(tmp_path: Path, tools: Tools) -> None:
    project = secured(tmp_path / "checkout")
    Deployment(project, decided(project), tools).stage()
    assert (project.state / "run/prometheus/web.yaml").exists()
    change(project, "objectives.yaml", ON, "")
    change(project, "objectives.yaml", "  url: https://responder:8090\n", "  url: http://responder:8090\n")
    generate.write(project.root, generate.generate(decided(project), project.root))
    Deployment(project, decided(project), tools).stage()
    assert not (project.state / "run/prometheus/web.yaml").exists()
    assert not (project.state / "run/alertmanager/web.yaml").exists()
