"""What the preview's server answers, refuses, and keeps for those who come next."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from featurewatch import names
from featurewatch.preview.service import BUNDLE, create_app
from featurewatch.preview.settings import Settings, SettingsError, from_command_line

PERMISSIVE = {
    "(MPL-2.0 OR Apache-2.0)",
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "OFL-1.1",
    "Unlicense",
}
TOKEN = "correct horse battery staple"


class Prometheus(httpx.AsyncBaseTransport):
    """In place of the network: answers every question after a moment, and remembers them."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.asked: list[httpx.URL] = []
        self._answer = answer or (lambda _request: httpx.Response(200, json={"status": "success", "data": []}))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        await asyncio.sleep(0.01)
        return self._answer(request)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    boards, runbooks = tmp_path / "out", tmp_path / "alerts"
    boards.mkdir()
    runbooks.mkdir()
    board = {"uid": "one", "title": "One?", "description": "First.\n\nMore.", "tags": ["t"], "panels": []}
    (boards / "one.json").write_text(json.dumps(board))
    (boards / "broken.json").write_text("{")
    (runbooks / "ExtractorDown.md").write_text(
        "# Down\n\n## First *steps*\n\n<script>alert(1)</script> [a](Other.md#x) [b](javascript:alert(1))\n"
    )
    (tmp_path / "secret.md").write_text("secret")
    return Settings(dashboards=boards, runbooks=runbooks, prometheus="http://prometheus.test")


@asynccontextmanager
async def reader(
    settings: Settings,
    prometheus: Prometheus | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    host: str = "127.0.0.1:3000",
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, transport=prometheus or Prometheus(), clock=clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


def ask(settings: Settings, *paths: str, prometheus: Prometheus | None = None, **headers: str) -> list[httpx.Response]:
    """The answers to some paths, one after another."""

    async def all_of_them() -> list[httpx.Response]:
        async with reader(settings, prometheus) as client:
            return [await client.get(path, headers=headers) for path in paths]

    return asyncio.run(all_of_them())


def test_dashboards_are_listed_and_a_broken_file_says_what_is_wrong(settings: Settings) -> None:
    listed, board, missing = ask(settings, "/api/dashboards", "/api/dashboards/one", "/api/dashboards/none")
    broken, one = listed.json()["dashboards"]
    assert broken["file"] == "broken.json"
    assert "is not JSON" in broken["fault"]
    assert one == {"uid": "one", "title": "One?", "description": "First.", "tags": ["t"]}
    assert board.json()["title"] == "One?"
    assert missing.status_code == 404
    assert "there: one" in missing.json()["detail"]


def test_a_changed_dashboard_is_read_again(settings: Settings) -> None:
    async def twice() -> tuple[str, str]:
        async with reader(settings) as client:
            before = (await client.get("/api/dashboards/one")).json()["title"]
            board = {"uid": "one", "title": "Changed?", "panels": []}
            (settings.dashboards / "one.json").write_text(json.dumps(board))
            return before, (await client.get("/api/dashboards/one")).json()["title"]

    assert asyncio.run(twice()) == ("One?", "Changed?")


def test_a_hundred_readers_who_ask_the_same_cost_prometheus_one_question(settings: Settings) -> None:
    prometheus = Prometheus()

    async def all_at_once() -> str:
        async with reader(settings, prometheus) as client:
            path = "/api/prom/api/v1/query_range?query=up&start=0&end=60&step=5"
            answers = await asyncio.gather(*(client.get(path) for _ in range(100)))
            assert {answer.status_code for answer in answers} == {200}
            return (await client.get("/metrics/")).text

    metrics = asyncio.run(all_at_once())
    assert len(prometheus.asked) == 1
    assert f"\n{names.PREVIEW_QUERIES_ASKED} 100\n" in metrics
    assert f"\n{names.PREVIEW_QUERIES_SENT} 1\n" in metrics


def test_an_answer_is_given_again_until_it_is_too_old(settings: Settings) -> None:
    prometheus, now = Prometheus(), [100.0]

    async def over_time() -> list[int]:
        async with reader(settings, prometheus, lambda: now[0]) as client:
            counts = []
            for later in (0.0, 1.9, 0.2, 0.0):
                now[0] += later
                await client.get("/api/prom/api/v1/query?query=up")
                counts.append(len(prometheus.asked))
            return counts

    assert asyncio.run(over_time()) == [1, 1, 2, 2]


def test_different_questions_have_different_answers(settings: Settings) -> None:
    prometheus = Prometheus(lambda request: httpx.Response(200, json={"data": request.url.params["query"]}))
    paths = [f"/api/prom/api/v1/query?query={query}" for query in ("a", "b", "a")]
    assert [answer.json()["data"] for answer in ask(settings, *paths, prometheus=prometheus)] == ["a", "b", "a"]
    assert len(prometheus.asked) == 2


@pytest.mark.parametrize(
    "path",
    [
        "admin/tsdb/delete_series?match[]=up",
        "status/config",
        "targets",
        "label/a%2Fb/values",
        "../../-/quit",
        "query/../admin/tsdb/snapshot",
        "label",
    ],
)
def test_only_reading_paths_reach_prometheus(settings: Settings, path: str) -> None:
    prometheus = Prometheus()
    (answer,) = ask(settings, f"/api/prom/api/v1/{path}", prometheus=prometheus)
    assert answer.status_code == 404
    assert prometheus.asked == []


@pytest.mark.parametrize("query", ["query=up&stats=all", f"query={'x' * 20_000}", "&".join(["query=up"] * 40)])
def test_questions_out_of_bounds_are_refused_before_prometheus_sees_them(settings: Settings, query: str) -> None:
    prometheus = Prometheus()
    (answer,) = ask(settings, f"/api/prom/api/v1/query?{query}", prometheus=prometheus)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert prometheus.asked == []


def test_what_prometheus_says_about_a_bad_query_comes_through(settings: Settings) -> None:
    said = {"status": "error", "errorType": "bad_data", "error": "unclosed left parenthesis"}
    (answer,) = ask(
        settings,
        "/api/prom/api/v1/query?query=(",
        prometheus=Prometheus(lambda _request: httpx.Response(400, json=said)),
    )
    assert answer.status_code == 400
    assert answer.json() == said


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (_refuse, 502, "Is it running?"),
        (lambda _request: httpx.Response(200, text="<html>"), 502, "not JSON"),
        (lambda _request: httpx.Response(302, headers={"location": "http://elsewhere.test"}), 502, "302"),
        (lambda _request: httpx.Response(200, json="x" * (17 << 20)), 502, "fewer series"),
    ],
)
def test_trouble_with_prometheus_is_a_problem_in_words(
    settings: Settings, answer: Callable[[httpx.Request], httpx.Response], status: int, words: str
) -> None:
    (found,) = ask(settings, "/api/prom/api/v1/query?query=up", prometheus=Prometheus(answer))
    assert found.status_code == status
    assert words in found.json()["detail"]


def test_a_reader_who_leaves_does_not_take_the_answer_from_the_others(settings: Settings) -> None:
    async def one_leaves() -> int:
        async with reader(settings) as client:
            path = "/api/prom/api/v1/query?query=up"
            leaving = asyncio.create_task(client.get(path))
            staying = asyncio.create_task(client.get(path))
            await asyncio.sleep(0.005)
            leaving.cancel()
            return (await staying).status_code

    assert asyncio.run(one_leaves()) == 200


def test_a_runbook_is_a_page_in_which_nothing_runs(settings: Settings) -> None:
    (page,) = ask(settings, "/runbooks/ExtractorDown")
    assert page.status_code == 200
    assert '<h2 id="first-steps">First <em>steps</em></h2>' in page.text
    assert "<script" not in page.text
    assert 'href="/runbooks/Other#x"' in page.text
    assert 'href="javascript' not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_an_alert_without_runbook_says_which_there_are(settings: Settings) -> None:
    (page,) = ask(settings, "/runbooks/Nobody")
    assert page.status_code == 404
    assert "No runbook for Nobody" in page.text
    assert "/runbooks/ExtractorDown" in page.text


@pytest.mark.parametrize("name", ["..%2fsecret", "%2e%2e%2fsecret", "secret", "ExtractorDown.md", "<b>"])
def test_no_name_leads_out_of_the_folder_of_runbooks(settings: Settings, name: str) -> None:
    (page,) = ask(settings, f"/runbooks/{name}")
    assert page.status_code == 404
    assert "secret\n" not in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_a_name_that_is_not_ours_is_refused_as_in_dns_rebinding(settings: Settings, host: str) -> None:
    (answer,) = ask(settings, "/api/dashboards", host=host)
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:3000", "10.1.2.3", "watch.example"])
def test_our_own_names_and_plain_addresses_are_answered(settings: Settings, host: str) -> None:
    (answer,) = ask(replace(settings, hosts=frozenset({"watch.example"})), "/api/dashboards", host=host)
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_reads(settings: Settings, method: str) -> None:
    async def try_it() -> httpx.Response:
        async with reader(settings) as client:
            return await client.request(method, "/api/prom/api/v1/query?query=up")

    assert asyncio.run(try_it()).status_code == 405


def test_every_answer_keeps_browsers_from_more_than_it_needs(settings: Settings) -> None:
    for answer in ask(settings, "/", "/api/dashboards", "/nothing", "/runbooks", "/-/ready"):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "script-src 'self' 'unsafe-inline'" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_with_a_token_nothing_is_shown_without_it(settings: Settings) -> None:
    guarded = replace(settings, token=TOKEN)
    api, page, ready = ask(guarded, "/api/dashboards", "/", "/-/ready", accept="text/html")
    assert (api.status_code, page.status_code, ready.status_code) == (401, 401, 200)
    assert "One?" not in api.text + page.text
    (answer,) = ask(guarded, "/api/dashboards", authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    (wrong,) = ask(guarded, "/api/dashboards", authorization="Bearer wrong")
    assert wrong.status_code == 401


def test_a_browser_that_gave_the_token_once_is_let_in_and_never_keeps_the_token_itself(settings: Settings) -> None:
    async def enter() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        async with reader(replace(settings, token=TOKEN)) as client:
            wrong = await client.post("/-/enter", data={"token": "wrong"})
            right = await client.post("/-/enter", data={"token": TOKEN})
            return wrong, right, await client.get("/api/dashboards")

    wrong, right, after = asyncio.run(enter())
    assert wrong.status_code == 401
    assert right.status_code == 303
    assert after.status_code == 200
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--address", "0.0.0.0"), "--token-file"),
        (("--address", "localhost"), "give an IP address"),
        (("--prometheus", "ftp://x"), "give one like"),
        (("--cache-seconds", "-1"), "give 0 to 60"),
        (("--scrape-seconds", "0"), "more than 0"),
        (("--token-file", "/nonexistent"), "cannot read"),
    ],
)
def test_settings_that_cannot_be_used_say_what_to_do(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        from_command_line(arguments)


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short\n")
    with pytest.raises(SettingsError, match="at least 16"):
        from_command_line(["--address", "0.0.0.0", "--token-file", str(tmp_path / "token")])


def test_the_app_is_in_the_package_with_its_licences_and_small_enough() -> None:
    files = [path for path in BUNDLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_600_000
    assert {"index.html", "LICENCES.txt"} <= {path.name for path in files}
    licences = (BUNDLE / "LICENCES.txt").read_text()
    assert "@grafana/ui 12.4.10, Apache-2.0" in licences
    declared = set(re.findall(r"^\S+ \d+\.\d+\.\S+, (.+)$", licences, re.MULTILINE))
    assert declared <= PERMISSIVE, declared - PERMISSIVE
    assert "<script>" not in (BUNDLE / "index.html").read_text()


def test_the_app_and_its_files_are_served(settings: Settings) -> None:
    page, script, gone = ask(settings, "/d/one", "/assets/preview.js", "/assets/../service.py")
    assert page.status_code == 200
    assert "javascript" in script.headers["content-type"]
    assert gone.status_code == 404
