"""The preview in a real browser, on a real Prometheus: every kind of panel, what a reader does, what goes wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import running_responder
from tests.conftest import CHECKOUT
from tests.dashboards_sample import DASHBOARDS, overview, sample_plan
from tests.preview_gallery import UID, dashboard
from tests.running_prometheus import prometheus
from tests.test_dashboards_live import asked, extractor, stack

from featurewatch.bench import viewers
from featurewatch.dashboards import generate
from featurewatch.preview import pictures
from featurewatch.preview.beside import running
from featurewatch.preview.pictures import Picture, View
from featurewatch.preview.settings import Settings
from featurewatch.responder import intake
from featurewatch.responder import service as responder
from featurewatch.responder.database import open_database
from featurewatch.responder.firing import Told
from featurewatch.responder.settings import Settings as ResponderSettings
from featurewatch.responder.tokens import Bearer, Role
from featurewatch.tools.errors import ToolError
from featurewatch.tools.toolbox import Tools

pytestmark = pytest.mark.end_to_end

RULES = {"alerts": {"groups": [{"name": "a", "rules": [{"alert": "AlwaysOn", "expr": "vector(1)"}]}]}}
KINDS = {panel["type"] for panel in dashboard()["panels"]} - {"row"}
NOTHING_LISTENS = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def browser() -> Path:
    try:
        if importlib.util.find_spec("playwright") is None:
            raise ToolError("playwright is missing; pip install 'featurewatch[pictures]'")
        return pictures.find_browser(os.environ)
    except ToolError as fault:
        if os.environ.get("CI"):
            pytest.fail(str(fault), pytrace=False)
        pytest.skip(str(fault))


@pytest.fixture(scope="module")
def watching(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has scraped another one a few times, as two jobs."""
    watched_folder, folder = tmp_path_factory.mktemp("watched"), tmp_path_factory.mktemp("watching")
    with prometheus(tools.prometheus.path, watched_folder, {}) as watched:
        target = watched.removeprefix("http://")
        jobs: dict[str, tuple[str, dict[str, str]]] = {job: (target, {}) for job in ("first", "second")}
        with prometheus(tools.prometheus.path, folder, jobs, RULES) as address:
            query = {"query": "count(rate(prometheus_http_requests_total[10s])) and on() count(ALERTS)"}
            poll(lambda: httpx.get(f"{address}/api/v1/query", params=query, trust_env=False).json()["data"]["result"])
            yield address


@pytest.fixture
def settings(tmp_path: Path, watching: str) -> Settings:
    return Settings(dashboards=tmp_path, runbooks=tmp_path, prometheus=watching, scrape_seconds=1.0)


def poll(found: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until there is something, without guessing how long it takes."""
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            raise AssertionError("it never came")
        time.sleep(0.1)


def show(settings: Settings, board: dict[str, Any]) -> None:
    (settings.dashboards / "board.json").write_text(json.dumps(board))


def only(panel: dict[str, Any]) -> dict[str, Any]:
    place = {"x": 0, "y": 0, "w": 24, "h": 8}
    return {"uid": UID, "title": "One panel", "panels": [{"id": 1, "title": "P", "gridPos": place} | panel]}


def asking(expr: str, **more: Any) -> dict[str, Any]:
    return only({"type": "timeseries", "targets": [{"refId": "A", "expr": expr}]} | more)


def take(settings: Settings, browser: Path, out: Path, view: View | None = None) -> Picture:
    with running(settings) as base:
        (picture,) = pictures.take(base, [UID], out, browser, view or View())
        return picture


@contextmanager
def reading(
    settings: Settings, browser: Path, query: str = "refresh=", board: dict[str, Any] | None = None
) -> Iterator[Any]:
    """A page with the gallery, or with another board that has its Lines, drawn."""
    from playwright.sync_api import sync_playwright

    show(settings, board or dashboard())
    with running(settings) as base, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(browser), args=list(pictures.FLAGS))
        try:
            page = chromium.new_page(viewport={"width": 1600, "height": 1200})
            page.goto(f"{base}/d/{UID}?{query}")
            page.locator("[data-panel-title=Lines] .u-over").wait_for()
            yield page
        finally:
            chromium.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_kind_of_panel_is_drawn_without_a_fault(
    settings: Settings, browser: Path, tmp_path: Path, theme: str
) -> None:
    show(settings, dashboard())
    picture = take(settings, browser, tmp_path / "out", View(theme=theme, data_expected=True))
    assert picture.faults == ()
    assert picture.empty == 0
    # The repeated panel twice, the folded one not at all.
    assert picture.panels == len(KINDS) + 1 + 2
    assert picture.path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("board", "fault"),
    [
        (asking("up("), "panel 'P' failed: Prometheus refuses the query"),
        (asking("nothing_has_this_name"), "panel 'P' is empty, and its dashboard does not say"),
        (only({"type": "geomap"}), "panel 'P' is empty"),
        (
            only({"type": "text", "options": {"mode": "html", "content": "<img src='http://far.test/x.png'>"}}),
            "far.test",
        ),
    ],
)
def test_a_picture_says_what_is_wrong_with_it(
    settings: Settings, browser: Path, tmp_path: Path, board: dict[str, Any], fault: str
) -> None:
    show(settings, board)
    found = take(settings, browser, tmp_path / "out").faults
    assert any(fault in one for one in found), found


def test_an_empty_panel_is_in_order_where_its_dashboard_says_what_that_means(
    settings: Settings, browser: Path, tmp_path: Path
) -> None:
    show(settings, asking("nothing_has_this_name", fieldConfig={"defaults": {"noValue": "calm"}, "overrides": []}))
    picture = take(settings, browser, tmp_path / "out")
    assert (picture.faults, picture.empty) == ((), 1)
    strict = take(settings, browser, tmp_path / "out", View(data_expected=True))
    assert strict.faults == ("panel 'P' is empty",)


def test_a_prometheus_that_is_down_is_said_in_words(settings: Settings, browser: Path, tmp_path: Path) -> None:
    show(settings, asking("up"))
    away = replace(settings, prometheus=NOTHING_LISTENS)
    faults = take(away, browser, tmp_path / "out").faults
    assert any("panel 'P' failed: Prometheus cannot be reached" in fault for fault in faults), faults


def test_the_pointer_tells_the_values_under_it(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        lines = page.locator("[data-panel-title=Lines] .u-over")
        box = lines.bounding_box()
        page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2 + 1)
        page.get_by_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")).first.wait_for()
        page.get_by_text(re.compile(r"[\d.]+ MiB")).first.wait_for()


def test_dragging_across_a_chart_zooms_and_going_back_undoes_it(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        box = page.locator("[data-panel-title=Lines] .u-over").bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
        page.mouse.up()
        page.wait_for_url(re.compile(r"from=\d{13}.*to=\d{13}"))
        page.go_back()
        page.wait_for_url(lambda url: "from=" not in url)


def test_the_keyboard_shows_a_panel_alone_and_goes_back(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        page.locator("[data-panel-title=Gauge] section").first.focus()
        page.keyboard.press("v")
        page.wait_for_url(re.compile("viewPanel="))
        assert page.locator("[data-panel]").count() == 1
        page.keyboard.press("Escape")
        page.wait_for_url(lambda url: "viewPanel" not in url)
        page.locator("[data-panel-title=Lines]").wait_for()


def test_rows_fold_and_unfold(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        folded = page.get_by_role("button", name=re.compile("^Folded"))
        assert folded.get_attribute("aria-expanded") == "false"
        folded.press("Enter")
        page.locator("[data-panel-title='Folded away']").wait_for()
        folded.press("Enter")
        page.locator("[data-panel-title='Folded away']").wait_for(state="detached")


def test_a_variable_chosen_by_keyboard_narrows_what_is_asked_and_stands_in_the_address(
    settings: Settings, browser: Path
) -> None:
    from playwright.sync_api import expect

    with reading(settings, browser) as page:
        assert page.locator("[data-panel-title=first], [data-panel-title=second]").count() == 2
        page.get_by_label("job").press("ArrowDown")
        page.get_by_role("option", name="All").wait_for()
        # Letter by letter, as one who looks at what is typed: Grafana's field drops letters that overtake its drawing.
        for end in range(1, len("second") + 1):
            page.keyboard.type("second"[end - 1])
            expect(page.get_by_label("job")).to_have_value("second"[:end])
        page.get_by_role("option", name="All").wait_for(state="detached")
        page.get_by_role("option", name="second").wait_for()

        def chosen() -> bool:
            # A list that has just been narrowed may forget once more which option is marked.
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            return "var-job=second" in page.evaluate("location.search")

        poll(chosen)
        page.locator("[data-panel-title=first]").wait_for(state="detached")
        page.locator("[data-panel-title=second]").wait_for(state="attached")


def test_what_a_panel_asked_can_be_read_to_the_letter(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        page.locator("[data-panel-title=Lines] section").first.focus()
        page.keyboard.press("Tab")  # the description
        page.keyboard.press("Tab")  # the menu
        page.keyboard.press("Enter")
        page.get_by_role("menuitem", name="What was asked").click()
        page.get_by_role("dialog").get_by_text("go_memstats_heap_alloc_bytes", exact=True).wait_for()


def test_it_says_that_it_is_a_preview_and_not_grafana(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        badge = page.get_by_test_id("preview-badge")
        assert "Preview, not Grafana" in badge.inner_text()
        badge.focus()
        page.get_by_text(re.compile(r"@grafana/data 12\.4\.10")).wait_for()


def test_the_keys_are_listed_and_the_list_is_closed_by_keyboard(settings: Settings, browser: Path) -> None:
    with reading(settings, browser) as page:
        page.keyboard.press("?")
        keys = page.get_by_role("dialog")
        for key, what in (("r", "Ask again now"), ("v", "Show the focused panel alone"), ("Esc", "Back to the whole")):
            line = keys.locator("dl > div").filter(has_text=what)
            assert line.locator("kbd").inner_text() == key
        page.keyboard.press("Escape")
        keys.wait_for(state="detached")
        # Keys mean something again.
        page.keyboard.press("-")
        page.wait_for_url(re.compile("from="))


def test_marks_are_drawn_and_can_be_put_out_one_by_one(settings: Settings, browser: Path) -> None:
    from playwright.sync_api import expect

    up = {"name": "Up", "enable": True, "iconColor": "blue", "titleFormat": "{{job}} is up", "tagKeys": "job"}
    down = {"name": "Down", "enable": True, "iconColor": "red", "target": {"expr": "up == 0", "refId": "down"}}
    marks = [up | {"target": {"expr": "up", "refId": "up"}}, down]
    with reading(settings, browser, board=dashboard() | {"annotations": {"list": marks}}) as page:
        lines = page.locator("[data-panel-title=Lines] .happening")
        expect(lines).to_have_count(2)  # two jobs, one stretch each
        said = [lines.nth(index).get_attribute("title").splitlines()[0] for index in range(2)]
        assert sorted(said) == ["first is up", "second is up"]
        page.get_by_role("button", name="Marks: 2 of 2").press("Enter")
        choice = page.get_by_role("menuitemcheckbox", name="Up")
        assert choice.get_attribute("aria-checked") == "true"
        choice.click()
        expect(lines).to_have_count(0)
        page.get_by_role("button", name="Marks: 1 of 2").wait_for()


def test_who_has_an_alert_in_hand_is_read_from_the_responder_as_a_viewer(
    settings: Settings, browser: Path, tmp_path: Path
) -> None:
    operator, viewer = "the-token-of-an-operator", "the-token-of-a-viewer"
    tokens = {operator: Bearer("kim", Role.OPERATOR), viewer: Bearer("preview", Role.VIEWER)}
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    app = responder.create_app(ResponderSettings(database="", tokens=tokens), database=database)
    try:
        with running_responder.running(app, operator) as client:
            now = datetime.now(UTC)
            intake.take(database, [Told("a1", now - timedelta(minutes=1), None, {"alertname": "AlwaysOn"})], now)
            client.put("/api/v1/alerts/1/acknowledgement", json={"comment": "restarting"}).raise_for_status()
            handled = replace(settings, responder=str(client.base_url).rstrip("/"), responder_token=viewer)
            with reading(handled, browser) as page:
                page.locator("[data-panel-title=Alerts]").get_by_text("In hand: kim").wait_for()
                done = page.locator("[data-panel-title=Lines] .happening[title*='acknowledged by kim']")
                done.first.wait_for(state="attached")
                assert "restarting" in done.first.get_attribute("title")
                page.get_by_role("button", name="Marks: 1 of 1").wait_for()
    finally:
        database.close()


def test_it_refreshes_by_itself(settings: Settings, browser: Path) -> None:
    with reading(settings, browser, "refresh=1s") as page:
        with page.expect_request(re.compile("query_range")):
            pass
        with page.expect_request(re.compile("query_range")):
            pass


def test_a_dozen_viewers_cost_prometheus_hardly_more_than_one(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    board = dashboard() | {"panels": [panel for panel in dashboard()["panels"] if "repeat" not in panel]}
    show(settings, board)
    with running(settings) as base:
        assert viewers.main([base, UID, "--viewers", "12", "--refreshes", "2", "--every", "2"]) == 0
    said = capsys.readouterr().out
    asked, sent = (int(number) for number in re.findall(r"asked (\d+), sent to Prometheus (\d+)", said)[0])
    assert asked > 12 * 2 * 8
    assert sent < asked / 4


KEPT = CHECKOUT / ".featurewatch/pictures"
"""Where CI finds the pictures afterwards."""


@pytest.mark.long
def test_every_dashboard_is_drawn_under_traffic_without_a_fault(tools: Tools, browser: Path, tmp_path: Path) -> None:
    plan = sample_plan(tmp_path)
    written = generate(plan, DASHBOARDS)
    (tmp_path / "out").mkdir()
    for path, text in written.items():
        (tmp_path / path).write_text(text)
    uids = [str(json.loads(text)["uid"]) for text in written.values()]
    with extractor(plan, working=True) as address, stack(tools, tmp_path, plan, address) as url:
        asked(overview(plan), url, until_filled=True)
        settings = Settings(dashboards=tmp_path / "out", runbooks=tmp_path, prometheus=url, scrape_seconds=1.0)
        view = View(parameters={"from": "now-5m", "to": "now"}, seconds=120.0)
        with running(settings) as base:
            taken = list(pictures.take(base, uids, KEPT if os.environ.get("CI") else tmp_path / "png", browser, view))
    assert {picture.uid: picture.faults for picture in taken} == dict.fromkeys(uids, ())
    assert all(picture.panels > picture.empty for picture in taken)
    assert all(picture.path.read_bytes().startswith(b"\x89PNG") for picture in taken)
