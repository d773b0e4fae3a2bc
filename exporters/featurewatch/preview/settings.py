"""How the preview is run: what it shows, whom it asks, who may look."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from featurewatch.tls import trusted

SHORTEST_TOKEN: Final = 16
"""Characters. Shorter ones can be guessed over a network."""


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All there is to decide about a preview."""

    dashboards: Path
    """Holds the dashboards' JSON."""
    runbooks: Path
    """Holds one Markdown file per alert, named after it."""
    prometheus: str
    responder: str | None = None
    responder_token: str | None = None
    authority: Path | None = None
    """PEM file of whom to trust as both; None: those of the system."""
    address: str = "127.0.0.1"
    port: int = 3000
    token: str | None = None
    """What readers must give. Only on loopback may there be none."""
    hosts: frozenset[str] = frozenset()
    """Names, beside localhost and plain IP addresses, by which browsers may call us."""
    scrape_seconds: float = 15.0
    """Between two scrapes, where a panel does not say; `$__rate_interval` follows from it."""
    cache_seconds: float = 2.0
    """For how long one answer is given to all who ask the same."""


def from_command_line(arguments: Sequence[str] | None = None) -> Settings:
    """Settings from options. Raises SettingsError; argparse itself exits with 2 on unknown options."""
    given = _parser().parse_args(arguments)
    token = _secret("--token-file", given.token_file)
    if not _is_loopback(given.address) and token is None:
        raise SettingsError(
            f"--address {given.address} can be reached from other machines and the preview shows all that Prometheus "
            "knows; use 127.0.0.1, or say with --token-file what readers must give"
        )
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"--token-file: {given.token_file} holds {len(token)} characters; at least {SHORTEST_TOKEN} are needed, "
            "such as `openssl rand -hex 16` makes"
        )
    if not 0 <= given.cache_seconds <= 60:
        raise SettingsError(f"--cache-seconds is {given.cache_seconds}; give 0 to 60")
    if not 0 < given.scrape_seconds <= 3600:
        raise SettingsError(f"--scrape-seconds is {given.scrape_seconds}; give more than 0, up to 3600")
    for option, folder in (("--dashboards", given.dashboards), ("--runbooks", given.runbooks)):
        if folder.exists() and not folder.is_dir():
            raise SettingsError(f"{option}: {folder} is not a folder")
    return Settings(
        dashboards=given.dashboards,
        runbooks=given.runbooks,
        prometheus=_base("--prometheus", given.prometheus),
        responder=_base("--responder", given.responder) if given.responder else None,
        responder_token=_secret("--responder-token-file", given.responder_token_file),
        authority=_authority(given.ca_file),
        address=given.address,
        port=given.port,
        token=token,
        hosts=frozenset(name.lower() for name in given.host),
        scrape_seconds=given.scrape_seconds,
        cache_seconds=given.cache_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m featurewatch.preview",
        description="Shows the dashboards in a browser where no Grafana is installed. It only reads.",
    )
    add = parser.add_argument
    add("--dashboards", type=Path, default=Path("dashboards/out"), metavar="DIR", help="JSON (default: %(default)s)")
    add("--runbooks", type=Path, default=Path("docs/alerts"), metavar="DIR", help="Markdown (default: %(default)s)")
    add("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default: %(default)s")
    add("--responder", metavar="URL", help="for incidents and acknowledgements (default: none is asked)")
    add("--responder-token-file", type=Path, metavar="FILE", help="what the responder wants of a viewer")
    add("--ca-file", type=Path, metavar="FILE", help="whom to trust as Prometheus and the responder")
    add("--address", default="127.0.0.1", help="the IP address to listen on (default: %(default)s)")
    add("--port", type=int, default=3000, help="0 picks a free one (default: %(default)s)")
    add("--token-file", type=Path, metavar="FILE", help="what readers must give; needed where others can reach us")
    add("--host", action="append", default=[], metavar="NAME", help="a name by which browsers may call us")
    add("--scrape-seconds", type=float, default=15.0, metavar="S", help="Prometheus' scrape interval (%(default)s)")
    add("--cache-seconds", type=float, default=2.0, metavar="S", help="how long answers are shared (%(default)s)")
    return parser


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise SettingsError(f"--address is {address!r}; give an IP address, such as 127.0.0.1") from None


def _base(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        _ = parts.port  # raises when it is no number
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{option} is {url!r}; give one like http://127.0.0.1:9090")
    return url.rstrip("/")


def _authority(path: Path | None) -> Path | None:
    try:
        trusted(path)
    except OSError as error:
        raise SettingsError(f"--ca-file: {path} cannot be used: {error.strerror or error}") from None
    return path


def _secret(option: str, path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{option}: cannot read {path}: {error}") from None
    if not secret:
        raise SettingsError(f"{option}: {path} is empty; put the token there")
    return secret
