"""The mail server: SMTP with a size limit and, where credentials are set, AUTH.

Limits and replies follow RFC 5321 (SMTP), RFC 1870 (SIZE) and RFC 4954 (AUTH), as `aiosmtpd` implements them.
"""

from __future__ import annotations

import asyncio
import email
import hmac
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default as mime_policy
from email.utils import getaddresses
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from featurewatch import names
from featurewatch.demo.inbox.faults import Faults, InjectedFault
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.message import Message, clean
from featurewatch.demo.inbox.recognition import LABELS, alert_names, recognise, status_of

HEADER_PREFIX: Final = "X-Featurewatch-"
"""Headers that state what the mail is about: `…-Alerts`, `…-Status`, and one per label (`…-Severity`, …)."""

MAX_BYTES: Final = 10 * 1024 * 1024

_MIME_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError)
"""What the standard library's parser raises on hostile headers and unknown charsets."""
_TAG: Final = re.compile(r"<(style|script)\b.*?</\1\s*>|<br\s*/?>|</(?:p|div|tr|li|h\d)>|<[^>]*>", re.I | re.S)


@dataclass(frozen=True)
class Credentials:
    """The user name and password that the server asks for."""

    user: str
    password: str

    def match(self, login: bytes, password: bytes) -> bool:
        right_user = hmac.compare_digest(login, self.user.encode())
        return hmac.compare_digest(password, self.password.encode()) and right_user


def read_mail(content: bytes, recipients: tuple[str, ...] = ()) -> Message:
    """What a mail says. `recipients` are those of the envelope; without them, those of the header count."""
    parsed = email.message_from_bytes(content, policy=mime_policy)
    subject = _header(parsed, "Subject")
    body = _part(parsed, "plain") or _without_tags(_part(parsed, "html"))
    stated = alert_names(_header(parsed, f"{HEADER_PREFIX}Alerts"))
    found = recognise(subject, body, status=status_of(_header(parsed, f"{HEADER_PREFIX}Status")))
    firing = stated if stated and found.status in ("firing", "mixed") else found.firing
    resolved = stated if stated and found.status in ("resolved", "mixed") else found.resolved
    labels = dict(found.labels) | {
        name: clean(value, 256) for name in LABELS if (value := _header(parsed, HEADER_PREFIX + name.replace("_", "-")))
    }
    return Message(
        channel="email",
        status=found.status,
        firing=firing,
        resolved=resolved,
        severity=labels.get(names.SEVERITY, ""),
        labels=labels,
        recipients=recipients or tuple(_addresses(parsed)),
        summary=clean(subject, 1024),
        body=clean(body),
    )


def html_part(content: bytes) -> str:
    """The HTML part of a mail, as it came; empty without one."""
    return _part(email.message_from_bytes(content, policy=mime_policy), "html")


class MailServer(SMTP):
    """One SMTP conversation. Records what it refuses, whatever the reason."""

    # What mail servers in the field ask for, and all that Alertmanager understands.
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, mailbox: Mailbox, faults: Faults, credentials: Credentials | None, max_bytes: int) -> None:
        self._mailbox = mailbox
        self._faults = faults
        self._credentials = credentials
        self._refused: Envelope | None = None
        super().__init__(
            self,
            data_size_limit=max_bytes,
            enable_SMTPUTF8=True,
            hostname="inbox.localhost",
            ident="featurewatch inbox",
            authenticator=self._authenticate_user,
            # AUTH is offered only when TLS is not required for it; there is no TLS on the loopback.
            auth_require_tls=credentials is None,
            loop=asyncio.get_running_loop(),
        )

    async def push(self, status: Any) -> None:
        """Sends a reply; a refusal of ours or of the library's is recorded first."""
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else str(status)
        if text[:1] in "45" and text[:3].isdigit():
            # The library has put a new envelope in place by the time it answers for the mail in the former one.
            envelope, self._refused = self._refused or self.envelope, None
            if envelope is not None:
                self._record(envelope, text)
        await super().push(status)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        if self._credentials is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        fault = self._faults.take("email")
        if fault is not None and fault.mode == "status":
            self._refused = envelope
            code = fault.code("email")
            return f"{code} {code // 100}.3.0 {fault.describe('email')}"
        if fault is not None:
            await self._hang(fault, envelope)
        self._mailbox.receive(read_mail(content, tuple(envelope.rcpt_tos)), content, ".eml")
        return "250 2.0.0 OK"

    def _authenticate_user(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        known = (
            self._credentials is not None
            and isinstance(given, LoginPassword)
            and self._credentials.match(given.login, given.password)
        )
        return AuthResult(success=known, handled=False)

    async def _hang(self, fault: InjectedFault, envelope: Envelope) -> None:
        """Returns when the mail may be accepted. The library cancels this when the sender closes the connection."""
        try:
            if await self._faults.hang("email", fault, asyncio.Event().wait):
                return
            raise asyncio.CancelledError
        except asyncio.CancelledError:
            self._record(envelope, f"{fault.describe('email')}; never answered")
            raise

    def _record(self, envelope: Envelope, reason: str) -> None:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        self._mailbox.receive(read_mail(raw, tuple(envelope.rcpt_tos)), raw, ".eml", reason)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except _MIME_ERRORS:
        return ""


def _addresses(message: EmailMessage) -> Iterator[str]:
    for _, address in getaddresses([_header(message, "To")]):
        if address:
            yield clean(address, 256)


def _part(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body(preferencelist=(kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except LookupError:
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    except _MIME_ERRORS:
        return ""


def _without_tags(markup: str) -> str:
    text = html.unescape(_TAG.sub(lambda tag: "\n" if tag.group()[:2] == "</" or "br" in tag.group() else " ", markup))
    return "\n".join(line for line in (" ".join(line.split()) for line in text.splitlines()) if line)
