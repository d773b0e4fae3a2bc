"""The inbox as a mail server."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from tests.demo_inbox import RunningInbox, running_inbox

from featurewatch.demo.inbox.mail import html_part, read_mail


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInbox]:
    directory: Path = tmp_path_factory.mktemp("mail")
    (directory / "password").write_text("correct horse\n")
    options = ("--smtp-user", "alertmanager", "--smtp-password-file", str(directory / "password"))
    with running_inbox(directory / "inbox", *options, "--max-mail-bytes", "20000") as running:
        yield running


def connect(inbox: RunningInbox, password: str = "correct horse") -> smtplib.SMTP:
    connection = smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=10)
    if password:
        connection.login("alertmanager", password)
    return connection


def mail(subject: str = "[FIRING:1] ExtractionTooSlow market", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "alertmanager@example.org"
    message["To"] = "oncall@example.org"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Severity: critical\nService: market\nExtractor: technical\n")
    message.add_alternative("<h1>ExtractionTooSlow</h1><script>alert(1)</script>", subtype="html")
    return message


def test_a_mail_is_received_with_its_parts_and_every_recipient(inbox: RunningInbox) -> None:
    with connect(inbox) as connection:
        connection.send_message(mail(), to_addrs=["oncall@example.org", "lead@example.org"])
    received = inbox.client.deliveries(channel="email")[-1]
    assert received.recipients == ("oncall@example.org", "lead@example.org")
    assert received.status == "firing"
    assert received.firing == ("ExtractionTooSlow",)
    assert received.severity == "critical"
    assert received.labels == {"severity": "critical", "service": "market", "extractor": "technical"}
    assert received.body.startswith("Severity: critical")
    assert received.raw.endswith(".eml")
    assert "<h1>ExtractionTooSlow</h1>" in inbox.get(f"/deliveries/{received.id}/html").text


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_the_right_password_opens_the_door_by_either_mechanism(inbox: RunningInbox, mechanism: str) -> None:
    with connect(inbox, password="") as connection:
        connection.ehlo()
        assert mechanism in connection.esmtp_features["auth"].split()
        connection.user, connection.password = "alertmanager", "correct horse"
        authenticate = connection.auth_login if mechanism == "LOGIN" else connection.auth_plain
        code, _ = connection.auth(mechanism, authenticate)
        assert code == 235


def test_a_wrong_password_is_refused_and_recorded(inbox: RunningInbox) -> None:
    with connect(inbox, password="") as connection, pytest.raises(smtplib.SMTPAuthenticationError):
        connection.login("alertmanager", "wrong")
    assert inbox.client.deliveries(channel="email", refused=True)[-1].reason.startswith("535")


def test_mail_without_authentication_is_refused_and_recorded(inbox: RunningInbox) -> None:
    with connect(inbox, password="") as connection, pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        connection.send_message(mail())
    assert refusal.value.smtp_code == 530
    assert inbox.client.deliveries(channel="email", refused=True)[-1].reason.startswith("530")


def test_a_mail_over_the_size_limit_is_refused_and_recorded(inbox: RunningInbox) -> None:
    large = mail()
    large.add_attachment(b"x" * 20_000, maintype="application", subtype="octet-stream")
    with connect(inbox) as connection:
        with pytest.raises(smtplib.SMTPSenderRefused) as declared:
            connection.send_message(large)
        assert declared.value.smtp_code == 552
        connection.mail("a@example.org")
        connection.rcpt("oncall@example.org")
        code, _ = connection.data(large.as_bytes(policy=SMTP))
        assert code == 552, "one that did not declare its size is refused as well"
    assert inbox.client.deliveries(channel="email", refused=True)[-1].reason.startswith("552")


def test_an_injected_fault_refuses_for_the_time_being_and_names_the_alert(inbox: RunningInbox) -> None:
    inbox.client.fault("email", "status", count=1)
    with connect(inbox) as connection:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            connection.send_message(mail())
        assert refusal.value.smtp_code == 451
        connection.send_message(mail())
    refused, accepted = inbox.client.deliveries(channel="email", refused=None)[-2:]
    assert (refused.refused, refused.firing, refused.recipients) == (
        True,
        ("ExtractionTooSlow",),
        ("oncall@example.org",),
    )
    assert refused.reason == "451 4.3.0 injected fault: status 451"
    assert not accepted.refused


def test_a_sender_that_gives_up_while_the_server_hangs_has_delivered_nothing(inbox: RunningInbox) -> None:
    before = inbox.client.last_id()
    inbox.client.fault("email", "hang")
    connection = connect(inbox)
    connection.sock.settimeout(0.5)  # type: ignore[union-attr]
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        connection.send_message(mail())
    connection.close()
    given_up = inbox.client.wait_for(lambda found: found.channel == "email", 10, since_id=before, refused=None)
    inbox.client.fault("email", "ok")
    assert given_up.refused
    assert given_up.reason == "injected fault: hangs; never answered"


def test_headers_say_better_than_the_subject_what_a_mail_is_about() -> None:
    headers = {"X_Featurewatch_Alerts": "HitRateLow, FallbackHigh", "X_Featurewatch_Status": "resolved"}
    read = read_mail(mail("Something else entirely", **headers, X_Featurewatch_Severity="high").as_bytes())
    assert (read.status, read.resolved, read.severity) == ("resolved", ("HitRateLow", "FallbackHigh"), "high")
    assert read.recipients == ("oncall@example.org",)


def test_a_mail_of_html_only_is_readable_as_text() -> None:
    message = EmailMessage()
    message["Subject"] = "[RESOLVED] ExtractionTooSlow"
    message.set_content("<style>p{}</style><p>alertname = ExtractionTooSlow</p><p>a &lt; b</p>", subtype="html")
    read = read_mail(message.as_bytes())
    assert read.body == "alertname = ExtractionTooSlow\na < b"
    assert read.resolved == ("ExtractionTooSlow",)
    assert "<style>" in html_part(message.as_bytes())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?b?////?=\r\n\r\nx",
        b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nbody",
        b'To: "a\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n--b\r\n--b--',
        b"Content-Type: ;;;\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Subject: " + b"x" * 5000 + b"\r\n\r\n",
        "Subject: \udcff\r\n\r\n\udcff".encode("utf-8", "surrogateescape"),
    ],
)
def test_a_mail_that_is_broken_in_any_way_is_read_as_far_as_it_goes(content: bytes) -> None:
    read = read_mail(content, ("oncall@example.org",))
    assert read.recipients == ("oncall@example.org",)
    (read.summary + read.body).encode()
    html_part(content)
