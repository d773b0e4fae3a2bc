"""Nobody may ask so often that others wait, and nobody may guess."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.running_responder import running
from tests.test_responder_intake import alert, message

from featurewatch.responder.access import TRIES_AT_ONCE
from featurewatch.responder.database import open_database
from featurewatch.responder.rates import CALLERS, Rates
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import Settings
from featurewatch.responder.tokens import Bearer, Role


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    tokens = {f"the-token-of-{name}": Bearer(name, Role.OPERATOR) for name in ("somebody", "another")}
    # Three at once, then one in three seconds.
    settings = Settings(database="", tokens=tokens, requests_per_second=0.3)
    app = create_app(settings, database=open_database(f"sqlite:///{tmp_path / 'history.db'}"))
    with running(app, "the-token-of-somebody") as started:
        yield started


def test_a_bucket_fills_at_its_rate_and_never_beyond_its_burst() -> None:
    clock = [0.0]
    rates = Rates(2, 4, clock=lambda: clock[0])
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    clock[0] += 1
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 1]
    clock[0] += 1_000
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]


def test_one_who_asks_too_often_keeps_nobody_else_waiting() -> None:
    rates = Rates(1, 1, clock=lambda: 0.0)
    assert rates.wait("a") == 0
    assert rates.wait("a") == 1
    assert rates.wait("b") == 0


def test_whoever_was_not_heard_of_for_longest_is_forgotten_first() -> None:
    rates = Rates(1, 1, clock=lambda: 0.0)
    for number in range(CALLERS + 1):
        rates.wait(str(number))
    assert rates.wait(str(CALLERS)) == 1
    assert rates.wait("0") == 0


def test_a_bearer_who_asks_too_often_is_told_when_to_come_again_and_alertmanager_never_is(client: httpx.Client) -> None:
    answers = [client.get("/api/v1/alerts") for _ in range(6)]
    assert [answer.status_code for answer in answers][:3] == [200, 200, 200]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    other = {"authorization": "Bearer the-token-of-another"}
    assert client.get("/api/v1/alerts", headers=other).status_code == 200
    told = message(alert(0))
    assert {client.post("/api/v1/notifications", json=told).status_code for _ in range(20)} == {200}


def test_an_address_that_guesses_tokens_is_slowed_down(client: httpx.Client) -> None:
    guess = {"authorization": "Bearer a-guess"}
    statuses = [client.get("/api/v1/alerts", headers=guess).status_code for _ in range(3 * TRIES_AT_ONCE)]
    assert statuses[0] == 401
    assert 429 in statuses
    # Those who need not guess are let in all the same.
    assert client.get("/api/v1/alerts").status_code == 200
    assert client.get("/api/v1/events", headers={"authorization": "Basic x"}).status_code == 401
