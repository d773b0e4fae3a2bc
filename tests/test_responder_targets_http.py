"""Calls out over HTTP: what is certain is told apart from what nobody can say, and only what may be is repeated."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scripted_http import Answer, Asked, Scripted, deaf_port

from featurewatch.native.ports import free_port
from featurewatch.responder import tries
from featurewatch.responder.repair.target import Refused, Target, Unknown
from featurewatch.responder.repair.targets.hook import Hook
from featurewatch.responder.repair.targets.http import Caller
from featurewatch.responder.repair.targets.retraining import Retraining

SECRET = "token-that-nobody-may-read"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are a tenth as long."""
    monkeypatch.setattr(tries, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(tries, "JITTER", 0.05)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    return file


class Halting:
    """A system with a halt, as a script; it can be told to misbehave."""

    def __init__(self) -> None:
        self.halted = False
        self.answers: Iterator[Answer] = iter(())

    def __call__(self, asked: Asked) -> Answer:
        scripted = next(self.answers, None)
        if asked.method == "PUT" and (scripted is None or scripted.status == 200):
            self.halted = bool(json.loads(asked.body)["halted"])
        return scripted or Answer(body=json.dumps({"halted": self.halted, "more": {"not": "flat"}}))


def test_a_halt_is_wished_for_once_with_its_key_and_token_and_read_back(token: Path) -> None:
    with Scripted(Halting()) as server:
        hook: Target = Hook("desk", server.url, token_file=token)
        wished = {"halted": True}
        assert hook.read() == {"halted": False}
        assert [(call.method, call.url, call.body) for call in hook.calls(wished)] == [
            ("PUT", server.url, '{"halted": true}')
        ]
        assert not [one for one in server.asked if one.method != "GET"]  # a dry-run changes nothing
        hook.wish(wished, "key-7")
        assert hook.holds(wished, hook.read())
        assert hook.calls(wished) == ()
        [put] = [one for one in server.asked if one.method == "PUT"]
        assert put.headers["idempotency-key"] == "key-7"
        assert {one.headers["authorization"] for one in server.asked} == {f"Bearer {SECRET}"}


def test_true_is_not_one() -> None:
    hook = Hook("desk", "http://127.0.0.1:1")
    assert not hook.holds({"halted": True}, {"halted": 1})
    assert not hook.holds({"halted": True}, {})


def test_a_restart_that_came_later_is_as_good() -> None:
    hook = Hook("desk", "http://127.0.0.1:1")
    assert hook.holds({"restarted_after": "2026-01-01T00:00:00"}, {"restarted_after": "2026-01-01T00:00:09"})
    assert not hook.holds({"restarted_after": "2026-01-01T00:00:00"}, {"restarted_after": "2025-12-31T00:00:00"})


def test_a_read_is_tried_three_times_with_growing_pauses() -> None:
    script = Halting()
    script.answers = iter([Answer(503), Answer(429)])
    with Scripted(script) as server:
        assert Hook("desk", server.url).read() == {"halted": False}
        first, second, third = [one.at for one in server.asked]
        assert second - first >= tries.FIRST_PAUSE
        assert third - second >= 2 * tries.FIRST_PAUSE


def test_a_read_gives_up_after_three() -> None:
    with Scripted(lambda _: Answer(500)) as server:
        with pytest.raises(Unknown, match=r"desk: GET .* answers 500"):
            Hook("desk", server.url).read()
        assert len(server.asked) == 3


@pytest.mark.parametrize("body", ["[]", "not JSON", "", "3"])
def test_an_answer_that_is_no_state_is_unknown_and_not_asked_for_again(body: str) -> None:
    with Scripted(lambda _: Answer(body=body)) as server:
        with pytest.raises(Unknown, match="desk"):
            Hook("desk", server.url).read()
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 412, 422, 429])
def test_a_wish_that_is_refused_is_not_repeated(status: int) -> None:
    with Scripted(lambda _: Answer(status, "no, because")) as server:
        with pytest.raises(Refused, match=f"answers {status}: no, because"):
            Hook("desk", server.url).wish({"halted": True}, "k")
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(502), Answer(408), Answer(200, "{", cut=True), Answer(after=60), Answer(drip=0.4)]
)
def test_nobody_can_say_what_came_of_a_wish_that_went_wrong_and_it_is_not_repeated(answer: Answer) -> None:
    slow = Answer(answer.status, "{}" * 20, answer.after, answer.cut, answer.drip)
    with Scripted(lambda _: slow) as server:
        began = time.monotonic()
        with pytest.raises(Unknown):
            Hook("desk", server.url, timeout=1.5).wish({"halted": True}, "k")
        assert len(server.asked) == 1
        assert time.monotonic() - began < 30


def test_a_wish_that_nobody_hears_was_certainly_refused() -> None:
    with pytest.raises(Refused, match=r"ConnectError; nothing was sent\. Is it running"):
        Hook("desk", f"http://127.0.0.1:{free_port()}").wish({"halted": True}, "k")


def test_a_wish_is_tried_again_while_nobody_listens_and_arrives_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_PAUSE", 2.0)
    script, port, over = Halting(), free_port(), threading.Event()

    def late() -> None:
        over.wait(0.5)
        with Scripted(script, port) as server:
            over.wait(60)
            heard.extend(server.asked)

    heard: list[Asked] = []
    thread = threading.Thread(target=late)
    thread.start()
    try:
        Hook("desk", f"http://127.0.0.1:{port}").wish({"halted": True}, "k")
    finally:
        over.set()
        thread.join()
    assert script.halted
    assert len(heard) == 1


def test_a_system_that_takes_the_connection_and_says_nothing_is_unknown() -> None:
    listening, port = deaf_port()
    with listening, pytest.raises(Unknown, match="ReadTimeout"):
        Hook("desk", f"http://127.0.0.1:{port}", timeout=0.5).wish({"halted": True}, "k")


def test_all_tries_together_end_within_the_time_out() -> None:
    with Scripted(lambda _: Answer(after=60)) as server:
        began = time.monotonic()
        with pytest.raises(Unknown, match="ReadTimeout"):
            Hook("desk", server.url, timeout=1.0).read()
        assert time.monotonic() - began < 20
        assert len(server.asked) == 1


def test_a_token_never_gets_into_an_error_even_when_it_is_echoed(token: Path) -> None:
    with Scripted(lambda one: Answer(401, f"who is {one.headers['authorization']}?")) as server:
        with pytest.raises(Refused, match="who is Bearer <secret>") as refused:
            Hook("desk", server.url, token_file=token).wish({"halted": True}, "k")
        assert SECRET not in repr(refused.value)
        assert refused.value.__cause__ is None


@pytest.mark.parametrize("content", [None, "two words", "Über"])
def test_a_token_file_that_holds_none_is_named_without_its_content(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with Scripted(Halting()) as server:
        hook = Hook("desk", server.url, token_file=file)
        with pytest.raises(Refused, match="token_file token") as refused:
            hook.wish({"halted": True}, "k")
        assert content is None or content not in str(refused.value)
        with pytest.raises(Unknown, match="token_file token"):
            hook.read()
        assert server.asked == []


def test_redirects_are_not_followed_because_the_token_would_go_with_them(token: Path) -> None:
    with Scripted(Halting()) as other, Scripted(lambda _: Answer(307, other.url)) as server:
        with pytest.raises(Unknown, match="answers 307"):
            Hook("desk", server.url, token_file=token).read()
        assert other.asked == []


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1", "127.0.0.1:80", "http://", f"http://me:{SECRET}@host", "http://h?a"]
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="target desk") as fault:
        Caller("desk", url, 1.0)
    assert SECRET not in str(fault.value)


def test_retraining_is_asked_for_a_version_newer_than_the_one_that_was_read() -> None:
    with Scripted(lambda _: Answer(202, '{"version": 6, "job": "none"}')) as server:
        model: Target = Retraining("model", server.url, "cnn lstm", minimum_samples=5000, deploy=True)
        model.wish({"version_newer_than": "6"}, "k")
        [asked] = server.asked
        assert (asked.method, asked.path) == ("POST", "/models/cnn%20lstm/jobs")
        assert json.loads(asked.body) == {"version_newer_than": "6", "minimum_samples": 5000, "deploy": True}
        assert asked.headers["idempotency-key"] == "k"


@pytest.mark.parametrize(
    ("found", "holds"), [({"version": 7}, True), ({"version": 6}, False), ({"version": "10"}, True), ({}, False)]
)
def test_versions_are_compared_as_numbers(found: dict[str, int], holds: bool) -> None:
    assert Retraining("model", "http://127.0.0.1:1", "m").holds({"version_newer_than": "6"}, found) is holds


@pytest.mark.parametrize("wished", [{}, {"replicas": 2}, {"version_newer_than": None}, {"version_newer_than": True}])
def test_retraining_takes_nothing_else(wished: dict[str, bool | None]) -> None:
    with pytest.raises(Refused, match="version_newer_than"):
        Retraining("model", "http://127.0.0.1:1", "m").wish(wished, "k")
