"""How an inbox is run: where it listens, where it keeps what it received, which secrets it knows."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from featurewatch.demo.inbox.mail import MAX_BYTES, Credentials
from featurewatch.demo.inbox.mailbox import DEFAULT_LIMIT
from featurewatch.demo.inbox.pagerduty import ROUTING_KEY_LENGTH, Account
from featurewatch.demo.inbox.slack import Workspace

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All there is to decide about an inbox."""

    directory: Path
    address: str = "127.0.0.1"
    smtp_port: int = 2525
    http_port: int = 8025
    workspace: Workspace = field(default_factory=Workspace)
    account: Account = field(default_factory=Account)
    pagerduty_calls_per_minute: int = 120
    """PagerDuty, "Events API Rate Limits": about 120 per key."""
    credentials: Credentials | None = None
    max_mail_bytes: int = MAX_BYTES
    limit: int = DEFAULT_LIMIT
    administrators: tuple[Network, ...] = LOOPBACK
    """Where requests to inject faults and to clear may come from."""


def from_command_line(arguments: Sequence[str] | None = None) -> Settings:
    """Settings from options. Raises SettingsError; argparse itself exits with 2 on unknown options."""
    given = _parser().parse_args(arguments)
    _check_address(given.address, allow_remote=given.allow_remote)
    if given.limit < 1:
        raise SettingsError(f"--limit is {given.limit}; give the number of deliveries to keep, from 1")
    return Settings(
        directory=given.directory,
        address=given.address,
        smtp_port=given.smtp_port,
        http_port=given.http_port,
        workspace=_workspace(given.slack_url_file, given.slack_channel),
        account=_account(given.pagerduty_key_file),
        pagerduty_calls_per_minute=given.pagerduty_calls_per_minute,
        credentials=_credentials(given.smtp_user, given.smtp_password_file),
        max_mail_bytes=given.max_mail_bytes,
        limit=given.limit,
        administrators=(*LOOPBACK, *(_network(text) for text in given.admin_network)),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m featurewatch.demo.inbox",
        description="A mail server and Slack, PagerDuty and webhook endpoints that show what they receive.",
    )
    add = parser.add_argument
    add("--directory", type=Path, required=True, metavar="DIR", help="where deliveries are kept")
    add("--smtp-port", type=int, default=2525, help="0 picks a free one (default: %(default)s)")
    add("--http-port", type=int, default=8025, help="0 picks a free one (default: %(default)s)")
    add("--address", default="127.0.0.1", help="the IP address to listen on (default: %(default)s)")
    add("--allow-remote", action="store_true", help="allow an address that other machines can reach")
    add("--admin-network", action="append", default=[], metavar="CIDR", help="who else may inject faults and clear")
    add("--slack-url-file", type=Path, metavar="FILE", help="the only webhook that exists (slack_api_url_file)")
    add("--slack-channel", action="append", default=[], metavar="NAME", help="a channel that exists (default: all)")
    add("--pagerduty-key-file", type=Path, metavar="FILE", help="the only routing key that exists (routing_key_file)")
    add("--pagerduty-calls-per-minute", type=int, default=120, metavar="N", help="per key (default: %(default)s)")
    add("--smtp-user", metavar="NAME", help="ask for AUTH as this user")
    add("--smtp-password-file", type=Path, metavar="FILE", help="the user's password (auth_password_file)")
    add("--max-mail-bytes", type=int, default=MAX_BYTES, metavar="N", help="default: %(default)s")
    add("--limit", type=int, default=DEFAULT_LIMIT, metavar="N", help="deliveries to keep (default: %(default)s)")
    return parser


def _check_address(address: str, *, allow_remote: bool) -> None:
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise SettingsError(f"--address is {address!r}; give an IP address, such as 127.0.0.1") from None
    if not loopback and not allow_remote:
        raise SettingsError(
            f"--address {address} can be reached from other machines and the inbox shows all it holds to anyone; "
            "use 127.0.0.1, or add --allow-remote where that is meant (in a container)"
        )


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise SettingsError(f"--admin-network is {text!r}: {error}; give one like 172.16.0.0/12") from None


def _secret(option: str, path: Path) -> str:
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{option}: cannot read {path}: {error}") from None
    if not secret:
        raise SettingsError(f"{option}: {path} is empty; put the secret there, the same that Alertmanager reads")
    return secret


def _workspace(path: Path | None, channels: list[str]) -> Workspace:
    known = frozenset(channel.lstrip("#") for channel in channels)
    if path is None:
        return Workspace(channels=known)
    try:
        return Workspace.from_url(_secret("--slack-url-file", path), known)
    except ValueError as error:
        raise SettingsError(f"--slack-url-file: {path} holds {error}") from None


def _account(path: Path | None) -> Account:
    if path is None:
        return Account()
    key = _secret("--pagerduty-key-file", path)
    if len(key) != ROUTING_KEY_LENGTH:
        raise SettingsError(
            f"--pagerduty-key-file: {path} holds {len(key)} characters; a routing key has {ROUTING_KEY_LENGTH}"
        )
    return Account(key)


def _credentials(user: str | None, path: Path | None) -> Credentials | None:
    if user is None and path is None:
        return None
    if user is None or path is None:
        raise SettingsError("--smtp-user and --smtp-password-file belong together; give both or neither")
    return Credentials(user, _secret("--smtp-password-file", path))
