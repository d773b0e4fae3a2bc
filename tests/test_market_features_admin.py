"""The admin endpoints exist only when asked for, and answer to this machine only."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from examples.market_features.service import create_app
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from featurewatch import names

ENDPOINTS = (
    ("GET", "/admin/fault", None),
    ("PUT", "/admin/fault", {"mode": "slow"}),
    ("POST", "/admin/record", {"durations": {"0.1": 1}}),
)


def ask(
    app: FastAPI,
    method: str,
    path: str,
    body: object = None,
    *,
    peer: str = "127.0.0.1",
    base_url: str = "http://127.0.0.1:8000",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=base_url, follow_redirects=True) as http:
            return await http.request(method, path, json=body, headers=headers)

    return asyncio.run(once())


def values(app: FastAPI, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric that are not 0, by the values of their labels but service and extractor."""
    text = ask(app, "GET", "/metrics").text
    return {
        tuple(
            value for label, value in sample.labels.items() if label not in (names.SERVICE, names.EXTRACTOR)
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.value > 0
    }


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_without_the_setting_there_are_no_admin_endpoints(method: str, path: str, body: object) -> None:
    assert ask(create_app(admin=False), method, path, body).status_code == 404


def test_the_environment_brings_the_admin_endpoints_and_the_argument_overrides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEATUREWATCH_EXAMPLE_ADMIN", "1")
    assert ask(create_app(), "GET", "/admin/fault").status_code == 200
    assert ask(create_app(admin=False), "GET", "/admin/fault").status_code == 404


@pytest.mark.parametrize(
    "peer", ["192.0.2.7", "10.0.0.1", "172.17.0.1", "2001:db8::1", "::ffff:192.0.2.7", "testclient"]
)
@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_peer_on_another_machine_is_refused_everything(method: str, path: str, body: object, peer: str) -> None:
    app = create_app(admin=True)
    answer = ask(app, method, path, body, peer=peer)
    assert answer.status_code == 403
    assert f"the request came from {peer}" in answer.text
    assert ask(app, "GET", "/admin/fault").json()["mode"] == "none"
    assert values(app, f"{names.EXTRACTION_DURATION}_count") == {}


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])
def test_a_peer_on_this_machine_is_served(peer: str) -> None:
    assert ask(create_app(admin=True), "GET", "/admin/fault", peer=peer).status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"])
def test_a_request_that_a_proxy_on_this_machine_forwarded_is_refused(header: str) -> None:
    answer = ask(create_app(admin=True), "PUT", "/admin/fault", {"mode": "slow"}, headers={header: "127.0.0.1"})
    assert answer.status_code == 403
    assert f"this one has {header.lower()}" in answer.text


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example"])
def test_a_request_under_a_foreign_host_name_is_refused(host: str) -> None:
    answer = ask(create_app(admin=True), "PUT", "/admin/fault", {"mode": "slow"}, base_url=f"http://{host}:8000")
    assert answer.status_code == 403
    assert host in answer.text


@pytest.mark.parametrize("base_url", ["http://localhost:8000", "http://[::1]:8000", "http://127.0.0.1"])
def test_every_name_of_this_machines_loopback_is_served(base_url: str) -> None:
    assert ask(create_app(admin=True), "GET", "/admin/fault", base_url=base_url).status_code == 200


def test_a_fault_is_put_seen_and_ended() -> None:
    app = create_app(admin=True)
    fault = {"mode": "failing", "seconds": [0.2, 0.3], "share": 0.03, "for_seconds": 60.0}
    assert ask(app, "PUT", "/admin/fault", fault).json() == fault
    assert ask(app, "GET", "/admin/fault").json() == fault
    ask(app, "PUT", "/admin/fault", {"mode": "none"})
    assert ask(app, "GET", "/admin/fault").json()["mode"] == "none"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"mode": "sluggish"}, "mode"),
        ({}, "mode"),
        ({"mode": "slow", "seconds": [0.3, 0.2]}, "seconds is [0.3, 0.2]; it takes"),
        ({"mode": "slow", "seconds": [0.3]}, "seconds"),
        ({"mode": "failing", "share": 0}, "share is 0.0; it takes"),
        ({"mode": "failing", "portion": 0.1}, "portion"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_the_one_that_is_on_stays(body: object, message: str) -> None:
    app = create_app(admin=True)
    ask(app, "PUT", "/admin/fault", {"mode": "cold_cache"})
    answer = ask(app, "PUT", "/admin/fault", body)
    assert answer.status_code == 422
    assert message in answer.text
    assert ask(app, "GET", "/admin/fault").json()["mode"] == "cold_cache"


def test_durations_are_recorded_to_the_digit_and_to_the_last_one() -> None:
    app = create_app(admin=True)
    body = {"durations": {"0.099": 950, "0.1": 50}, "served_from": "cache"}
    assert ask(app, "POST", "/admin/record", body).json() == {"recorded": 1000}
    buckets = values(app, f"{names.EXTRACTION_DURATION}_bucket")
    assert ("cache", "success", "0.09") not in buckets
    assert buckets["cache", "success", "0.1"] == 1000
    ask(app, "POST", "/admin/record", {"durations": {"0.1000001": 1}, "served_from": "cache"})
    buckets = values(app, f"{names.EXTRACTION_DURATION}_bucket")
    assert buckets["cache", "success", "0.1"] == 1000
    assert buckets["cache", "success", "0.11"] == 1001


def test_errors_are_recorded_under_the_type_they_were_given() -> None:
    app = create_app(admin=True)
    ask(app, "POST", "/admin/record", {"durations": {"0.01": 3}, "error": "TimeoutError"})
    assert values(app, names.EXTRACTION_ERRORS) == {("TimeoutError",): 3}
    assert values(app, f"{names.EXTRACTION_DURATION}_count") == {("none", "error"): 3}


@pytest.mark.parametrize(
    "body",
    [
        {"durations": {"0.1": 100_001}},
        {"durations": {"0.1": 60_000, "0.2": 60_000}},
        {"durations": {"0.1": 0}},
        {"durations": {"soon": 1}},
        {"durations": {"0.1": 1}, "served_from": "thin air"},
    ],
)
def test_a_record_that_cannot_be_or_is_too_long_records_nothing(body: object) -> None:
    app = create_app(admin=True)
    assert ask(app, "POST", "/admin/record", body).status_code == 422
    assert values(app, f"{names.EXTRACTION_DURATION}_count") == {}
