"""What docker-compose.yml needs to know of objectives.yaml: `.env` beside it, which compose reads by itself."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from featurewatch.objectives.model import Notify, Objectives
from featurewatch.objectives.units import duration_text
from featurewatch.routes.secrets import FOLDER
from featurewatch.rules.plan import Plan

SECRETS: Final = PurePosixPath("/run/featurewatch/secrets")
"""Where the secrets' files stand in the containers that read them."""

HEADER: Final = "# Made by `make generate` from objectives.yaml; do not edit.\n"


def env_file(plan: Plan) -> str:
    """The text of deploy/.env."""
    values = {
        "FEATUREWATCH_RETENTION": duration_text(plan.objectives.retention),
        "FEATUREWATCH_RESEND_DELAY": duration_text(plan.timing.resend_delay),
        "FEATUREWATCH_MAINTENANCE_INTERVAL": duration_text(plan.timing.maintenance_interval),
        "FEATUREWATCH_RESPONDER_ARGUMENTS": shlex.join(responder_arguments(plan.objectives) or ()),
        "FEATUREWATCH_INBOX_ARGUMENTS": shlex.join(inbox_arguments(plan.objectives.notify)),
    }
    return HEADER + "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())


def inbox_arguments(notify: Notify, secrets: PurePath = SECRETS) -> tuple[str, ...]:
    """The inbox refuses whoever does not know the secrets, as the real services do."""
    arguments: list[str] = []
    if notify.pagerduty:
        arguments += ["--pagerduty-key-file", _inside(secrets, notify.pagerduty.routing_key_file)]
    if notify.slack:
        arguments += ["--slack-url-file", _inside(secrets, notify.slack.api_url_file)]
        arguments += ["--slack-channel", notify.slack.channel.lstrip("#")]
    if notify.email and notify.email.username and notify.email.password_file:
        arguments += ["--smtp-user", notify.email.username]
        arguments += ["--smtp-password-file", _inside(secrets, notify.email.password_file)]
    return tuple(arguments)


def responder_arguments(objectives: Objectives, secrets: PurePath = SECRETS) -> tuple[str, ...] | None:
    """Who may call the responder, and how it says that nobody can be told of an alert; None where there is none."""
    responder, email = objectives.handling.responder, objectives.notify.email
    if responder is None:
        return None
    arguments = ["--token", f"alertmanager:operator:{_inside(secrets, responder.token_file)}"]
    if responder.viewer_token_file is not None:
        arguments += ["--token", f"viewer:viewer:{_inside(secrets, responder.viewer_token_file)}"]
    if objectives.tls is not None:
        arguments += ["--tls-certificate-file", _inside(secrets, objectives.tls.certificate_file)]
        arguments += ["--tls-key-file", _inside(secrets, objectives.tls.key_file)]
        arguments += ["--tls-ca-file", _inside(secrets, objectives.tls.ca_file)]
    if responder.audit_key_file is not None:
        arguments += ["--audit-key-file", _inside(secrets, responder.audit_key_file), "--secrets", str(secrets)]
    if email is not None:
        for address in email.to:
            arguments += ["--alarm-mail", address]
        arguments += ["--alarm-relay", email.smarthost, "--alarm-from", email.sender]
        if email.username and email.password_file:
            arguments += ["--alarm-user", email.username]
            arguments += ["--alarm-password-file", _inside(secrets, email.password_file)]
        if not email.require_tls:
            arguments.append("--alarm-plain")
    return tuple(arguments)


def viewer_token(objectives: Objectives, secrets: Path) -> Path | None:
    """The file that lets others read what the responder knows, and no more; None where there is none."""
    responder = objectives.handling.responder
    if responder is None or responder.viewer_token_file is None:
        return None
    return Path(_inside(secrets, responder.viewer_token_file))


def _inside(secrets: PurePath, declared: str) -> str:
    # An absolute path stays what it is.
    return str(secrets / declared.removeprefix(FOLDER))


def _quoted(value: str) -> str:
    """Within double quotes compose expands `$` and reads backslashes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
