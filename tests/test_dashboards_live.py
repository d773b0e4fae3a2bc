"""The dashboards' queries against a real Prometheus, with an extractor that works, one that is idle, and none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests import running_prometheus
from tests.dashboards_sample import DASHBOARDS, Json, overview, sample_plan

from featurewatch.dashboards import generate, quiet
from featurewatch.dashboards.check import answered
from featurewatch.dashboards.live import Answer, State, run_queries, troubled, unexpected
from featurewatch.faults import Failure
from featurewatch.measure.metrics_server import start_metrics_server
from featurewatch.measure.monitor import ExtractionMonitor
from featurewatch.measure.registry import Registry
from featurewatch.rules import build, model
from featurewatch.rules.plan import Plan
from featurewatch.tools.toolbox import Tools

DEADLINE_SECONDS = 40.0
NOBODY = "127.0.0.1:1"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return sample_plan(tmp_path)


@contextmanager
def stack(tools: Tools, folder: Path, plan: Plan, extractor: str) -> Iterator[str]:
    """Prometheus with the real rules, node_exporter, and the extractor at `extractor`."""
    rules = {group.name: model.render(replace(group, interval=1.0)) for group in build.groups(plan)}
    labels = {"service": plan.objectives.service}
    with running_prometheus.node_exporter(tools.node_exporter.path, folder) as node:
        targets = {build.EXTRACTORS_JOB: (extractor, labels), "node": (node, {})}
        with running_prometheus.prometheus(tools.prometheus.path, folder, targets, rules) as url:
            yield url


@contextmanager
def extractor(plan: Plan, *, working: bool) -> Iterator[str]:
    """The host:port of a real monitor's metrics; a working one has compute, cache, fallback and an error."""
    registry = Registry()
    monitor = ExtractionMonitor("technical", service=plan.objectives.service, registry=registry)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            monitor.record(0.02)
            for _ in range(9):
                monitor.record(0.001, served_from="cache")
            monitor.record(0.05, served_from="fallback")
            monitor.record(0.01, error="ValueError")

    thread = threading.Thread(target=work)
    with start_metrics_server(registry) as server:
        if working:
            thread.start()
        try:
            yield f"127.0.0.1:{server.port}"
        finally:
            stop.set()
            if working:
                thread.join()


def asked(board: Json, url: str, *, until_filled: bool) -> tuple[Answer, ...]:
    """The answers, as soon as the rules have been evaluated, or as all are filled."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        answers = run_queries(board, url)
        alive = any(answer.state == "filled" for answer in answers if "service:up:max" in answer.query)
        if time.monotonic() > end or (alive and not (until_filled and unexpected(answers))):
            return answers
        time.sleep(0.5)


def test_under_traffic_every_query_of_every_panel_has_a_number(tools: Tools, tmp_path: Path, plan: Plan) -> None:
    with extractor(plan, working=True) as address, stack(tools, tmp_path, plan, address) as url:
        answers = asked(overview(plan), url, until_filled=True)
    assert len(answers) > 20
    assert unexpected(answers) == (), "\n".join(map(str, unexpected(answers)))


OWN_TARGETS_MISSING = frozenset(
    {"Prometheus does not scrape itself", "Alertmanager is not scraped", "no responder is scraped"}
)
"""What panels say here that they may not say anywhere else: this Prometheus scrapes the extractor and the host only."""


@pytest.mark.long
def test_under_traffic_no_panel_of_any_dashboard_is_empty_without_a_reason(
    tools: Tools, tmp_path: Path, plan: Plan
) -> None:
    boards = [json.loads(text) for text in generate(plan, DASHBOARDS).values()]
    said = {
        panel["title"]: panel["fieldConfig"]["defaults"]["noValue"]
        for board in boards
        for item in board["panels"]
        for panel in (item, *item.get("panels", []))
        if "targets" in panel
    }
    with extractor(plan, working=True) as address, stack(tools, tmp_path, plan, address) as url:
        asked(overview(plan), url, until_filled=True)
        answers = [answer for board in boards for answer in run_queries(board, url)]
    assert len(answers) > 150
    found = [answer for answer in unexpected(answers) if said[answer.panel] not in OWN_TARGETS_MISSING]
    assert found == [], "\n".join(map(str, found))


def test_a_panel_is_a_gap_only_when_all_of_it_is_empty_and_nothing_says_why() -> None:
    def answer(state: State, reason: str = "", panel: str = "a") -> Answer:
        return Answer(panel, "A", "up", state, 0, reason=reason)

    assert unexpected([answer("empty"), answer("filled")]) == ()
    assert unexpected([answer("empty", "no GPU here")]) == ()
    assert unexpected([answer("empty"), answer("filled", panel="b")]) == (answer("empty"),)
    assert unexpected([answer("not a number", "no GPU here"), answer("filled")]) != ()
    assert unexpected([answer("refused", "no GPU here")]) != ()


@pytest.mark.long
def test_without_traffic_panels_are_empty_and_none_shows_nan(tools: Tools, tmp_path: Path, plan: Plan) -> None:
    with extractor(plan, working=False) as address, stack(tools, tmp_path, plan, address) as url:
        _wait_for_scrapes(url, 1)
        answers = asked(overview(plan), url, until_filled=False)
    assert troubled(answers, empty_is_fine=True) == (), "\n".join(map(str, troubled(answers, empty_is_fine=True)))
    empty = {answer.panel for answer in answers if answer.state == "empty"}
    assert "p95 ≤ 100ms" in empty
    assert "Alerts over time" not in empty


@pytest.mark.long
def test_with_the_extractor_down_nothing_shows_nan_and_the_state_is_told(
    tools: Tools, tmp_path: Path, plan: Plan
) -> None:
    with stack(tools, tmp_path, plan, NOBODY) as url:
        _wait_for_scrapes(url, 0)
        answers = asked(overview(plan), url, until_filled=False)
    assert troubled(answers, empty_is_fine=True) == ()
    filled = {answer.panel for answer in answers if answer.state == "filled"}
    assert {"The extractor answers", "The extractor measures extractions", "Alerts firing"} <= filled


def _wait_for_scrapes(url: str, up: int) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    query = f'count_over_time(up{{job="{build.EXTRACTORS_JOB}"}}[1m]) > 4 and up == {up}'
    while time.monotonic() < end:
        answer = httpx.post(f"{url}/api/v1/query", data={"query": query}, trust_env=False).json()
        if answer["data"]["result"]:
            return
        time.sleep(0.2)
    raise AssertionError(f"the extractor's target never had up = {up}")


@pytest.fixture
def bare(tools: Tools, tmp_path: Path) -> Iterator[str]:
    with running_prometheus.prometheus(tools.prometheus.path, tmp_path, {}) as url:
        yield url


def board_of(expr: str, *, instant: bool) -> Json:
    target = {"expr": expr, "refId": "A", "instant": instant, "interval": "1s"}
    variables = [
        {"name": "service", "current": {"value": "shop"}},
        {"name": "extractor", "current": {"value": "$__all"}, "allValue": ".*"},
        {"name": "zone", "current": {"value": ["a", "b"]}},
    ]
    panel = {"title": "a panel", "type": "timeseries", "targets": [target]}
    return {"title": "a board", "panels": [panel], "templating": {"list": variables}}


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize(
    ("expr", "state"),
    [
        ("vector(1)", "filled"),
        ("scalar(vector(1))", "filled"),
        ('up{job="nobody"}', "empty"),
        ("vector(0) / 0", "not a number"),
        ("vector(1) / 0", "not a number"),
        ("sum(", "refused"),
    ],
)
def test_an_answer_is_told_apart(expr: str, state: str, instant: bool, bare: str) -> None:
    [answer] = run_queries(board_of(expr, instant=instant), bare)
    assert answer.state == state, answer


def test_variables_have_the_values_that_the_dashboard_opens_with(bare: str) -> None:
    expr = 'up{service="$service",extractor=~"$extractor|",zone=~"$zone"}[$__rate_interval]'
    [answer] = run_queries(board_of(expr, instant=True), bare)
    assert answer.query == 'up{service="shop",extractor=~".*|",zone=~"a|b"}[4s]'


def test_variables_can_be_chosen(bare: str) -> None:
    [answer] = run_queries(board_of('up{service="$service"}', instant=True), bare, chosen={"service": "other"})
    assert answer.query == 'up{service="other"}'


def test_a_refusal_repeats_what_prometheus_says(bare: str) -> None:
    [answer] = run_queries(board_of("sum(", instant=True), bare)
    assert "unclosed left parenthesis" in str(answer)


def test_nobody_at_the_address_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(httpx.ConnectError):
        run_queries(board_of("vector(1)", instant=True), f"http://{NOBODY}")


def saying(expr: str, title: str, said: str) -> Json:
    [panel] = board_of(expr, instant=True)["panels"]
    return {**panel, "title": title, "fieldConfig": {"defaults": {"noValue": said}}}


def test_what_is_not_answered_is_told_with_file_panel_and_remedy_and_what_may_be_empty_is_counted(bare: str) -> None:
    panels = [
        saying("vector(1)", "filled", "-"),
        saying('up{job="nobody"}', "a gap", "-"),
        saying('up{job="nobody"}', "no GPU", quiet.NO_GPU),
        saying("vector(0) / 0", "nonsense", quiet.NO_GPU),
        saying("sum(", "refused", "-"),
    ]
    marks = [
        {"name": "calm", "target": {"expr": 'up{job="nobody"}', "refId": "calm"}},
        {"name": "wrong", "target": {"expr": "sum(", "refId": "wrong"}},
    ]
    board = {"title": "a board", "panels": panels, "annotations": {"list": marks}}
    with httpx.Client(trust_env=False) as client:
        found = answered.ask({"out/a.json": json.dumps(board)}, bare, client)
    assert [(one.dashboard, one.panel) for one in found.findings] == [
        *(("out/a.json", "a gap"), ("out/a.json", "nonsense"), ("out/a.json", "refused")),
        ("out/a.json", "marks: wrong"),
    ]
    assert "query A is empty: up{job=" in found.findings[0].what
    assert "quiet.py" in found.findings[0].remedy
    assert found.excused == {
        quiet.reason(quiet.NO_GPU): ("no GPU",),
        quiet.reason(quiet.NO_HAPPENING): ("marks: calm",),
    }
    assert str(found) == "7 queries, 4 without a number, 2 panels empty for 2 known reasons"


@pytest.mark.parametrize("url", [f"http://{NOBODY}", "not a URL"])
def test_an_address_without_prometheus_is_named_with_what_to_give(url: str) -> None:
    board = json.dumps(board_of("vector(1)", instant=True))
    with httpx.Client(trust_env=False) as client, pytest.raises(Failure, match=r"give the address of its API"):
        answered.ask({"out/a.json": board}, url, client)
