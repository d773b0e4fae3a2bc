"""A native run of this checkout: its configuration staged and checked, its parts started, reloaded, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

from featurewatch import check, staging
from featurewatch.amtool import Amtool
from featurewatch.faults import Fault, Faulty
from featurewatch.native import parts
from featurewatch.native.down import down
from featurewatch.native.part import Stack
from featurewatch.native.parts import Ports
from featurewatch.native.records import RunFolder
from featurewatch.native.status import PartStatus, status
from featurewatch.native.up import up
from featurewatch.objectives.units import duration_text
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.rules.plan import Plan
from featurewatch.tools.alertmanager import Launch, alertmanager_command
from featurewatch.tools.toolbox import Tools

LOOPBACK = "127.0.0.1"
PORT_VARIABLES = {item.name: f"{item.name.upper()}_PORT" for item in fields(Ports)}
"""Each part's port and the environment variable that moves it."""

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


def addresses(ports: Ports) -> staging.Addresses:
    """The committed files' `name:port` to where that part listens here."""
    listens = {
        "prometheus:9090": ports.prometheus,
        "alertmanager:9093": ports.alertmanager,
        "node-exporter:9100": ports.node_exporter,
        "extractor:8000": ports.extractor,
        "inbox:2525": ports.inbox_smtp,
        "inbox:8025": ports.inbox_http,
    }
    return staging.Addresses({address: f"{LOOPBACK}:{port}" for address, port in listens.items()})


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
        """Stage, check, start, wait until every part answers. Raises `Faulty` before anything is touched."""
        self.stage()
        return up(self.stack, progress)

    def reload(self, progress: Progress = lambda _: None) -> list[PartStatus]:
        """Check the configuration as it is now, then let the running parts take it."""
        return self.up(progress)

    def down(self, progress: Progress = lambda _: None) -> bool:
        return down(self.run_dir, progress)

    def status(self) -> list[PartStatus]:
        return status(self.run_dir)

    def stage(self) -> None:
        """Put the checked configuration where the parts read it."""
        binaries = check.Binaries(Promtool(self.tools.promtool.path), Amtool(self.tools.amtool.path))
        checks = check.configuration_checks(self.project, self.plan, binaries)
        folder = RunFolder(self.run_dir)
        folder.make()
        where = addresses(self.ports)
        staging.stage(self.project.root, self.project.secrets, where, self.run_dir, checks)

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
                resend_delay=duration_text(timing.resend_delay),
                maintenance_interval=duration_text(timing.maintenance_interval),
                with_example=self.with_example,
                inbox_arguments=self._inbox_arguments(),
            )
        )

    def _inbox_arguments(self) -> tuple[str, ...]:
        """The inbox refuses what does not know the secrets, as the real services do."""
        notify, secrets = self.plan.objectives.notify, self.project.secrets
        arguments: list[str] = []
        if notify.pagerduty:
            arguments += ["--pagerduty-key-file", str(secrets / Path(notify.pagerduty.routing_key_file).name)]
        if notify.slack:
            arguments += ["--slack-url-file", str(secrets / Path(notify.slack.api_url_file).name)]
            arguments += ["--slack-channel", notify.slack.channel]
        if notify.email and notify.email.username and notify.email.password_file:
            arguments += ["--smtp-user", notify.email.username]
            arguments += ["--smtp-password-file", str(secrets / Path(notify.email.password_file).name)]
        return tuple(arguments)
