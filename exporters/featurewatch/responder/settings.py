"""How a responder is run: where it listens, where it keeps its history, who may call."""

from __future__ import annotations

import argparse
import ipaddress
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from featurewatch.responder.alarm import Alarm, HttpAlarm, MailAlarm
from featurewatch.responder.audit import SHORTEST_KEY
from featurewatch.responder.rounds import Reconciling
from featurewatch.responder.tokens import Bearer, Role

SHORTEST_TOKEN: Final = 16
"""Characters. Shorter ones can be guessed over a network."""


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All there is to decide about a responder."""

    database: str
    """`sqlite:///FILE` or `postgresql://…`."""
    tokens: Mapping[str, Bearer] = field(default_factory=dict, repr=False)
    """Tokens from files, and who bears them; more can be made by an admin."""
    alertmanager: str | None = None
    """Where to ask what fires; None: nothing is reconciled."""
    prometheus: str | None = None
    pace: Reconciling = field(default_factory=Reconciling)
    events: Path | None = None
    """The file that Alertmanager's event recorder writes; None: nothing is known of what was inhibited or silenced."""
    alarms: Sequence[Alarm] = ()
    """Told when nothing has been heard of Watchdog for `silence_seconds`."""
    silence_seconds: float = 180.0
    """Three signs of life, which come every minute."""
    objectives: Path | None = None
    """objectives.yaml; None: people, roles and objectives are unknown."""
    audit_key: bytes | None = field(default=None, repr=False)
    """What the audit is chained with; None: nothing is repaired."""
    audit_anchor: Path | None = None
    """The file in which the audit's end is kept, outside the database."""
    secrets: Path = Path("secrets")
    """The folder that `secrets/` in objectives.yaml stands for."""
    repair_seconds: float = 2.0
    """Between two rounds of repair."""
    audit_seconds: float = 60.0
    """Between two looks whether the audit is whole."""
    lease: timedelta = timedelta(seconds=60)
    """How long no other responder follows a run whose own says nothing."""
    retention_days: float = 30.0
    runs_days: float = 400.0
    """How long after its end an alert stays in the history."""
    requests_per_second: float = 20.0
    """Of one bearer, ten times as many at once; what Alertmanager sends is not counted."""
    certificate: Path | None = None
    """PEM file of the certificate (and those between it and its authority); None: plain HTTP."""
    key: Path | None = field(default=None, repr=False)
    """PEM file of its key."""
    authority: Path | None = None
    """PEM file of whom to trust as Alertmanager and Prometheus; None: whom the system trusts."""
    address: str = "127.0.0.1"
    port: int = 8090

    def trusted(self) -> ssl.SSLContext | bool:
        """Whom to trust as Alertmanager and Prometheus, as httpx takes it."""
        return True if self.authority is None else ssl.create_default_context(cafile=str(self.authority))


def from_command_line(arguments: Sequence[str] | None = None) -> Settings:
    """Settings from options. Raises SettingsError; argparse itself exits with 2 on unknown options."""
    given = _parser().parse_args(arguments)
    if not _is_address(given.address):
        raise SettingsError(f"--address is {given.address!r}; give an IP address, such as 127.0.0.1")
    if (given.tls_certificate_file is None) != (given.tls_key_file is None):
        raise SettingsError("--tls-certificate-file and --tls-key-file belong together; give both, or none")
    database = given.database
    if given.database_file is not None:
        database = _secret("--database-file", given.database_file)
    return Settings(
        database=database,
        tokens=dict(_token(text) for text in given.token),
        alertmanager=_base("--alertmanager", given.alertmanager),
        prometheus=_base("--prometheus", given.prometheus),
        pace=Reconciling(
            seconds=given.reconcile_seconds,
            back=timedelta(seconds=given.look_back_seconds),
            grace=timedelta(seconds=given.grace_seconds),
        ),
        events=given.events,
        alarms=tuple(_alarms(given)),
        silence_seconds=given.silence_seconds,
        objectives=given.objectives,
        **_repair(given),
        retention_days=given.retention_days,
        runs_days=given.runs_days,
        requests_per_second=given.requests_per_second,
        certificate=_readable("--tls-certificate-file", given.tls_certificate_file),
        key=_readable("--tls-key-file", given.tls_key_file),
        authority=_readable("--tls-ca-file", given.tls_ca_file),
        address=given.address,
        port=given.port,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m featurewatch.responder",
        description="Keeps what alerts did and who has them in hand, and tells the escalation rules.",
    )
    add = parser.add_argument
    add("--database", default="sqlite:///responder.db", metavar="URL", help="default: %(default)s")
    add("--database-file", type=Path, metavar="FILE", help="holds the URL, when it has a password in it")
    add("--token", action="append", default=[], metavar="NAME:ROLE:FILE", help="who may call; role: viewer, operator…")
    add("--alertmanager", metavar="URL", help="asked for what was missed (default: nothing is asked)")
    add("--prometheus", metavar="URL", help="the same; both are needed")
    pace, seconds = Reconciling(), "S"
    back, grace = pace.back.total_seconds(), pace.grace.total_seconds()
    add("--reconcile-seconds", type=_duration, default=pace.seconds, metavar=seconds, help="between two such questions")
    add("--look-back-seconds", type=_duration, default=back, metavar=seconds, help="how far back Prometheus is asked")
    add("--grace-seconds", type=_duration, default=grace, metavar=seconds, help="until what nobody knows of has ended")
    add("--events", type=Path, metavar="FILE", help="what Alertmanager's event recorder writes")
    add("--alarm-mail", action="append", default=[], metavar="TO", help="told when Watchdog is silent, by mail")
    add("--alarm-relay", default="127.0.0.1:25", metavar="HOST:PORT", help="the mail's way (default: %(default)s)")
    add("--alarm-from", default="featurewatch@localhost", metavar="FROM", help="default: %(default)s")
    add("--alarm-user", metavar="NAME", help="the relay's user")
    add("--alarm-password-file", type=Path, metavar="FILE", help="the user's password")
    add("--alarm-plain", action="store_true", help="without STARTTLS")
    add("--alarm-url-file", type=Path, metavar="FILE", help="holds a URL that is told when Watchdog is silent")
    add("--silence-seconds", type=float, default=180.0, metavar="S", help="until that counts as silent (%(default)s)")
    add("--objectives", type=Path, metavar="FILE", help="objectives.yaml: who is on call, what is promised")
    add("--audit-key-file", type=Path, metavar="FILE", help="lets it repair; what its decisions are chained with")
    add("--audit-anchor", type=Path, metavar="FILE", help="where the end of that chain is kept, outside the database")
    add("--secrets", type=Path, default=Path("secrets"), metavar="DIR", help="what objectives.yaml calls secrets/")
    add("--repair-seconds", type=_duration, default=2.0, metavar=seconds, help="between two rounds of repair")
    add("--audit-seconds", type=_duration, default=60.0, metavar=seconds, help="between two looks at the audit")
    add("--lease-seconds", type=_duration, default=60.0, metavar=seconds, help="until another responder takes over")
    add(
        "--retention-days", type=_days, default=30.0, metavar="N", help="history is kept so long (default: %(default)s)"
    )
    add("--runs-days", type=_days, default=400.0, metavar="N", help="runs of actions are kept so long (%(default)s)")
    add("--requests-per-second", type=_duration, default=20.0, metavar="N", help="of one bearer (default: %(default)s)")
    add("--tls-certificate-file", type=Path, metavar="FILE", help="serve HTTPS with it, and nothing else")
    add("--tls-key-file", type=Path, metavar="FILE", help="the certificate's key")
    add("--tls-ca-file", type=Path, metavar="FILE", help="whom to trust as Alertmanager and Prometheus")
    add("--address", default="127.0.0.1", help="the IP address to listen on (default: %(default)s)")
    add("--port", type=int, default=8090, help="0 picks a free one (default: %(default)s)")
    return parser


def _repair(given: argparse.Namespace) -> dict[str, Any]:
    """What has to do with repair."""
    key = None
    if given.audit_key_file is not None:
        if given.audit_anchor is None:
            raise SettingsError("--audit-key-file needs --audit-anchor: a file outside the database")
        key = _secret("--audit-key-file", given.audit_key_file).encode()
        if len(key) < SHORTEST_KEY:
            raise SettingsError(
                f"--audit-key-file: {given.audit_key_file} holds {len(key)} bytes; at least {SHORTEST_KEY} are needed, "
                "such as `openssl rand -hex 32` makes"
            )
        if given.objectives is None:
            raise SettingsError("--audit-key-file lets the responder repair; add --objectives, which says what")
    return {
        "audit_key": key,
        "audit_anchor": given.audit_anchor,
        "secrets": given.secrets,
        "repair_seconds": given.repair_seconds,
        "audit_seconds": given.audit_seconds,
        "lease": timedelta(seconds=given.lease_seconds),
    }


def _days(text: str) -> float:
    days = float(text)
    if not 1 <= days <= 3_650:
        raise argparse.ArgumentTypeError(f"{text} days; give 1 to 3650")
    return days


def _duration(text: str) -> float:
    """Seconds above 0, at most a year. Raises ValueError, of which argparse makes its message."""
    seconds = float(text)
    if not 0 < seconds <= 365 * 86_400:
        raise ValueError(text)
    return seconds


def _token(text: str) -> tuple[str, Bearer]:
    name, role, file = (*text.split(":", 2), "", "")[:3]
    if not name or role.upper() not in Role.__members__ or not file:
        raise SettingsError(f"--token is {text!r}; give one like alertmanager:operator:secrets/responder_token")
    token = _secret("--token", Path(file))
    if len(token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"--token: {file} holds {len(token)} characters; at least {SHORTEST_TOKEN} are needed, such as "
            "`openssl rand -hex 16` makes"
        )
    return token, Bearer(name, Role[role.upper()])


def _alarms(given: argparse.Namespace) -> Iterator[Alarm]:
    relay, _, port = given.alarm_relay.rpartition(":")
    if not relay or not port.isdigit():
        raise SettingsError(f"--alarm-relay is {given.alarm_relay!r}; give one like smtp.example.org:587")
    if given.alarm_mail:
        password = given.alarm_password_file
        yield MailAlarm(
            relay=relay,
            port=int(port),
            sender=given.alarm_from,
            to=given.alarm_mail,
            username=given.alarm_user,
            password=_secret("--alarm-password-file", password) if password else None,
            starttls=not given.alarm_plain,
        )
    if given.alarm_url_file is not None:
        yield HttpAlarm(url=_secret("--alarm-url-file", given.alarm_url_file))


def _base(option: str, url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"{option} is {url!r}; give one like http://127.0.0.1:9093")
    return url.rstrip("/")


def _readable(option: str, path: Path | None) -> Path | None:
    """A file that is read later, by others."""
    if path is not None:
        try:
            path.open("rb").close()
        except OSError as error:
            raise SettingsError(f"{option}: cannot read {path}: {error.strerror}") from None
    return path


def _is_address(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _secret(option: str, path: Path) -> str:
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{option}: cannot read {path}: {error}") from None
    if not secret:
        raise SettingsError(f"{option}: {path} is empty; put the token there")
    return secret
