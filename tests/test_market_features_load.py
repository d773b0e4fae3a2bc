"""The load generator keeps its rate and its bounds, and tells what came of it."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import httpx
import pytest
from examples.market_features.load import Plan, Tally, main, run
from examples.market_features.service import create_app
from examples.market_features.settings import Settings


def against_the_service(plan: Plan, *, admin_fault: object = None, stop_after: float | None = None) -> Tally:
    async def whole() -> Tally:
        app = create_app(Settings(admin=True, budget_seconds=30.0))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
            if admin_fault is not None:
                (await http.put("/admin/fault", json=admin_fault)).raise_for_status()
            stop = asyncio.Event()
            if stop_after is not None:
                asyncio.get_running_loop().call_later(stop_after, stop.set)
            return await run(plan, stop, client=http)

    return asyncio.run(whole())


def test_it_stops_at_its_count_and_accounts_for_every_request() -> None:
    tally = against_the_service(Plan("", rate=500.0, seconds=30.0, count=100))
    assert tally.sent == 100
    assert len(tally.latencies) == 100
    assert tally.served_from.total() == 100
    # How many of them were still being computed when they were asked for again depends on the machine.
    assert tally.served_from["cache"] > 0
    assert tally.served_from["compute"] > 0
    assert tally.errors.total() == 0


def test_it_keeps_its_rate_until_its_time_is_over() -> None:
    begin = time.perf_counter()
    tally = against_the_service(Plan("", rate=50.0, seconds=1.5))
    assert time.perf_counter() - begin >= 1.5
    assert 0 < tally.sent <= 75
    # Whatever the machine was busy with, what was due by the end has been sent, and nothing before it was due.
    assert tally.sent == pytest.approx(50.0 * tally.seconds, abs=2)


def test_it_stops_early_when_told_to_and_keeps_what_it_has() -> None:
    tally = against_the_service(Plan("", rate=50.0, seconds=600.0), stop_after=0.5)
    assert 0 < tally.sent < 100
    assert tally.sent == len(tally.latencies) + tally.errors.total()


def test_failed_requests_are_counted_by_status_and_have_no_latency() -> None:
    tally = against_the_service(
        Plan("", rate=500.0, seconds=30.0, count=60), admin_fault={"mode": "failing", "share": 0.5}
    )
    assert tally.errors == {"HTTP 503": 30}
    assert len(tally.latencies) == 30
    assert tally.answered


def test_a_slow_service_gets_its_requests_on_time_and_the_waiting_shows() -> None:
    slow = {"mode": "slow", "seconds": [0.3, 0.3]}
    tally = against_the_service(Plan("", rate=100.0, seconds=30.0, count=50), admin_fault=slow)
    # Fifty requests of 0.3 s one after another would take 15 s; independent callers take 0.5 s to send them.
    assert tally.seconds < 5.0
    assert min(tally.latencies) >= 0.3


def test_the_summary_says_what_was_sent_and_what_came_back() -> None:
    tally = Tally(sent=5, seconds=2.0)
    tally.latencies.extend([0.001, 0.004, 0.002, 0.003])
    tally.served_from.update({"cache": 3, "compute": 1})
    tally.errors["HTTP 503"] += 1
    assert tally.as_mapping() == {
        "sent": 5,
        "ok": 4,
        "errors": {"HTTP 503": 1},
        "seconds": 2.0,
        "rate": 2.5,
        "served_from": {"cache": 3, "compute": 1},
        "latency_seconds": {"p50": 0.002, "p95": 0.004, "p99": 0.004, "max": 0.004},
    }
    assert tally.as_text() == (
        "sent         5 in 2.0 s (2.5/s)\n"
        "ok           4\n"
        "errors       1 (HTTP 503 1)\n"
        "served from  cache 3 (75.0%), compute 1 (25.0%)\n"
        "latency      p50 2.0 ms, p95 4.0 ms, p99 4.0 ms, max 4.0 ms\n"
    )


def test_a_summary_of_nothing_has_no_figures_made_up() -> None:
    summary = Tally().as_mapping()
    assert summary["rate"] is None
    assert summary["latency_seconds"] == {"p50": None, "p95": None, "p99": None, "max": None}
    assert "latency      -" in Tally().as_text()


def test_a_service_that_never_answers_is_an_error_within_the_time_bound(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        # Bound but not listening: every connection is refused, and nobody else takes the port meanwhile.
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        begin = time.perf_counter()
        assert main(["--url", url, "--seconds", "0.6", "--json"]) == 1
    assert time.perf_counter() - begin < 10.0
    output = capsys.readouterr()
    assert json.loads(output.out)["ok"] == 0
    assert output.err == f"{url} never answered; is the service running there?\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--url", "127.0.0.1:8000"],
        ["--url", "http://127.0.0.1:1", "--rate", "0"],
        ["--url", "http://127.0.0.1:1", "--rate", "2001"],
        ["--url", "http://127.0.0.1:1", "--rate", "nan"],
        ["--url", "http://127.0.0.1:1", "--seconds", "inf"],
        ["--url", "http://127.0.0.1:1", "--seconds", "90000"],
        ["--url", "http://127.0.0.1:1", "--count", "0"],
    ],
)
def test_a_command_line_without_bounds_or_sense_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "argument" in capsys.readouterr().err
