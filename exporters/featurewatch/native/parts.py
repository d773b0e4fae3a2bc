"""What our own stack consists of: each part's command, where it listens, when it is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Final

from featurewatch.native.part import Part, Stack
from featurewatch.native.ports import LOOPBACK
from featurewatch.tls import FILE as WEB
from featurewatch.tls import Files
from featurewatch.tools.alertmanager import Launch
from featurewatch.tools.locate import Found
from featurewatch.tools.versions import Version

# What the objectives and the dashboards use; everything else would be scraped, stored and never looked at.
NODE_COLLECTORS: Final = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname")

RECORDS_EVENTS: Final = Version(0, 33)
"""The first Alertmanager whose event recorder writes what we read."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens, on loopback."""

    prometheus: int = 9090
    alertmanager: int = 9093
    node_exporter: int = 9100
    extractor: int = 8000
    inbox_smtp: int = 2525
    inbox_http: int = 8025
    preview: int = 3000
    responder: int = 8090


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the commands of the stack depend on. All paths are absolute."""

    checkout: Path
    run_dir: Path
    """Holds `prometheus/prometheus.yaml` and `alertmanager/alertmanager.yaml`, with all that these refer to."""
    data_dir: Path
    log_dir: Path
    prometheus: Found
    alertmanager: Found
    node_exporter: Found
    alertmanager_launch: Launch
    """From `featurewatch.tools.alertmanager.alertmanager_command`."""
    ports: Ports = field(default_factory=Ports)
    retention: str = "35d"
    scrape_seconds: float = 15.0
    """How often Prometheus scrapes; the preview's `$__rate_interval` follows from it."""
    resend_delay: str = "1m"
    """How often Prometheus repeats a firing alert to Alertmanager."""
    maintenance_interval: str = "10s"
    """How often Alertmanager writes down what it has sent: what a kill makes it forget, and then send again."""
    with_example: bool = True
    """With the demo inbox and the example extractor."""
    inbox_arguments: tuple[str, ...] = ()
    """More arguments for the inbox, such as what it is to accept."""
    responder_arguments: tuple[str, ...] | None = None
    """More arguments for the responder; None: there is none."""
    events: Path | None = None
    """The file in which Alertmanager's configuration records its events, which the responder reads."""
    viewer_token: Path | None = None
    """The file with what the responder wants of those who only read: the preview shows who has which alert in hand."""
    tls: Files | None = None
    """With what Prometheus, Alertmanager and the responder speak TLS; None: they do not."""
    extractor_admin: bool = True
    """Whether the example can be told to misbehave, by this machine only. The demo needs it."""


def stack(settings: Settings) -> Stack:
    """The stack in starting order: whoever receives comes before whoever sends."""
    wanted: list[Callable[[Settings], Part]] = [node_exporter, alertmanager, prometheus, preview]
    if settings.with_example:
        # Alertmanager delivers into the inbox, and Prometheus finds the extractor alive at its first scrape.
        wanted = [node_exporter, inbox, alertmanager, extractor, prometheus, preview]
    if settings.responder_arguments is not None:
        wanted.insert(wanted.index(alertmanager), responder)
    return Stack(tuple(make(settings) for make in wanted), settings.run_dir, settings.log_dir)


def prometheus(settings: Settings) -> Part:
    """Judges: scrapes, evaluates the rules, stores."""
    folder, port = settings.run_dir / "prometheus", settings.ports.prometheus
    base = _base(port, settings.tls)
    return Part(
        name="prometheus",
        argv=(
            str(settings.prometheus.path),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={settings.data_dir / 'prometheus'}",
            f"--storage.tsdb.retention.time={settings.retention}",
            f"--web.listen-address={LOOPBACK}:{port}",
            # Otherwise links in messages carry this machine's name, on which nothing listens.
            f"--web.external-url={base}/",
            "--web.enable-lifecycle",
            f"--rules.alert.resend-delay={settings.resend_delay}",
            "--enable-feature=native-histograms,exemplar-storage",
            *_web(settings, folder),
        ),
        cwd=folder,
        ready_url=f"{base}/-/ready",
        ports=(port,),
        url=base,
        version=str(settings.prometheus.version),
        # Flushes what it holds in memory, which takes a while when that is much.
        stop_seconds=60,
        watch=(folder,),
        reload_url=f"{base}/-/reload",
        ca_file=_authority(settings),
    )


def alertmanager(settings: Settings) -> Part:
    """Routes: groups, inhibits, sends."""
    folder, port = settings.run_dir / "alertmanager", settings.ports.alertmanager
    base = _base(port, settings.tls)
    launch = settings.alertmanager_launch
    return Part(
        name="alertmanager",
        argv=(
            *launch.argv,
            f"--config.file={folder / 'alertmanager.yaml'}",
            f"--storage.path={settings.data_dir / 'alertmanager'}",
            f"--data.maintenance-interval={settings.maintenance_interval}",
            f"--web.listen-address={LOOPBACK}:{port}",
            f"--web.external-url={base}/",
            # Empty: no cluster, and no port for one.
            "--cluster.listen-address=",
            *(("--enable-feature=event-recorder",) if settings.events else ()),
            *_web(settings, folder),
        ),
        cwd=launch.cwd or folder,
        ready_url=f"{base}/-/ready",
        ports=(port,),
        url=base,
        version=str(settings.alertmanager.version),
        watch=(folder,),
        reload_url=f"{base}/-/reload",
        ca_file=_authority(settings),
    )


def node_exporter(settings: Settings) -> Part:
    """Measures the machine."""
    port = settings.ports.node_exporter
    return Part(
        name="node_exporter",
        argv=(
            str(settings.node_exporter.path),
            f"--web.listen-address={LOOPBACK}:{port}",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in NODE_COLLECTORS),
        ),
        cwd=settings.run_dir,
        ready_url=f"{_base(port)}/metrics",
        ports=(port,),
        url=f"{_base(port)}/metrics",
        version=str(settings.node_exporter.version),
    )


def inbox(settings: Settings) -> Part:
    """Receives, in the demo, what the channels deliver."""
    smtp, http = settings.ports.inbox_smtp, settings.ports.inbox_http
    return _own(
        settings,
        "inbox",
        http,
        *("featurewatch.demo.inbox", "--smtp-port", str(smtp), "--http-port", str(http)),
        *("--directory", str(settings.data_dir / "inbox")),
        *settings.inbox_arguments,
        also=(smtp,),
    )


def extractor(settings: Settings) -> Part:
    """The example: technical features of market data."""
    port = settings.ports.extractor
    return _own(
        settings,
        "extractor",
        port,
        *("uvicorn", "--app-dir", "examples", "market_features.service:create_app"),
        *("--factory", "--host", LOOPBACK, "--port", str(port), "--no-access-log"),
        env={"FEATUREWATCH_EXAMPLE_ADMIN": "1" if settings.extractor_admin else "0"},
        watch=(settings.checkout / "examples/market_features",),
    )


def responder(settings: Settings) -> Part:
    """Sees through: keeps history and acknowledgements, which the rules of escalation read."""
    port = settings.ports.responder
    return _own(
        settings,
        "responder",
        port,
        *("featurewatch.responder", "--port", str(port)),
        *("--database", f"sqlite:///{settings.data_dir / 'responder/history.db'}"),
        *("--audit-anchor", str(settings.data_dir / "responder/audit.anchor")),
        *("--alertmanager", _base(settings.ports.alertmanager, settings.tls)),
        *("--prometheus", _base(settings.ports.prometheus, settings.tls)),
        *("--objectives", str(settings.checkout / "objectives.yaml")),
        *(("--events", str(settings.events)) if settings.events else ()),
        *(settings.responder_arguments or ()),
        secure=settings.tls,
        watch=_certified(settings),
    )


def preview(settings: Settings) -> Part:
    """Shows the dashboards and the runbooks, to which every message links."""
    port = settings.ports.preview
    return _own(
        settings,
        "preview",
        port,
        *("featurewatch.preview", "--port", str(port)),
        *("--dashboards", str(settings.checkout / "dashboards/out")),
        *("--runbooks", str(settings.checkout / "docs/alerts")),
        *("--prometheus", _base(settings.ports.prometheus, settings.tls)),
        *(("--ca-file", _authority(settings)) if settings.tls else ()),
        *("--scrape-seconds", f"{settings.scrape_seconds:g}"),
        *(_of_responder(settings) if settings.responder_arguments is not None else ()),
        watch=_certified(settings),
    )


def _own(
    settings: Settings,
    name: str,
    port: int,
    *module: str,
    also: tuple[int, ...] = (),
    env: Mapping[str, str] | None = None,
    watch: tuple[Path, ...] = (),
    secure: Files | None = None,
) -> Part:
    """A part that is written in Python: `python -m module …`, which answers HTTP at `port`, and listens at `also`."""
    base = _base(port, secure)
    return Part(
        name=name,
        argv=(sys.executable, "-m", *module),
        cwd=settings.checkout,
        ready_url=f"{base}/-/ready",
        env=env or {},
        ports=(*also, port),
        url=base,
        version=_version("featurewatch"),
        watch=watch,
        ca_file=str(secure.authority) if secure else "",
    )


def _of_responder(settings: Settings) -> tuple[str, ...]:
    token = settings.viewer_token
    # Without a token it would be refused at every question; the token of those who act is not for showing.
    if token is None:
        return ()
    return "--responder", _base(settings.ports.responder, settings.tls), "--responder-token-file", str(token)


def _web(settings: Settings, folder: Path) -> tuple[str, ...]:
    return (f"--web.config.file={folder / WEB}",) if settings.tls else ()


def _certified(settings: Settings) -> tuple[Path, ...]:
    """What our own parts read once; Prometheus and Alertmanager read it again for each connection."""
    tls = settings.tls
    return (tls.certificate, tls.key, tls.authority) if tls else ()


def _authority(settings: Settings) -> str:
    return str(settings.tls.authority) if settings.tls else ""


def _base(port: int, secure: Files | None = None) -> str:
    return f"{'https' if secure else 'http'}://{LOOPBACK}:{port}"


def _version(distribution: str) -> str:
    try:
        return installed_version(distribution)
    except PackageNotFoundError:  # run from a checkout that was never installed
        return ""
