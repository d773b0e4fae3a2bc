from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests import objectives_sample
from tests.demo_stage import Script, refused

from featurewatch.demo import scenes
from featurewatch.demo.errors import NoSuchScene, StoryError
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.patience import Patience, patience
from featurewatch.demo.stage import NO_FAULT
from featurewatch.demo.story import Story
from featurewatch.demo.timeline import Moment
from featurewatch.objectives import load
from featurewatch.objectives.model import Severity
from featurewatch.rules.plan import Plan, plan

WAITS = Patience()


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("objectives") / "objectives.yaml"
    path.write_text(objectives_sample.TEXT)
    return plan(load(path))


def _script(decided: Plan, scene: str = "slow") -> Script:
    return Script(scenes.expectations(scenes.find(scene), decided.objectives))


class _Told:
    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.shown: list[Delivery] = []

    def story(self, decided: Plan, script: Script, scene: str = "slow") -> Story:
        return Story(decided, scenes.find(scene), script.stage(), self.moments.append, self.shown.append, WAITS)

    def __contains__(self, text: str) -> bool:
        return any(text in moment.what for moment in self.moments)


def _last_is_no_fault(script: Script) -> bool:
    return bool(script.faults) and script.faults[-1] == NO_FAULT and not script.fault_holds


def test_a_story_that_goes_well_misses_nothing_and_ends_the_fault(decided: Plan) -> None:
    script, told = _script(decided), _Told()
    timeline = told.story(decided, script).play()
    assert timeline.missing == []
    assert [(shown.channel, shown.status) for shown in told.shown] == [
        (channel, status) for status in ("firing", "resolved") for channel in ("pagerduty", "slack", "email", "webhook")
    ]
    assert "healthy: 80 extractions/s, p95 12 ms, cache hit ratio 95.1%, no alert" in told
    assert _last_is_no_fault(script)


CAPACITY = """
capacity:
  - name: disk-space
    title: Space on the file systems
    alert: DiskFillsUp
    of: disk
    limits: [{ within: 4h, severity: high }]
    first_steps: [Free space.]
"""


def test_an_alert_of_another_matter_is_named_and_keeps_no_story_from_being_told(tmp_path: Path) -> None:
    path = tmp_path / "objectives.yaml"
    path.write_text(objectives_sample.TEXT + CAPACITY)
    declared, told = plan(load(path)), _Told()
    script = replace(_script(declared), always="DiskFillsUp")
    assert told.story(declared, script).play().missing == []
    assert "no alert but of other matters (DiskFillsUp)" in told
    with pytest.raises(StoryError, match="CacheHitRatioLow"):
        _Told().story(declared, replace(_script(declared), always="CacheHitRatioLow")).play()


def test_each_moment_has_its_own_time_and_the_breakdown_adds_up(decided: Plan) -> None:
    script = _script(decided)
    timeline = _Told().story(decided, script).play()
    seconds = {moment.what: timeline.seconds(moment) for moment in timeline.moments}
    assert seconds["ExtractionTooSlow critical is pending"] == pytest.approx(2.0)
    assert seconds["ExtractionTooSlow firing: received"] == pytest.approx(7.0)
    assert timeline.breakdown is not None
    assert timeline.breakdown.total == pytest.approx(7.0)
    assert timeline.breakdown.hold == 4.0


@pytest.mark.parametrize("channel", ["pagerduty", "slack", "email", "webhook"])
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_a_delivery_that_does_not_come_is_named(decided: Plan, channel: str, status: str) -> None:
    script = _script(decided)
    script.lost = frozenset({(channel, status)})
    timeline = _Told().story(decided, script).play()
    assert timeline.missing == [f"{channel}: ExtractionTooSlow critical {status}"]
    assert _last_is_no_fault(script)


def test_an_alert_that_does_not_fire_is_named_and_its_end_is_not_waited_for(decided: Plan) -> None:
    script = _script(decided)
    script.pending_after = script.fires_after = script.told_after = 1e9
    timeline = _Told().story(decided, script).play()
    assert timeline.missing[0] == "ExtractionTooSlow critical did not fire"
    assert len(timeline.missing) == 5
    assert _last_is_no_fault(script)
    assert script.since(script.ended) < 1


def test_an_alert_that_never_ends_is_named(decided: Plan) -> None:
    script = _script(decided)
    script.over_after = 1e9
    timeline = _Told().story(decided, script).play()
    assert timeline.missing == [
        f"{channel}: ExtractionTooSlow critical resolved" for channel in ("pagerduty", "slack", "email", "webhook")
    ]


def test_a_message_of_another_severity_does_not_count(decided: Plan) -> None:
    script = _script(decided)
    script.expectations = tuple(replace(each, severity=Severity.HIGH) for each in script.expectations)
    timeline = _Told().story(decided, script).play()
    assert "slack: ExtractionTooSlow critical firing" in timeline.missing


@pytest.mark.parametrize("at", [0.1, 3.0, 6.5])
def test_an_interrupt_at_any_moment_ends_the_fault(decided: Plan, at: float) -> None:
    script = _script(decided)
    script.interrupt_at = at
    with pytest.raises(KeyboardInterrupt):
        _Told().story(decided, script).play()
    assert _last_is_no_fault(script)


def test_an_interrupt_while_the_fault_is_being_put_ends_it_too(decided: Plan) -> None:
    script = _script(decided)
    put = script.stage().put_fault

    def put_and_be_interrupted(url: str, fault: Mapping[str, object]) -> None:
        put(url, fault)
        if fault != NO_FAULT:
            raise KeyboardInterrupt

    story = _Told().story(decided, script)
    story.stage = replace(story.stage, put_fault=put_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        story.play()
    assert _last_is_no_fault(script)


def test_the_fault_ends_by_itself_when_nobody_is_left_to_end_it(decided: Plan) -> None:
    script = _script(decided)
    _Told().story(decided, script).play()
    (put,) = [fault for fault in script.faults if fault != NO_FAULT]
    assert put == {"mode": "slow", "seconds": [0.16, 0.18], "for_seconds": WAITS.fault}


def test_a_fault_that_an_earlier_story_left_behind_is_ended_first(decided: Plan) -> None:
    script = _script(decided)
    _Told().story(decided, script).play()
    assert script.faults[0] == NO_FAULT


def test_the_dead_extractor_is_brought_back_even_after_an_interrupt(decided: Plan) -> None:
    script = _script(decided, "down")
    script.interrupt_at = 3.0
    with pytest.raises(KeyboardInterrupt):
        _Told().story(decided, script, "down").play()
    assert script.moved == ["stop", "start"]
    assert script.faults == []


def test_an_extractor_that_takes_no_faults_is_told_before_anything_is_waited_for(decided: Plan) -> None:
    script = _script(decided)
    script.refuses = lambda _: refused()
    with pytest.raises(StoryError, match=r"the extractor takes no fault: .*404.*make up"):
        _Told().story(decided, script).play()
    assert script.now == 1_000.0


def test_an_extractor_that_restarts_at_the_end_is_asked_again(decided: Plan) -> None:
    script = _script(decided)
    failures = iter([httpx.ConnectError("refused"), httpx.ConnectError("refused")])

    def restarting(fault: Mapping[str, object]) -> Exception | None:
        return next(failures, None) if fault == NO_FAULT and script.fault_holds else None

    script.refuses = restarting
    assert _Told().story(decided, script).play().missing == []
    assert _last_is_no_fault(script)


def test_without_traffic_the_story_is_not_told_and_nothing_is_broken(decided: Plan) -> None:
    script, told = _script(decided), _Told()
    script.traffic = 12.0
    with pytest.raises(StoryError, match=r"no healthy traffic within 150 s \(12 of 40 extractions/s, alerts: none\)"):
        told.story(decided, script).play()
    assert all(fault == NO_FAULT for fault in script.faults)
    assert "waiting for healthy traffic: 12 of 40 extractions/s" in told


def test_a_load_generator_that_ended_is_told_at_once(decided: Plan) -> None:
    script = _script(decided)
    script.traffic = 0.0
    story = _Told().story(decided, script)
    story.stage = replace(story.stage, no_traffic=lambda: "the load generator ended with status 1: no module")
    with pytest.raises(StoryError, match=r"the load generator ended with status 1: no module; see `make logs"):
        story.play()


def test_a_part_that_stops_answering_is_told_and_the_fault_ends(decided: Plan) -> None:
    script = _script(decided)
    story = _Told().story(decided, script)

    def gone() -> list[object]:
        if script.fault_holds:
            raise httpx.ConnectError("connection refused")
        return []

    story.stage.prometheus.alerts = gone  # type: ignore[assignment, method-assign]
    with pytest.raises(StoryError, match=r"a part stopped answering: ConnectError: connection refused"):
        story.play()
    assert _last_is_no_fault(script)


def test_waiting_is_told_and_is_no_part_of_the_timeline(decided: Plan) -> None:
    script, told = _script(decided), _Told()
    script.traffic = 0.0
    story = told.story(decided, script)
    with pytest.raises(StoryError):
        story.play()
    assert told.moments
    assert story.timeline.moments == []


@pytest.mark.parametrize("scene", [name for name, scene in scenes.SCENES.items() if not scene.escalates])
def test_a_story_waits_longer_than_its_windows_and_intervals_take(decided: Plan, scene: str) -> None:
    waits = patience(decided, scenes.find(scene))
    windows = [
        judgement.window for judgement in decided.judgements if judgement.objective.name == scenes.find(scene).objective
    ]
    assert waits.resolved > max(windows, default=0.0)
    assert waits.firing > max(windows, default=0.0)


def test_a_plan_of_short_windows_is_waited_for_no_less_than_usual(decided: Plan) -> None:
    assert patience(decided, scenes.find("down")).firing == Patience().firing


def _with(text: str, old: str, new: str, folder: Path) -> Plan:
    assert old in text
    (folder / "objectives.yaml").write_text(text.replace(old, new))
    return plan(load(folder / "objectives.yaml"))


def test_a_scene_that_the_objectives_do_not_state_is_refused(tmp_path: Path) -> None:
    other = _with(objectives_sample.TEXT, "name: fallback-ratio", "name: other-ratio", tmp_path)
    with pytest.raises(NoSuchScene, match=r"'fallback' is about the objective 'fallback-ratio'"):
        scenes.expectations(scenes.find("fallback"), other.objectives)


@pytest.mark.parametrize("name", scenes.SCENES)
def test_a_scene_expects_a_message_on_every_channel_of_its_severity(decided: Plan, name: str) -> None:
    scene = scenes.find(name)
    owed = scenes.expectations(scene, decided.objectives)
    assert {each.channel for each in owed} == set(decided.objectives.notify.channels[scene.severity])
    assert owed
