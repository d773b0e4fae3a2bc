"""The files with the secrets: can Alertmanager use them? amtool does not look, and a missing one is noticed only when
the first alert cannot be sent.

Alertmanager opens them when it sends, relative to its working directory, and cuts white space off both ends.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from featurewatch.faults import Fault
from featurewatch.objectives.handling import Handling
from featurewatch.objectives.model import Notify
from featurewatch.objectives.receivers_spec import files_in
from featurewatch.routes import levels

FOLDER = "secrets/"
"""How the paths in objectives.yaml begin; the folder that is meant differs between production and a local run."""

MAX_BYTES = 4096

NOTHING = Handling()

ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}")
_EXAMPLE = re.compile(r"X{8,}|your[-_ ]?\w+|change[-_ ]?me|example\.(?:com|org)", re.IGNORECASE)
"""What documentation writes where the secret goes."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One file with a secret."""

    key: str
    """Its key in objectives.yaml."""
    declared: str
    """Its path there."""
    shape: Callable[[str], str]
    """Says what is wrong with a content, or nothing."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. Warnings do not stop anything: other systems have other rules for who may read."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = field(default=())


def secrets(notify: Notify, handling: Handling = NOTHING) -> tuple[Secret, ...]:
    """The secrets of all channels that some severity or level uses, of the responder, targets and further receivers."""
    used = {channel for channels in notify.channels.values() for channel in channels} | levels.channels_used(handling)
    found: list[Secret] = []
    if notify.pagerduty and "pagerduty" in used:
        found.append(Secret("notify.pagerduty.routing_key_file", notify.pagerduty.routing_key_file, _routing_key))
    if notify.slack and "slack" in used:
        found.append(Secret("notify.slack.api_url_file", notify.slack.api_url_file, _slack_url))
    if notify.email and notify.email.password_file is not None and "email" in used:
        found.append(Secret("notify.email.password_file", notify.email.password_file, _password))
    if notify.webhook and "webhook" in used:
        found.append(Secret("notify.webhook.url_file", notify.webhook.url_file, _webhook_url))
    if handling.responder is not None:
        found.append(Secret("responder.token_file", handling.responder.token_file, _token))
        if handling.responder.viewer_token_file is not None:
            found.append(Secret("responder.viewer_token_file", handling.responder.viewer_token_file, _token))
        if handling.responder.audit_key_file is not None:
            found.append(Secret("responder.audit_key_file", handling.responder.audit_key_file, _key))
    for target in {action.target.name: action.target for action in handling.actions}.values():
        if target.token_file is not None:
            look = _password if target.kind == "redis" else _token
            found.append(Secret(f"targets.{target.name}.token_file", target.token_file, look))
    for receiver in handling.receivers:
        for keys, file in files_in(receiver.settings):
            found.append(Secret(f"receivers.{receiver.name}.{'.'.join(keys)}", file, _token))
    return tuple(found)


def check(notify: Notify, directory: Path, handling: Handling = NOTHING) -> Checked:
    """Look at every secret. `directory` is the folder that `secrets/` stands for; no content is ever repeated."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for secret in secrets(notify, handling):
        path = place(secret.declared, directory)
        if path is None:
            what = f"{secret.key}: {secret.declared} lies outside the folder of secrets"
            faults.append(Fault("objectives.yaml", 0, 0, what, f"write {FOLDER}NAME, or an absolute path"))
            continue
        found = list(_faults(secret, path))
        faults += found
        warnings += () if found else _warnings(secret, path)
    return Checked(tuple(faults), tuple(warnings))


def place(declared: str, directory: Path) -> Path | None:
    """Where a declared path leads; None where nothing would bring the file to Alertmanager."""
    if Path(declared).is_absolute():
        return Path(declared)
    name = declared.removeprefix(FOLDER)
    if name == declared or not name or "/" in name or name in (".", ".."):
        return None
    return directory / name


def _faults(secret: Secret, path: Path) -> Iterator[Fault]:
    def fault(what: str, remedy: str) -> Fault:
        return Fault(os.fspath(path), 0, 0, f"{secret.key}: {what}", remedy)

    put = "put the secret, and nothing else, into this file; chmod 600"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            yield fault("not a file", put)
            return
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        yield fault("missing", put)
        return
    except OSError as error:
        yield fault(f"cannot be read ({error.strerror})", "let the user that runs Alertmanager read it")
        return
    if len(content) > MAX_BYTES:
        yield fault(f"larger than {MAX_BYTES} bytes", put)
        return
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        yield fault("not text", put)
        return
    if not text:
        yield fault("empty", put)
    elif complaint := _complaint(secret, text):
        yield fault(complaint, put)
    if status.st_mode & stat.S_IWOTH:
        yield fault("may be changed by everybody", f"chmod 600 {path}")


def _complaint(secret: Secret, text: str) -> str:
    if text.startswith("\ufeff"):
        return "begins with a byte order mark, which would be sent along"
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return "holds several lines or control characters"
    return secret.shape(text)


def _warnings(secret: Secret, path: Path) -> Iterator[Fault]:
    """Readable by more than its owner: usual where a container's user must read it, careless elsewhere."""
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        what = f"{secret.key}: may be read by others than its owner"
        yield Fault(os.fspath(path), 0, 0, what, f"chmod 600 {path}, unless Alertmanager runs as another user")


def _routing_key(text: str) -> str:
    if not ROUTING_KEY.fullmatch(text):
        return "not a routing key: 32 letters and digits, from an integration of type Events API v2"
    return "still the example of some documentation" if len(set(text)) == 1 else ""


def _slack_url(text: str) -> str:
    url = _url(text)
    if url is None or url.scheme not in ("https", "http"):
        return "not the address of a webhook: https://hooks.slack.com/services/T…/B…/…"
    if url.scheme == "http" and not _near(url):
        return "http would send messages in the clear; Slack's webhooks are https"
    if url.hostname == "hooks.slack.com" and not re.fullmatch(r"/services/T\w+/B\w+/\w+", url.path):
        return "not the address of an incoming webhook: https://hooks.slack.com/services/T…/B…/…"
    return "still the example of some documentation" if _EXAMPLE.search(text) else ""


def _webhook_url(text: str) -> str:
    url = _url(text)
    if url is None or url.scheme not in ("https", "http"):
        return "not an address: http://… or https://…"
    return "still the example of some documentation" if _EXAMPLE.search(text) else ""


def _token(text: str) -> str:
    return "not one line without blanks" if re.search(r"\s", text) else _password(text)


def _key(text: str) -> str:
    return "shorter than 32 bytes; `openssl rand -hex 32` makes one" if len(text.encode()) < 32 else _token(text)


def _password(text: str) -> str:
    return "still the example of some documentation" if re.fullmatch(_EXAMPLE, text) else ""


def _url(text: str) -> SplitResult | None:
    """The parts of an address; None where it is none, or would be read as a template."""
    if re.search(r"[\s<>\"{}\\^`]", text):
        return None
    try:
        url = urlsplit(text)
        port_is_number = url.port is None or url.port > 0
    except ValueError:
        return None
    return url if url.hostname and port_is_number else None


def _near(url: SplitResult) -> bool:
    """Loopback, or a name without a domain, as a network of containers has it."""
    host = url.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host
