"""The running inbox: reading, switches, stopping and starting."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from tests.demo_inbox import RunningInbox, command, environment, running_inbox

from featurewatch.demo.inbox.client import NotDelivered
from featurewatch.demo.inbox.faults import Faults
from featurewatch.demo.inbox.journal import Journal
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.service import create_app
from featurewatch.demo.inbox.settings import LOOPBACK, Settings

SLACK = "/services/T0/B0/token"
HOSTILE = "</pre></details><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}"


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[RunningInbox]:
    with running_inbox(tmp_path / "inbox") as running:
        yield running


def say(inbox: RunningInbox, title: str, text: str = "x", channel: str = "#alerts") -> httpx.Response:
    return inbox.post(SLACK, {"channel": channel, "attachments": [{"title": title, "text": text, "fallback": title}]})


def test_a_killed_inbox_gives_back_every_delivery_it_had_answered_for(tmp_path: Path) -> None:
    with running_inbox(tmp_path / "inbox") as inbox:
        for number in range(20):
            assert say(inbox, f"[FIRING:1] A{number}").text == "ok"
        inbox.kill()
    with running_inbox(tmp_path / "inbox") as inbox:
        found = inbox.client.deliveries(channel="slack")
        assert [delivery.firing for delivery in found] == [(f"A{number}",) for number in range(20)]
        assert json.loads(inbox.client.raw(found[0]))["attachments"][0]["title"] == "[FIRING:1] A0"
        say(inbox, "[RESOLVED] A0")
        assert inbox.client.deliveries()[-1].id == 21


def test_it_stops_at_once_and_in_order_even_while_readers_and_senders_hang(inbox: RunningInbox) -> None:
    inbox.client.fault("slack", "hang", count=1)
    url = httpx.URL(inbox.url)
    with (
        httpx.stream("GET", f"{inbox.url}/events", trust_env=False) as events,
        socket.create_connection(("127.0.0.1", inbox.smtp_port)),
        socket.create_connection((url.host, url.port or 80)) as sender,
    ):
        assert next(events.iter_lines()).startswith(":")
        body = b'{"text": "[FIRING:1] Unheard"}'
        head = f"POST {SLACK} HTTP/1.1\r\nHost: inbox\r\nContent-Length: {len(body)}\r\n\r\n"
        sender.sendall(head.encode() + body)
        until(lambda: inbox.get("/admin/fault").json()["slack"]["mode"] == "ok")
        inbox.process.terminate()
        assert inbox.process.wait(10) == 0
    (unheard,) = Mailbox(Journal(inbox.directory, 10), 10).open().deliveries
    assert unheard.refused, "what was never answered was not delivered"


def test_reading_can_be_narrowed_by_channel_status_alert_and_place(inbox: RunningInbox) -> None:
    say(inbox, "[FIRING:1] A", channel="#one")
    say(inbox, "[RESOLVED] A", channel="#two")
    say(inbox, "[FIRING:1] B")
    inbox.post("/v2/enqueue", {})
    client = inbox.client
    assert [found.id for found in client.deliveries()] == [1, 2, 3], "refused requests are not deliveries"
    assert [found.id for found in client.deliveries(refused=None)] == [1, 2, 3, 4]
    assert [found.id for found in client.deliveries(refused=True, channel="pagerduty")] == [4]
    assert [found.id for found in client.deliveries(status="resolved", alert="A")] == [2]
    assert [found.id for found in client.deliveries(recipient="#one")] == [1]
    assert [found.id for found in client.deliveries(since_id=1, limit=1)] == [2]
    assert [found.id for found in client.deliveries(limit=1)] == [3]
    assert inbox.get("/deliveries", channel="carrier pigeon").status_code == 422
    assert inbox.get("/deliveries", limit=0).status_code == 422


def test_waiting_ends_as_soon_as_the_delivery_arrives(inbox: RunningInbox) -> None:
    say(inbox, "[FIRING:1] Other")
    sender = threading.Timer(0.3, say, (inbox, "[FIRING:1] Awaited"))
    sender.start()
    begun = time.monotonic()
    found = inbox.client.wait_for(lambda delivery: "Awaited" in delivery.firing, 30)
    sender.join()
    assert found.id == 2
    assert time.monotonic() - begun < 10


def test_waiting_in_vain_says_what_did_arrive(inbox: RunningInbox) -> None:
    say(inbox, "[FIRING:1] Other")
    with pytest.raises(NotDelivered, match=r"within 0\.2 s; arrived:\n  1 slack firing Other"):
        inbox.client.wait_for(lambda delivery: "Awaited" in delivery.firing, 0.2)


def test_the_event_stream_gives_what_was_missed_and_then_what_arrives(inbox: RunningInbox) -> None:
    say(inbox, "[FIRING:1] A")
    say(inbox, "[FIRING:1] B")
    headers = {"last-event-id": "1"}
    with httpx.stream("GET", f"{inbox.url}/events", headers=headers, trust_env=False, timeout=20) as events:
        lines = events.iter_lines()
        assert _next_event(lines) == (2, ["B"])
        say(inbox, "[FIRING:1] C\nid: 99")
        assert _next_event(lines) == (3, ["C"])


def _next_event(lines: Iterator[str]) -> tuple[int, list[str]]:
    number = 0
    for line in lines:
        if line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        if line.startswith("data: "):
            return number, json.loads(line.removeprefix("data: "))["firing"]
    raise AssertionError("the stream ended")


class Elements(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_text_is_shown_as_text_and_cannot_run(inbox: RunningInbox) -> None:
    before = Elements(inbox.get("/").text)
    say(inbox, f"[FIRING:1] A {HOSTILE}", f"Service: {HOSTILE}", channel=f"#{HOSTILE}")
    inbox.post("/v2/enqueue", {"event_action": HOSTILE, "routing_key": HOSTILE, "dedup_key": HOSTILE})
    inbox.post("/webhook", {"receiver": HOSTILE, "groupKey": HOSTILE, "version": HOSTILE})
    answer = inbox.get("/")
    page = Elements(answer.text)
    assert page.text.count(HOSTILE) >= 5, "it is there to be read"
    assert page.tags.count("script") == before.tags.count("script") == 1
    assert "img" not in page.tags
    assert page.handlers == []
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    raw = inbox.get("/deliveries/1/raw")
    assert raw.headers["content-type"].startswith("text/plain")
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert raw.headers["content-security-policy"].startswith("sandbox;")


def test_the_page_groups_messages_by_who_received_them(inbox: RunningInbox) -> None:
    assert "Nothing has arrived yet" in inbox.get("/").text
    say(inbox, "[FIRING:1] A", channel="#one")
    say(inbox, "[FIRING:1] B", channel="#two")
    inbox.post(SLACK, {"text": ""})
    page = inbox.get("/").text
    assert page.index("#one") < page.index("[FIRING:1] A") < page.index("#two") < page.index("[FIRING:1] B")
    assert "2 received, 1 refused" in page
    assert "no_text" in page
    assert "[FIRING:1] B" not in inbox.get("/", recipient="#one").text


def test_a_fault_lasts_for_its_count_or_until_it_is_taken_back(inbox: RunningInbox) -> None:
    inbox.client.fault("webhook", "status", status=503, retry_after=3, count=1)
    answer = inbox.post("/webhook", {})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert inbox.post("/webhook", {}).status_code == 400
    inbox.client.fault("slack", "status")
    assert [say(inbox, "x").status_code for _ in range(3)] == [500, 500, 500]
    inbox.client.fault("slack", "ok")
    assert say(inbox, "x").text == "ok"
    assert inbox.client.deliveries(refused=True)[-1].reason == "injected fault: status 500"


def test_a_hanging_channel_answers_when_the_fault_is_taken_back(inbox: RunningInbox) -> None:
    inbox.client.fault("slack", "hang")
    answers: list[str] = []
    sender = threading.Thread(target=lambda: answers.append(say(inbox, "[FIRING:1] Late").text))
    sender.start()
    assert inbox.post("/v2/enqueue", {}).status_code == 400, "other channels are not held up"
    sender.join(0.3)
    assert sender.is_alive()
    assert inbox.client.deliveries() == []
    inbox.client.fault("slack", "ok")
    sender.join(10)
    assert answers == ["ok"]
    assert len(inbox.client.deliveries()) == 1


def test_a_sender_that_gives_up_on_a_hanging_channel_has_delivered_nothing(inbox: RunningInbox) -> None:
    inbox.client.fault("slack", "hang", count=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(inbox.url + SLACK, json={"text": "[FIRING:1] A"}, timeout=0.5, trust_env=False)
    given_up = inbox.client.wait_for(lambda found: True, 10, refused=True)
    assert (given_up.firing, given_up.reason) == (("A",), "injected fault: hangs; never answered")
    assert inbox.client.deliveries() == []


def test_a_fault_that_does_not_exist_is_refused_and_changes_nothing(inbox: RunningInbox) -> None:
    for body in (
        {"channel": "fax", "mode": "ok"},
        {"channel": "slack", "mode": "explode"},
        {"channel": "slack", "mode": "status", "status": 200},
        {"channel": "slack", "mode": "hang", "seconds": -1},
        {"channel": "slack", "mode": "status", "count": 0},
        {"channel": "slack", "mode": "status", "unknown": 1},
    ):
        answer = httpx.put(f"{inbox.url}/admin/fault", json=body, trust_env=False)
        assert answer.status_code == 422, body
    assert {fault["mode"] for fault in inbox.get("/admin/fault").json().values()} == {"ok"}


def test_clearing_empties_the_inbox_and_closes_incidents(inbox: RunningInbox) -> None:
    say(inbox, "[FIRING:1] A")
    assert inbox.client.clear() == 1
    assert inbox.client.deliveries() == []
    say(inbox, "[FIRING:1] B")
    assert inbox.client.deliveries()[0].id == 2, "a reader's place in the order stays valid"


def ask(settings: Settings, caller: str, method: str, path: str) -> int:
    """The status that a caller from this address gets."""

    async def call() -> int:
        mailbox = Mailbox(Journal(settings.directory, 10), 10)
        mailbox.open()
        transport = httpx.ASGITransport(create_app(settings, mailbox, Faults()), client=(caller, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://inbox") as client:
            answer = await client.request(method, path)
        mailbox.journal.close()
        return answer.status_code

    return asyncio.run(call())


def test_the_switches_are_for_callers_on_this_machine_or_in_a_network_named_for_it(tmp_path: Path) -> None:
    local = Settings(directory=tmp_path)
    widened = Settings(directory=tmp_path, administrators=(*LOOPBACK, ip_network("172.16.0.0/12")))
    for method, path in (("DELETE", "/deliveries"), ("GET", "/admin/fault")):
        assert ask(local, "127.0.0.1", method, path) == 200
        assert ask(local, "::1", method, path) == 200
        assert ask(local, "172.18.0.1", method, path) == 403
        assert ask(local, "nobody", method, path) == 403
        assert ask(widened, "172.18.0.1", method, path) == 200
        assert ask(widened, "10.0.0.1", method, path) == 403
    assert ask(local, "10.0.0.1", "GET", "/deliveries") == 200, "reading is not restricted"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--address", "0.0.0.0"], "add --allow-remote"),
        (["--address", "localhost"], "give an IP address"),
        (["--admin-network", "everywhere"], "give one like 172.16.0.0/12"),
        (["--limit", "0"], "from 1"),
        (["--http-port", "70000"], "port 70000"),
        (["--smtp-user", "me"], "give both or neither"),
        (["--pagerduty-key-file", "{dir}/nowhere"], "cannot read"),
        (["--pagerduty-key-file", "{dir}/empty"], "is empty"),
        (["--pagerduty-key-file", "{dir}/short"], "a routing key has 32"),
        (["--slack-url-file", "{dir}/short"], "expected …/services/T…/B…/…"),
        (["--directory", "{dir}/short/inbox"], "give one that can be written"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_what_to_do(
    options: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "short").write_text("hush-hush")
    given = [option.format(dir=tmp_path) for option in options]
    ended = subprocess.run(
        command(tmp_path / "inbox", *given), capture_output=True, text=True, timeout=60, env=environment(), check=False
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "hush-hush" not in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            command(tmp_path / "inbox", "--smtp-port", str(port)),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
    assert (ended.returncode, f"port {port}: Address already in use" in ended.stderr) == (2, True)


def test_two_inboxes_cannot_share_a_directory(inbox: RunningInbox) -> None:
    ended = subprocess.run(
        command(inbox.directory), capture_output=True, text=True, timeout=60, env=environment(), check=False
    )
    assert ended.returncode == 2
    assert "another inbox" in ended.stderr


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for a condition; fails when it does not come to hold in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)
