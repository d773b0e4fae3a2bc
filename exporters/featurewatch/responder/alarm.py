"""The second path: how the responder itself tells people, when Alertmanager does not. Used for nothing else."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, Protocol

import httpx

from featurewatch.responder.tries import tries

SECONDS: Final = 10.0
"""What one try may take."""


class AlarmFailed(Exception):
    """The second path failed, too; the message says how, without any secret."""


class Alarm(Protocol):
    """One way to tell somebody."""

    def say(self, subject: str, text: str) -> None:
        """Raises AlarmFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAlarm:
    """Mail, straight to a relay."""

    relay: str
    port: int
    sender: str
    to: Sequence[str]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True

    def say(self, subject: str, text: str) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, self.sender, ", ".join(self.to)
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="featurewatch.invalid")
        message.set_content(text)
        try:
            for attempt in tries(OSError, smtplib.SMTPException):
                with attempt, smtplib.SMTP(self.relay, self.port, timeout=SECONDS) as smtp:
                    if self.starttls:
                        smtp.starttls(context=ssl.create_default_context())
                    if self.username is not None:
                        smtp.login(self.username, self.password or "")
                    smtp.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise AlarmFailed(f"mail through {self.relay}:{self.port}: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAlarm:
    """A POST with `subject` and `text` as JSON."""

    url: str = field(repr=False)
    """It may hold a secret."""

    def say(self, subject: str, text: str) -> None:
        body = {"subject": subject, "text": text}
        try:
            for attempt in tries(httpx.HTTPError):
                with attempt:
                    httpx.post(self.url, json=body, timeout=SECONDS, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            raise AlarmFailed(f"POST to the alarm's address: {type(error).__name__}") from error
