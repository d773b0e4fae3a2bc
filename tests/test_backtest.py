"""A month of known incidents in a real Prometheus: every firing is found, right to one evaluation."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests import objectives_sample, rules_sample, running_prometheus
from tests.conftest import CHECKOUT

from featurewatch import names
from featurewatch.backtest.expand import Unreplayable, expanded, recorded
from featurewatch.backtest.history import History, HistoryFailure, State, Window
from featurewatch.backtest.proposal import proposed
from featurewatch.backtest.replay import Firing, firings, joined, runs
from featurewatch.backtest.report import Replayed, questions, replay
from featurewatch.faults import Faulty
from featurewatch.native.ports import free_port
from featurewatch.objectives import load
from featurewatch.rules.build import groups
from featurewatch.rules.model import Alert, Group, Recording, Rule
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

MINUTE = 60
START = 1_790_000_040
"""A whole minute, as evaluations are."""
DAYS = 30
LIMITS = (
    rules_sample.LATENCY_LIMITS,
    """\
    limits:
      - { above: 100ms, severity: high, window: 5m, for: 6m }
      - { above: 150ms, severity: critical, window: 5m, for: 2m }
""",
)
BUDGET = ("  budget: 15s", "  budget: 20m")


@dataclass(frozen=True)
class Incident:
    """From one minute on, for some minutes, every extraction takes so long."""

    minute: int
    minutes: int
    seconds: float

    def firing(self, hold: int) -> tuple[int, int] | None:
        """(fires, resolved) in minutes, by hand: a window of 5m holds five samples and so four minutes' extractions.

        It holds a bad one from the first sample after the begin on until three minutes after the last one.
        """
        first, last = self.minute + 1, self.minute + self.minutes + 3
        return (first + hold, last + 1) if first + hold <= last else None


INCIDENTS = (
    Incident(600, 3, 0.11),  # over before `for` is
    Incident(2000, 4, 0.11),  # the shortest that is told
    Incident(5000, 60, 0.11),
    Incident(9990, 30, 0.13),  # across the border of two questions
    Incident(20000, 2, 0.2),
    Incident(30000, 200, 0.2),
    Incident(43100, 99, 0.2),  # until the end
)
EDGES = (0.1, 0.12, 0.15)


def exposition() -> Iterator[str]:
    """OpenMetrics with time stamps: 2400 extractions a minute, in 60 ms except in the incidents."""
    slow = {minute: each.seconds for each in INCIDENTS for minute in range(each.minute, each.minute + each.minutes)}
    labels = 'service="market-features",extractor="technical",served_from="compute",outcome="success"'
    metric = names.EXTRACTION_DURATION
    lines: dict[str, list[str]] = {str(edge): [] for edge in (*EDGES, "+Inf")}
    counts = dict.fromkeys(lines, 0)
    for minute in range(DAYS * 24 * 60):
        if minute:
            took = slow.get(minute - 1, 0.06)
            for edge in counts:
                counts[edge] += 2400 if edge == "+Inf" or took <= float(edge) else 0
        for edge, values in lines.items():
            values.append(f'{metric}_bucket{{{labels},le="{edge}"}} {counts[edge]} {START + minute * MINUTE}')
        lines["+Inf"].append(f"{metric}_count{{{labels}}} {counts['+Inf']} {START + minute * MINUTE}")
    yield f"# TYPE {metric} histogram"
    for values in lines.values():
        yield from values
    yield "# EOF"


@pytest.fixture(scope="module")
def url(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("month")
    (folder / "month.om").write_text("\n".join(exposition()) + "\n", encoding="utf-8")
    argv: list[str | Path] = [
        tools.promtool.path,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        "--quiet",
        "month.om",
        "data",
    ]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yaml").write_text("{}")
    port = free_port()
    options = ["--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y"]
    argv = [tools.prometheus.path, *options, f"--web.listen-address=127.0.0.1:{port}"]
    with running_prometheus.running(argv, folder, f"http://127.0.0.1:{port}/-/ready", 60):
        yield f"http://127.0.0.1:{port}"


def built(folder: Path, *changes: tuple[str, str]) -> tuple[Group, ...]:
    return groups(rules_sample.planned(folder, rules_sample.changed(LIMITS, BUDGET, *changes)))


def month() -> Window:
    return Window(START, START + (DAYS * 24 * 60 - 1) * MINUTE)


def replayed(url: str, rules: tuple[Group, ...], state: Path | None = None) -> dict[str, Replayed]:
    """By severity."""
    with httpx.Client(timeout=60, trust_env=False) as client:
        asked = questions(rules, ["ExtractionTooSlow"], MINUTE)
        found = list(replay(asked, History(url, client), State.open(state, month())))
    return {each.severity: each for each in found}


def minutes(each: Replayed) -> list[tuple[int, int | None]]:
    [series] = each.firings.values()
    return [
        (round((one.began - START) / MINUTE), None if one.ended is None else round((one.ended - START) / MINUTE))
        for one in series
    ]


def expected(hold: int, above: float) -> list[tuple[int, int | None]]:
    whole = [firing for each in INCIDENTS if each.seconds > above and (firing := each.firing(hold))]
    end = DAYS * 24 * 60
    return [(fires, resolved if resolved < end else None) for fires, resolved in whole]


@pytest.mark.long
def test_every_firing_of_a_month_is_found_to_the_evaluation(url: str, tmp_path: Path) -> None:
    found = replayed(url, built(tmp_path))

    assert minutes(found["high"]) == expected(6, 0.1)
    assert minutes(found["critical"]) == expected(2, 0.15)
    assert found["high"].share_shorter(5 * MINUTE) == 1 / 5


@pytest.mark.long
def test_a_proposed_limit_is_replayed_beside_todays(url: str, tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(rules_sample.changed(LIMITS, BUDGET), encoding="utf-8")
    proposal = groups(plan(proposed(file, ["objectives.extraction-latency.limits.high=120ms"])))

    assert minutes(replayed(url, proposal)["high"]) == expected(6, 0.12)


@pytest.mark.long
def test_an_interrupted_replay_goes_on_without_asking_again(url: str, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    rules = built(tmp_path)
    whole = replayed(url, rules, state)
    lines = state.read_text().splitlines(keepends=True)
    state.write_text("".join(lines[:4]) + lines[4][:20])  # cut off while writing

    again = replayed(url, rules, state)

    assert again == whole
    assert len(state.read_text().splitlines()) >= len(lines)


# --- the bookkeeping ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("held", "hold", "keep", "found"),
    [
        ([], 0, 0, []),
        ([(3, 3)], 0, 0, [Firing(30, 40)]),
        ([(3, 4)], 20, 0, []),
        ([(3, 5)], 20, 0, [Firing(50, 60)]),
        ([(3, 5)], 25, 0, []),
        ([(3, 6)], 25, 0, [Firing(60, 70)]),
        ([(3, 9)], 20, 0, [Firing(50, None)]),
        ([(3, 5), (7, 8)], 20, 0, [Firing(50, 60)]),
        ([(3, 5), (7, 8)], 20, 20, [Firing(50, None)]),
        ([(1, 2), (4, 4)], 10, 10, [Firing(20, 60)]),
        ([(1, 2), (4, 4)], 10, 20, [Firing(20, 70)]),
    ],
)
def test_for_and_keep_firing_for_are_counted_as_prometheus_does(
    held: list[tuple[int, int]], hold: float, keep: float, found: list[Firing]
) -> None:
    assert firings(held, hold, keep, 0.0, 10.0, 10) == found


def test_stretches_are_joined_across_questions() -> None:
    assert joined(runs([0, 1, 2]), runs([3, 4, 9])) == [(0, 4), (9, 9)]


# --- the expressions ------------------------------------------------------------------------------------------------
def test_every_alert_is_expanded_to_what_exporters_export_or_says_why_not(tmp_path: Path) -> None:
    for question in questions(groups(rules_sample.planned(tmp_path, objectives_sample.TEXT))):
        assert (question.why_not == "") == (question.expr != "")
        assert "service_extractor:" not in question.expr
        if question.why_not:
            assert "ALERTS" in question.why_not


def test_the_alerts_of_this_checkout_are_expanded_or_say_why_not() -> None:
    asked = questions(groups(plan(load(CHECKOUT / "objectives.yaml"))))
    refused = {question.alert.name: question.why_not for question in asked if question.why_not}
    assert {question.alert.name for question in asked if question.expr} >= {"ExtractionTooSlow", "DiskFillsUp"}
    assert "ALERTS" in refused["EscalationLevel2"]
    assert "computed from what it was before" in refused["TrafficUnusual"]


def test_a_recorded_series_that_cannot_be_replayed_stops_only_what_reads_it() -> None:
    rules: tuple[Rule, ...] = (
        Recording("alert:started:seconds", "ALERTS or alert:started:seconds"),
        Recording("job:calm:max", "up unless job:odd:max"),
        Recording("job:odd:max", "up > job:calm:max"),
        Recording("job:up:max", "max by (job) (up)"),
        *(Alert(name, expr, 0.0, {}, {}) for name, expr in READERS.items()),
    )

    asked = {question.alert.name: question for question in questions([Group("g", 15.0, rules)])}

    assert {name: bool(question.expr) for name, question in asked.items()} == {
        "OfAlerts": False,
        "OfItself": False,
        "OfSeries": True,
    }
    assert "job:odd:max" in asked["OfItself"].why_not


READERS = {"OfAlerts": "alert:started:seconds > 0", "OfItself": "job:odd:max > 0", "OfSeries": "job:up:max == 0"}


def test_a_range_over_a_recorded_series_becomes_a_subquery() -> None:
    known = recorded([Group("g", 15.0, (Recording("job:up:max", "max by (job) (up)"),))])

    assert expanded('max_over_time(job:up:max{job="a"}[1h])', known) == (
        'max_over_time((max by (job) (up{job="a"}))[1h:15s])'
    )


def test_a_matcher_that_cannot_be_carried_inside_is_refused() -> None:
    known = recorded([Group("g", 15.0, (Recording("job:up:max", "max by (job) (up)"),))])

    with pytest.raises(Unreplayable, match="instance"):
        expanded('job:up:max{instance="a"} == 0', known)


def test_alerts_about_alerts_are_named_and_left_out() -> None:
    group = Group("g", 15.0, (Alert("B", 'ALERTS{alertname="A"}', 0.0, {}, {}),))

    [question] = questions([group])
    assert "ALERTS" in question.why_not


# --- what can go wrong ----------------------------------------------------------------------------------------------
def test_a_server_that_is_not_there_is_named_after_some_attempts() -> None:
    pauses: list[float] = []
    window = Window(0, 600)
    with httpx.Client(trust_env=False) as client:
        history = History("http://127.0.0.1:1", client, pause=pauses.append)
        with pytest.raises(HistoryFailure, match="query_range"):
            list(history.held("up", window, 60, State(None, window)))

    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    "setting",
    [
        "objectives.nothing.limits.high=1s",
        "objectives.extraction-latency.limits.low=1s",
        "objectives.extraction-latency=1s",
        "objectives.extraction-latency.limits.high=",
        "objectives.extraction-latency.limits.high=1",
    ],
)
def test_a_setting_that_says_nothing_is_refused(setting: str, tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(objectives_sample.TEXT, encoding="utf-8")

    with pytest.raises(Faulty):
        proposed(file, [setting])


def test_the_file_itself_is_not_changed_by_a_proposal(tmp_path: Path) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(objectives_sample.TEXT, encoding="utf-8")
    changed = proposed(file, ["objectives.extraction-latency.limits.high.for=20s"])

    [latency] = [each for each in changed.objectives if each.name == "extraction-latency"]
    assert {limit.hold for limit in latency.limits} == {20.0, None}
    assert file.read_text(encoding="utf-8") == objectives_sample.TEXT
