"""Secrets for the local inbox: made up, of the shape of real ones, and never written over a user's own."""

from __future__ import annotations

import re
import secrets
import string
from pathlib import Path

from featurewatch import whole_file

_OURS = re.compile(r"http://[^/\s]+(?:/services/T000/B000/[0-9a-f]{24}|/webhook)\s*")
"""An address that an earlier call wrote."""


def write_demo_secrets(directory: Path, inbox_http_url: str) -> tuple[str, ...]:
    """Put what is missing into `directory`, mode 0600; returns the names of the files written.

    An address that an earlier call wrote follows the inbox when that listens elsewhere now.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    inbox = inbox_http_url.rstrip("/")
    wanted = {
        "slack_api_url": f"{inbox}/services/T000/B000/{secrets.token_hex(12)}",
        "webhook_url": f"{inbox}/webhook",
        "pagerduty_routing_key": "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32)),
        "smtp_password": secrets.token_urlsafe(24),
        "responder_token": secrets.token_urlsafe(32),
        "viewer_token": secrets.token_urlsafe(32),
        "audit_key": secrets.token_hex(32),
    }
    return tuple(name for name, content in wanted.items() if _write(directory / name, content, inbox))


def _write(path: Path, content: str, inbox: str) -> bool:
    if path.exists():
        kept = path.read_text(encoding="utf-8", errors="replace")
        if kept.startswith(f"{inbox}/") or not _OURS.fullmatch(kept):
            return False
    whole_file.write(path, f"{content}\n".encode(), mode=0o600)
    return True
