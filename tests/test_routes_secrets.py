from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests import routing

from featurewatch.objectives.handling import Handling, Level, Policy, Receiver, Responder
from featurewatch.objectives.model import Notify, Severity
from featurewatch.routes.demo_secrets import write_demo_secrets
from featurewatch.routes.secrets import MAX_BYTES, check

INBOX = "http://127.0.0.1:8025"
KEY = "0123456789abcdefABCDEF0123456789"


@pytest.fixture
def notify() -> Notify:
    return routing.declared().notify


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Secrets with nothing wrong."""
    write_demo_secrets(tmp_path / "secrets", INBOX)
    return tmp_path / "secrets"


def _put(directory: Path, name: str, content: str | bytes) -> None:
    path = directory / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)


def test_the_secrets_of_the_demo_have_nothing_wrong(notify: Notify, directory: Path) -> None:
    checked = check(notify, directory)
    assert checked.faults == ()
    assert checked.warnings == ()


def test_every_missing_secret_is_told_with_the_path_looked_at_and_the_remedy(notify: Notify, tmp_path: Path) -> None:
    faults = check(notify, tmp_path / "nowhere").faults
    assert [fault.file for fault in faults] == [
        str(tmp_path / "nowhere" / name)
        for name in ("pagerduty_routing_key", "slack_api_url", "smtp_password", "webhook_url")
    ]
    assert all("missing" in fault.what and "chmod 600" in fault.remedy for fault in faults)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("slack_api_url", "", "empty"),
        ("slack_api_url", " \n\t\n", "empty"),
        ("slack_api_url", b"\xff\xfe", "not text"),
        ("slack_api_url", "x" * (MAX_BYTES + 1), "larger than"),
        ("slack_api_url", "hooks.slack.com/services/T1/B1/x", "not the address"),
        ("slack_api_url", "https://hooks.slack.com/T024BE7LD", "not the address of an incoming webhook"),
        ("slack_api_url", "http://chat.example.net/hook", "in the clear"),
        ("slack_api_url", "http://127.0.0.1.example.net/hook", "in the clear"),
        ("slack_api_url", "https://hooks.slack.com/services/T1/B1/x\nhttps://other", "several lines"),
        ("slack_api_url", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "example"),
        ("slack_api_url", "\ufeffhttps://hooks.slack.com/services/T1/B1/x", "byte order mark"),
        ("slack_api_url", "https://host:port/x", "not the address"),
        ("pagerduty_routing_key", KEY[:-1], "32 letters and digits"),
        ("pagerduty_routing_key", KEY[:-1] + "-", "32 letters and digits"),
        ("pagerduty_routing_key", "X" * 32, "example"),
        ("webhook_url", "ftp://host/x", "not an address"),
        ("webhook_url", "http://host/{{ .Status }}", "not an address"),
        ("smtp_password", "two\nlines", "several lines"),
        ("smtp_password", "changeme", "example"),
    ],
)
def test_a_content_that_cannot_work_is_told_and_never_repeated(
    notify: Notify, directory: Path, name: str, content: str | bytes, complaint: str
) -> None:
    _put(directory, name, content)
    faults = check(notify, directory).faults
    assert [fault.file for fault in faults] == [str(directory / name)]
    assert complaint in faults[0].what
    if isinstance(content, str) and len(content.strip()) > 8:
        assert content.strip() not in str(faults[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("slack_api_url", "https://hooks.slack.com/services/T024BE7LD/B024BE7LE/abcDEF123\n"),
        ("slack_api_url", "http://inbox:8025/services/T000/B000/token"),
        ("slack_api_url", "http://[::1]:8025/services/T000/B000/token"),
        ("slack_api_url", "https://chat.internal.net/hooks/abc"),
        ("pagerduty_routing_key", f"  {KEY}\r\n"),
        ("webhook_url", "https://responder.internal.net/alerts?token=a%20b"),
        ("smtp_password", "correct horse battery staple"),
    ],
)
def test_what_alertmanager_can_use_is_accepted(notify: Notify, directory: Path, name: str, content: str) -> None:
    _put(directory, name, content)
    assert check(notify, directory).faults == ()


def test_a_folder_or_a_pipe_in_place_of_a_secret_is_told_without_waiting_for_it(
    notify: Notify, directory: Path
) -> None:
    (directory / "smtp_password").unlink()
    (directory / "smtp_password").mkdir()
    (directory / "webhook_url").unlink()
    os.mkfifo(directory / "webhook_url")
    assert [fault.what for fault in check(notify, directory).faults] == [
        "notify.email.password_file: not a file",
        "notify.webhook.url_file: not a file",
    ]


def test_a_secret_that_cannot_be_opened_is_told_with_the_reason(notify: Notify, directory: Path) -> None:
    (directory / "smtp_password").unlink()
    (directory / "smtp_password").symlink_to("smtp_password")
    (fault,) = check(notify, directory).faults
    assert fault.what == "notify.email.password_file: cannot be read (Too many levels of symbolic links)"


def test_readable_by_others_is_a_warning_and_writable_by_everybody_a_fault(notify: Notify, directory: Path) -> None:
    (directory / "smtp_password").chmod(0o644)
    (directory / "webhook_url").chmod(0o602)
    checked = check(notify, directory)
    assert [(fault.file, fault.what) for fault in checked.faults] == [
        (str(directory / "webhook_url"), "notify.webhook.url_file: may be changed by everybody")
    ]
    assert [fault.file for fault in checked.warnings] == [str(directory / "smtp_password")]


def test_secrets_of_channels_that_no_severity_uses_need_not_exist(notify: Notify, tmp_path: Path) -> None:
    only_mail = replace(notify, channels={Severity.HIGH: ("email",)})
    assert [fault.file for fault in check(only_mail, tmp_path).faults] == [str(tmp_path / "smtp_password")]


@pytest.mark.parametrize("declared", ["elsewhere/key", "../key", "secrets/deeper/key", "secrets/..", "key"])
def test_a_relative_path_outside_the_folder_of_secrets_is_told(notify: Notify, directory: Path, declared: str) -> None:
    assert notify.pagerduty is not None
    odd = replace(notify, pagerduty=replace(notify.pagerduty, routing_key_file=declared))
    (fault,) = check(odd, directory).faults
    assert declared in fault.what
    assert "secrets/NAME" in fault.remedy


def test_an_absolute_path_is_taken_as_it_is(notify: Notify, directory: Path, tmp_path: Path) -> None:
    _put(tmp_path, "key", KEY)
    assert notify.pagerduty is not None
    moved = replace(notify, pagerduty=replace(notify.pagerduty, routing_key_file=str(tmp_path / "key")))
    (directory / "pagerduty_routing_key").unlink()
    assert check(moved, directory).faults == ()


def test_the_demo_writes_only_what_is_missing_for_its_owner_alone(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    _put(tmp_path, "slack_api_url", "https://hooks.slack.com/services/T1/B1/mine")
    written = write_demo_secrets(tmp_path, INBOX)
    assert written == (
        "webhook_url",
        "pagerduty_routing_key",
        "smtp_password",
        "responder_token",
        "viewer_token",
        "audit_key",
    )
    assert (tmp_path / "slack_api_url").read_text() == "https://hooks.slack.com/services/T1/B1/mine"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert write_demo_secrets(tmp_path, INBOX) == ()


def test_the_demos_own_addresses_follow_the_inbox_and_its_keys_stay(tmp_path: Path) -> None:
    write_demo_secrets(tmp_path, INBOX)
    key = (tmp_path / "pagerduty_routing_key").read_text()
    assert write_demo_secrets(tmp_path, "http://127.0.0.1:9999/") == ("slack_api_url", "webhook_url")
    assert (tmp_path / "webhook_url").read_text() == "http://127.0.0.1:9999/webhook\n"
    assert (tmp_path / "pagerduty_routing_key").read_text() == key


def test_two_demos_have_different_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_demo_secrets(tmp_path / name, INBOX)
    for name in ("pagerduty_routing_key", "smtp_password", "slack_api_url"):
        assert (tmp_path / "one" / name).read_text() != (tmp_path / "two" / name).read_text()


def test_the_responder_further_receivers_and_levels_have_secrets_too(notify: Notify, tmp_path: Path) -> None:
    quiet = replace(notify, channels=dict.fromkeys(Severity, ()))
    level = Level(2, 300.0, ("pagerduty",), (), 0.0)
    handling = Handling(
        policies=(Policy("all", (), Severity.HIGH, (Level(1, 0.0, (), (), 0.0), level)),),
        responder=Responder("http://responder:8090", "secrets/responder_token"),
        receivers=(
            Receiver("teams", "msteamsv2_configs", (Severity.HIGH,), {"webhook_url_file": "secrets/teams_url"}),
        ),
    )
    faults = check(quiet, tmp_path / "nowhere", handling).faults
    assert {Path(fault.file).name for fault in faults} == {"pagerduty_routing_key", "responder_token", "teams_url"}
