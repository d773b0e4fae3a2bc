"""How a responder is run: where it listens, where it keeps its history, who may call."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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
    address: str = "127.0.0.1"
    port: int = 8090


def from_command_line(arguments: Sequence[str] | None = None) -> Settings:
    """Settings from options. Raises SettingsError; argparse itself exits with 2 on unknown options."""
    given = _parser().parse_args(arguments)
    if not _is_address(given.address):
        raise SettingsError(f"--address is {given.address!r}; give an IP address, such as 127.0.0.1")
    database = given.database
    if given.database_file is not None:
        database = _secret("--database-file", given.database_file)
    return Settings(
        database=database,
        tokens=dict(_token(text) for text in given.token),
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
    add("--address", default="127.0.0.1", help="the IP address to listen on (default: %(default)s)")
    add("--port", type=int, default=8090, help="0 picks a free one (default: %(default)s)")
    return parser


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
