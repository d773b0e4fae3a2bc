"""A native run of this checkout: its configuration staged and checked, its parts started, reloaded, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

from featurewatch import check, compose, staging
from featurewatch.amtool import Amtool
from featurewatch.faults import Fault, Faulty
from featurewatch.native import parts
from featurewatch.native.down import down
from featurewatch.native.errors import StackError
from featurewatch.native.part import Stack
from featurewatch.native.parts import Ports
from featurewatch.native.ports import LOOPBACK
from featurewatch.native.records import RunFolder
from featurewatch.native.status import PartStatus, status
from featurewatch.native.up import up
from featurewatch.objectives.units import duration_text
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.rules.plan import Plan
from featurewatch.tls import Files
from featurewatch.tools.alertmanager import Launch, alertmanager_command
from featurewatch.tools.lock import Occupied, exclusive
from featurewatch.tools.toolbox import Tools

PORT_VARIABLES = {item.name: f"{item.name.upper()}_PORT" for item in fields(Ports)}
"""Each part's port and the environment variable that moves it."""

LOCK_SECONDS = 300.0
"""How long to wait for another `up` or `reload` of the same state folder."""

_PORTS_OF_PARTS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager",),
    "node_exporter": ("node_exporter",),
    "extractor": ("extractor",),
    "inbox": ("inbox_smtp", "inbox_http"),
    "preview": ("preview",),
    "responder": ("responder",),
}
"""The ports of each part, in the part's own order."""

Progress = Callable[[str], None]


def ports_from(environment: Mapping[str, str]) -> Ports:
    """The usual ports, or where the environment puts them (PROMETHEUS_PORT=9091). Raises `Faulty`."""
    chosen: dict[str, int] = {}
    faults = []
    for name, variable in PORT_VARIABLES.items():
        text = environment.get(variable, "")
        if not text:
            continue
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
            chosen[name] = int(text)
        else:
            faults.append(Fault(variable, 0, 0, f"{text!r} is not a port", "a number from 1 to 65535"))
    if faults:
        raise Faulty(faults)
    return Ports(**chosen)


def ports_of(run_dir: Path, otherwise: Ports) -> Ports:
    """Where the parts of the stack that was started last listen; those that it had not, where `otherwise` says."""
    folder = RunFolder(run_dir)
    chosen: dict[str, int] = {}
    for part, fields_ in _PORTS_OF_PARTS.items():
        recorded = folder.recorded(part)
        if recorded is not None and len(recorded.part.ports) == len(fields_):
            chosen |= zip(fields_, recorded.part.ports, strict=True)
    return replace(otherwise, **chosen)


def addresses(ports: Ports) -> staging.Addresses:
    """The committed files' `name:port` to where that part listens here."""
    listens = {
        "prometheus:9090": ports.prometheus,
        "alertmanager:9093": ports.alertmanager,
        "node-exporter:9100": ports.node_exporter,
        "extractor:8000": ports.extractor,
        "inbox:2525": ports.inbox_smtp,
        "inbox:8025": ports.inbox_http,
        # Links in messages: the user's browser runs on this machine.
        f"{LOOPBACK}:3000": ports.preview,
        f"{LOOPBACK}:8090": ports.responder,
        "responder:8090": ports.responder,
    }
    return staging.Addresses({address: f"{LOOPBACK}:{port}" for address, port in listens.items()})


def tls_files(project: Project, plan: Plan) -> Files | None:
    """With what Prometheus, Alertmanager and the responder speak TLS here; None: they do not."""
    tls = plan.objectives.tls
    return None if tls is None else Files.found(tls, project.secrets)


@dataclass(frozen=True)
class Deployment:
    """One checkout, run natively."""

    project: Project
    plan: Plan
    tools: Tools
    ports: Ports = field(default_factory=Ports)
    with_example: bool = True

    @property
    def run_dir(self) -> Path:
        return self.project.state / "run"

    def up(self, progress: Progress = lambda _: None) -> list[PartStatus]:
        """Stage, check, start, wait until every part answers; a stack that runs takes what changed.

        Raises `Faulty` before anything is touched, and StackError or OSError. What runs was staged by the same call:
        another one of the same state folder is waited for.
        """
        waiting = "waiting: another command is at work on this stack"
        try:
            with exclusive(self.project.state / "up.lock", LOCK_SECONDS, waiting=lambda: progress(waiting)):
                self.stage()
                return up(self.stack, progress)
        except Occupied as fault:
            raise StackError(str(fault)) from fault

    def down(self, progress: Progress = lambda _: None) -> bool:
        return down(self.run_dir, progress)

    def status(self) -> list[PartStatus]:
        return status(self.run_dir)

    def stage(self) -> None:
        """Put the checked configuration where the parts read it. Raises `Faulty`; it is then as it was."""
        binaries = check.Binaries(Promtool(self.tools.promtool.path), Amtool(self.tools.amtool.path))
        checks = check.configuration_checks(self.project, self.plan, binaries)
        RunFolder(self.run_dir).make()
        events = self.events
        if events is not None:
            events.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        root, secrets, tls = self.project.root, self.project.secrets, self.plan.objectives.tls is not None
        staging.stage(root, secrets, addresses(self.ports), self.run_dir, checks, events, tls=tls)

    @property
    def events(self) -> Path | None:
        """Where Alertmanager records its events for the responder; None where there is none, or it cannot."""
        declared = self.plan.objectives.handling.responder is not None
        able = declared and self.tools.alertmanager.version >= parts.RECORDS_EVENTS
        return self.project.state / "data/alertmanager-events.jsonl" if able else None

    @cached_property
    def launch(self) -> Launch:
        """How Alertmanager can be started on this machine."""
        return alertmanager_command(self.tools.alertmanager.path, self.tools.folder)

    @cached_property
    def stack(self) -> Stack:
        """The parts, in starting order."""
        project, timing = self.project, self.plan.timing
        return parts.stack(
            parts.Settings(
                checkout=project.root,
                run_dir=self.run_dir,
                data_dir=project.state / "data",
                log_dir=project.state / "logs",
                prometheus=self.tools.prometheus,
                alertmanager=self.tools.alertmanager,
                node_exporter=self.tools.node_exporter,
                alertmanager_launch=self.launch,
                ports=self.ports,
                retention=duration_text(self.plan.objectives.retention),
                scrape_seconds=timing.scrape_interval,
                resend_delay=duration_text(timing.resend_delay),
                maintenance_interval=duration_text(timing.maintenance_interval),
                with_example=self.with_example,
                responder_arguments=self._responder_arguments(),
                viewer_token=compose.viewer_token(self.plan.objectives, self.project.secrets),
                events=self.events,
                tls=tls_files(self.project, self.plan),
                inbox_arguments=compose.inbox_arguments(self.plan.objectives.notify, self.project.secrets),
            )
        )

    def _responder_arguments(self) -> tuple[str, ...] | None:
        found = compose.responder_arguments(self.plan.objectives, self.project.secrets)
        return None if found is None else tuple(addresses(self.ports).apply(text) for text in found)
