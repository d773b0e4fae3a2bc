"""With TLS on, the real three speak it to each other and refuse everything else; off is as it was."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests import own_authority, routing
from tests.conftest import CHECKOUT
from tests.responder_stack import RULES

from featurewatch import scrape, staging, tls
from featurewatch.faults import Faulty
from featurewatch.generate import generate
from featurewatch.native.ports import free_port
from featurewatch.objectives.load import load
from featurewatch.responder.client import CA_VARIABLE, URL_VARIABLE, Responder, Where
from featurewatch.responder.settings import SettingsError, from_command_line
from featurewatch.routes import alertmanager_config, render
from featurewatch.rules.plan import Plan, plan
from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.toolbox import Tools

TOKEN = "a-token-of-the-tls-tests"
FILES = "tls:\n  certificate_file: secrets/tls.crt\n  key_file: secrets/tls.key\n  ca_file: secrets/ca.pem\n"
PLAIN = "  url: http://responder:8090\n"
ON = (CHECKOUT / "objectives.yaml").read_text().replace(PLAIN, "  url: https://responder:8090\n") + FILES


@dataclass(frozen=True)
class Secure:
    """Where the three listen, and how they are trusted."""

    prometheus: str
    alertmanager: str
    responder: str
    authority: Path
    log: Path

    @property
    def all(self) -> tuple[str, str, str]:
        return self.prometheus, self.alertmanager, self.responder

    def get(self, url: str, **more: Any) -> httpx.Response:
        context = ssl.create_default_context(cafile=str(self.authority))
        return httpx.get(url, verify=context, trust_env=False, timeout=10, **more)

    def json(self, url: str) -> Any:
        return self.get(url, headers={"authorization": f"Bearer {TOKEN}"}).raise_for_status().json()


def planned(folder: Path, text: str) -> Plan:
    file = folder / "objectives.yaml"
    file.write_text(text)
    return plan(load(file))


def eventually(look: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < end:
        try:
            if look():
                return
        except (httpx.HTTPError, LookupError) as error:
            seen = error
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s; {seen!r}")


@pytest.fixture(scope="module")
def secure(tools: Tools, alertmanager_launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """All three, with the generated configuration, each with the same certificate."""
    folder = tmp_path_factory.mktemp("tls")
    own_authority.write(folder / "secrets")
    (folder / "secrets/responder_token").write_text(TOKEN)
    for name in ("smtp_password", "slack_api_url", "pagerduty_routing_key", "webhook_url"):
        (folder / "secrets" / name).write_text("http://127.0.0.1:1/services/T000/B000/0123456789abcdef01234567")
    chosen = planned(folder, ON)
    ports = {"prometheus:9090": free_port(), "alertmanager:9093": free_port(), "responder:8090": free_port()}
    addresses = staging.Addresses({name: f"127.0.0.1:{port}" for name, port in ports.items()})
    alertmanager_text = addresses.apply(render(alertmanager_config(chosen)))
    routing.write_configuration(folder, chosen)  # the templates
    written = {"prometheus.yaml": addresses.apply(scrape.render(scrape.prometheus_config(chosen)))}
    written["alertmanager.yaml"] = alertmanager_text.replace("_file: secrets/", f"_file: {folder}/secrets/")
    made = generate(chosen, CHECKOUT)
    assert made["alertmanager/web.yaml"] == made["deploy/prometheus/web.yaml"]
    written["web.yaml"] = made["alertmanager/web.yaml"]
    written["rules/measured.rules.yaml"] = yaml.safe_dump(RULES)
    (folder / "rules").mkdir()
    for name, text in written.items():
        (folder / name).write_text(text)
    prometheus, alertmanager, responder = (f"https://127.0.0.1:{port}" for port in ports.values())
    files = folder / "secrets"
    arguments: dict[str, list[str | Path]] = {
        "prometheus": [
            *(tools.prometheus.path, "--config.file=prometheus.yaml", "--storage.tsdb.path=samples"),
            *("--web.config.file=web.yaml", f"--web.listen-address={prometheus.removeprefix('https://')}"),
        ],
        "alertmanager": [
            *alertmanager_launch.argv,
            *(f"--config.file={folder / 'alertmanager.yaml'}", f"--storage.path={folder / 'sent'}"),
            *(f"--web.config.file={folder / 'web.yaml'}", "--cluster.listen-address="),
            f"--web.listen-address={alertmanager.removeprefix('https://')}",
        ],
        "responder": [
            *(sys.executable, "-m", "featurewatch.responder", "--port", str(ports["responder:8090"])),
            *("--database", f"sqlite:///{folder / 'history.db'}", "--token", f"am:admin:{files / 'responder_token'}"),
            *("--tls-certificate-file", files / "tls.crt", "--tls-key-file", files / "tls.key"),
            *("--tls-ca-file", files / "ca.pem", "--alertmanager", alertmanager, "--prometheus", prometheus),
            *("--reconcile-seconds", "1", "--objectives", folder / "objectives.yaml"),
        ],
    }
    with ExitStack() as stack:
        for name, argv in arguments.items():
            cwd = (alertmanager_launch.cwd or folder) if name == "alertmanager" else folder
            stack.enter_context(_process([str(part) for part in argv], cwd, folder / f"{name}.log"))
        found = Secure(prometheus, alertmanager, responder, files / "ca.pem", folder / "responder.log")
        for url in found.all:
            eventually(lambda url=url: found.get(f"{url}/-/ready").is_success, f"{url} is ready")  # type: ignore[misc]
        yield found


@contextmanager
def _process(argv: list[str], cwd: Path, log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(argv, cwd=cwd, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.kill()


def refused(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=10).status_code >= 400
    except httpx.TransportError:
        return True


@pytest.mark.long
def test_plain_http_is_refused_and_strangers_are_not_trusted(secure: Secure) -> None:
    for url in secure.all:
        assert secure.get(f"{url}/-/ready").status_code == 200
        assert refused(f"{url.replace('https', 'http')}/-/ready")
        assert refused(f"{url.replace('https', 'http')}/metrics")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/-/ready", trust_env=False, timeout=10)


@pytest.mark.long
def test_the_three_reach_each_other_by_tls(secure: Secure) -> None:
    def up() -> bool:
        found = secure.json(f"{secure.prometheus}/api/v1/targets")["data"]["activeTargets"]
        health = {target["labels"]["job"]: target["health"] for target in found if target["scrapeUrl"][:5] == "https"}
        return health == {"prometheus": "up", "alertmanager": "up", "responder": "up"}

    eventually(up, "every scrape")
    known = secure.json(f"{secure.prometheus}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    assert [one["url"] for one in known] == [f"{secure.alertmanager}/api/v2/alerts"]
    context = ssl.create_default_context(cafile=str(secure.authority))
    httpx.post(
        f"{secure.alertmanager}/api/v2/alerts", json=[routing.alert()], verify=context, trust_env=False
    ).raise_for_status()

    def told() -> bool:
        alerts = secure.json(f"{secure.responder}/api/v1/alerts")["items"]
        return any(alert["labels"]["alertname"] == "ExtractionTooSlow" for alert in alerts)

    eventually(told, "the alert in the responder's history", 120)
    # It asks both what it has missed, and passes questions on.
    assert secure.json(f"{secure.responder}/api/v1/silences") is not None
    eventually(lambda: secure.json(f"{secure.responder}/api/v1/alerts"), "an answer")
    time.sleep(2)  # two rounds of reconciliation
    assert "CERTIFICATE" not in secure.log.read_text()


@pytest.mark.long
def test_the_command_line_trusts_the_authority_that_it_is_told(secure: Secure, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    told = {URL_VARIABLE: secure.responder, "FEATUREWATCH_RESPONDER_TOKEN_FILE": str(token)}
    with Responder(Where.found(CHECKOUT, told | {CA_VARIABLE: str(secure.authority)})) as responder:
        assert "items" in responder.get("alerts")
    with pytest.raises(Faulty, match="holds no certificates"):
        Responder(Where.found(CHECKOUT, told | {CA_VARIABLE: str(token)}))


def test_off_by_default_nothing_of_it_is_written() -> None:
    chosen = plan(load(CHECKOUT / "objectives.yaml"))
    assert chosen.objectives.tls is None
    assert "https" not in scrape.render(scrape.prometheus_config(chosen))
    assert "tls_config" not in render(alertmanager_config(chosen))
    # `make check` holds the checkout to what is generated.
    assert not [folder for folder in ("alertmanager", "deploy/prometheus") if (CHECKOUT / folder / tls.FILE).exists()]


def test_a_responder_by_plain_http_is_a_fault_when_tls_is_on(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r"responder\.url: http://responder:8090 is plain HTTP, and tls is on"):
        planned(tmp_path, (CHECKOUT / "objectives.yaml").read_text() + FILES)


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    own_authority.write(tmp_path)
    with pytest.raises(SettingsError, match="belong together"):
        from_command_line(["--tls-certificate-file", str(tmp_path / "tls.crt")])
    with pytest.raises(SettingsError, match="--tls-key-file: cannot read"):
        from_command_line(
            ["--tls-certificate-file", str(tmp_path / "tls.crt"), "--tls-key-file", str(tmp_path / "missing")]
        )


@pytest.mark.long
def test_a_key_of_another_certificate_ends_the_responder_with_a_sentence(tmp_path: Path) -> None:
    own_authority.write(tmp_path / "one")
    own_authority.write(tmp_path / "other")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "featurewatch.responder", "--port", "0"),
            *("--database", f"sqlite:///{tmp_path / 'history.db'}"),
            *("--tls-certificate-file", tmp_path / "one/tls.crt", "--tls-key-file", tmp_path / "other/tls.key"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("responder: --tls-certificate-file and --tls-key-file cannot be used: KEY_VALUES")
