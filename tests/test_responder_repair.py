"""What the engine of repair does, and above all what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.repair_stage import GROW, START, Behaviour, Stage, guarded, staged

from featurewatch.objectives.model import Severity
from featurewatch.objectives.repair import Trigger
from featurewatch.people.calendar import Once, Weekly
from featurewatch.responder.acknowledgement import Acknowledgement, acknowledge
from featurewatch.responder.repair import approvals, stops
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair.engine import Engine
from featurewatch.responder.repair.guards import failures
from featurewatch.responder.repair.target import Target
from featurewatch.responder.repair.targets import TargetFault
from featurewatch.responder.retention import forget_runs
from featurewatch.responder.tokens import Bearer, Role


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def test_a_breach_is_repaired_verified_and_told_step_by_step(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    assert stage.target.count == 2
    assert stage.states == ["holding"]

    stage.go(60)
    stage.resolve()
    stage.go()

    assert stage.states == ["recovered"]
    assert stage.story == ["intended", "calling", "called", "holding", "recovered"]
    assert [wished for _, wished in stage.target.wishes] == [{"replicas": 2}]
    assert stage.flaws() == []


def test_the_next_round_after_recovery_wishes_for_nothing(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    stage.resolve()
    stage.go(rounds=5)
    stage.go(3600, rounds=5)
    assert len(stage.target.wishes) == 1


def test_a_dry_run_tells_exactly_what_would_be_called_and_calls_nothing(stage: Stage) -> None:
    stage.actions = [replace(GROW, mode="dry-run")]
    stage.fire()
    stage.go(rounds=5)

    (told,) = stage.runs()
    assert stage.target.wishes == []
    assert told.state == "told"
    assert list(told.calls) == [{"method": "PUT", "url": "http://ray/scale", "body": '{"replicas": 2}'}]
    assert stage.entries()[0].decision.detail["calls"] == list(told.calls)


def test_without_recovery_it_is_rolled_back_and_counts_as_a_failure(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    stage.go(599)
    assert stage.states == ["holding"]
    stage.go(1)
    stage.go(rounds=3)

    assert stage.target.count == 1
    assert stage.states == ["in-vain", "done"]
    assert stage.story[-6:] == ["in-vain", "rolls-back", "calling", "called", "done", "held-back"]


def test_what_made_it_worse_is_rolled_back_at_once(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    stage.fire("critical", 2)
    stage.go(rounds=4)
    assert stage.states == ["worse", "done"]
    assert stage.target.count == 1


def test_what_is_declared_to_stay_is_not_rolled_back(stage: Stage) -> None:
    stage.actions = [guarded(roll_back=False)]
    stage.fire()
    stage.go(rounds=3)
    stage.go(600, rounds=3)
    assert stage.states == ["in-vain"]
    assert stage.target.count == 2
    assert "not-rolled-back" in stage.story


def test_a_roll_back_keeps_its_hands_off_what_somebody_else_changed(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    stage.target.count = 7
    stage.go(600, rounds=3)
    assert stage.states == ["in-vain", "failed"]
    assert stage.target.count == 7


@pytest.mark.parametrize(
    ("behaviour", "end"),
    [("refusing", "failed"), ("lying", "failed"), ("deaf", "failed"), ("slow", "holding")],
)
def test_whatever_the_target_answers_what_counts_is_how_it_is(stage: Stage, behaviour: Behaviour, end: str) -> None:
    stage.target.behaviour = behaviour
    stage.fire()
    stage.go(rounds=3)
    stage.go(300, rounds=3)
    assert stage.states == [end]
    assert len(stage.target.wishes) == 1


def test_what_was_half_done_is_taken_back(stage: Stage) -> None:
    stage.target.count, stage.target.behaviour = 4, "half-done"
    stage.actions = [replace(GROW, name="grow", replicas=(4, 8))]
    stage.fire()
    stage.go(rounds=3)
    assert stage.target.count == 5
    stage.go(300, rounds=3)
    assert stage.states == ["failed", "done"]
    assert stage.target.count == 4


def test_a_target_that_cannot_be_read_is_not_called_and_that_is_told_once(stage: Stage) -> None:
    stage.target.behaviour = "silent"
    stage.fire()
    stage.go(rounds=5)
    assert stage.states == []
    assert stage.story == ["held-back"]
    assert stage.entries()[0].decision.detail["reason"] == "unreadable"


def test_a_call_whose_result_cannot_be_read_is_never_repeated(stage: Stage) -> None:
    stage.fire()
    stage.target.behaviour = "slow"
    stage.go(rounds=2)
    stage.target.behaviour = "silent"
    stage.go(100, rounds=3)
    assert stage.states == ["calling"]
    stage.go(200, rounds=3)
    assert stage.states == ["failed"]
    assert len(stage.target.wishes) == 1


def test_after_so_many_failures_it_is_switched_off_until_somebody_switches_it_on(stage: Stage) -> None:
    stage.actions = [guarded(cool_down=1.0, per_hour=60)]
    stage.target.behaviour = "refusing"
    stage.fire()
    stage.go(rounds=30)
    for _ in range(10):
        stage.go(2, rounds=3)
    assert stage.states == ["failed"] * 3
    assert stage.entries()[-1].decision.detail["reason"] == "switched-off"

    stage.target.behaviour = "good"
    with stage.ledger.page() as page:
        approvals.switch_on(page, "grow", "an admin", "mended")
    stage.go(2, rounds=3)
    assert stage.states == ["failed"] * 3 + ["holding"]


def test_it_rests_after_a_run_and_runs_only_so_often_within_an_hour(stage: Stage) -> None:
    stage.actions = [guarded(cool_down=60.0, per_hour=2, failures=20, roll_back=False)]
    stage.target.behaviour = "refusing"
    stage.fire()
    stage.go(rounds=4)
    assert len(stage.target.wishes) == 1
    stage.go(59, rounds=4)
    assert len(stage.target.wishes) == 1
    stage.go(1, rounds=4)
    assert len(stage.target.wishes) == 2
    stage.go(600, rounds=4)
    assert len(stage.target.wishes) == 2
    assert stage.entries()[-1].decision.detail["reason"] == "rate"
    stage.go(3600 - 660, rounds=4)
    assert len(stage.target.wishes) == 3


def test_the_ladder_ends_at_its_last_step(stage: Stage) -> None:
    stage.target.count = 4
    stage.fire()
    stage.go(rounds=3)
    assert stage.target.wishes == []
    assert stage.entries()[-1].decision.detail["reason"] == "bounds"


def test_no_more_replicas_than_the_allowed_share_change_at_once(stage: Stage) -> None:
    stage.actions = [guarded(replace(GROW, replicas=(1, 2, 4)), share=0.4)]
    stage.fire()
    stage.go(rounds=3)
    assert stage.target.wishes == []
    assert stage.entries()[-1].decision.detail["reason"] == "share"


def test_whoever_has_the_alert_in_hand_holds_it_back(stage: Stage) -> None:
    stage.fire()
    with stage.database.writing() as connection:
        acknowledge(connection, Acknowledgement(1, "somebody", "", stage.now, None))
    stage.go(rounds=3)
    assert stage.target.wishes == []
    assert stage.entries()[-1].decision.detail["why"] == "somebody has it in hand"


def test_maintenance_is_left_to_people(stage: Stage) -> None:
    from zoneinfo import ZoneInfo

    from featurewatch.objectives.handling import Stretch

    local = START.replace(tzinfo=None)
    once = Stretch("move", (Once(local, local + timedelta(hours=1), ZoneInfo("UTC")),))
    nights = Stretch("nights", (Weekly(("tuesday",), local.time(), local.time(), ZoneInfo("UTC")),))
    stage.actions = [guarded(not_during=(once, nights))]
    stage.fire()
    stage.go(rounds=2)
    assert stage.entries()[-1].decision.detail["why"] == "move lasts"
    stage.go(24 * 3600, rounds=2)
    assert stage.entries()[-1].decision.detail["why"] == "nights lasts"
    stage.go(24 * 3600, rounds=2)
    assert len(stage.target.wishes) == 1


def test_only_alerts_that_are_declared_to_wish_for_it_do(stage: Stage) -> None:
    stage.fire("medium")
    stage.fire("high", 2, "CacheHitRatioLow")
    stage.go(rounds=3)
    assert stage.target.wishes == []
    assert stage.story == []


def test_a_storm_of_alerts_that_wish_for_the_same_is_one_call(stage: Stage) -> None:
    for number in range(200):
        stage.fire("critical" if number % 7 == 0 else "high", number)
    others = [stage.another() for _ in range(3)]
    for _ in range(5):
        stage.go()
        for other in others:
            other.work()
    assert len(stage.target.wishes) == 1
    assert stage.entries()[0].decision.detail["fires"] == 200


def test_a_guard_that_lasts_is_one_entry_of_the_audit(stage: Stage) -> None:
    stage.target.count = 4
    stage.fire()
    stage.go(rounds=50)
    assert stage.story == ["held-back"]


def test_what_needs_somebody_waits_for_their_role(stage: Stage) -> None:
    stage.actions = [guarded(approval="admin")]
    stage.fire()
    stage.go(rounds=5)
    (waiting,) = stage.runs()
    assert (waiting.state, stage.target.wishes) == ("waiting", [])

    with pytest.raises(approvals.NotAllowed, match="needs the role admin"), stage.ledger.page() as page:
        approvals.decide(page, waiting.id, Bearer("op", Role.OPERATOR), agree=True, comment="")
    assert stage.states == ["waiting"]
    with stage.ledger.page() as page:
        approvals.decide(page, waiting.id, Bearer("boss", Role.ADMIN), agree=True, comment="go on")
    stage.go(rounds=3)
    assert stage.states == ["holding"]
    assert [entry.decision.actor for entry in stage.entries() if entry.decision.kind == "approved"] == ["boss"]


def test_what_was_refused_or_nobody_agreed_to_is_not_called(stage: Stage) -> None:
    stage.actions = [guarded(approval="operator")]
    stage.fire()
    stage.go()
    with stage.ledger.page() as page:
        approvals.decide(page, stage.runs()[0].id, Bearer("op", Role.OPERATOR), agree=False, comment="not now")
    stage.go(601, rounds=2)
    stage.go(3600, rounds=2)
    assert stage.states[:2] == ["denied", "lapsed"]
    assert stage.target.wishes == []


def two_on_one_target(stage: Stage) -> None:
    """The one needs somebody's agreement, the other does not; each has an alert of its own."""
    asking = guarded(replace(GROW, name="ask", on=(Trigger("Late", Severity.HIGH),)), approval="admin")
    stage.actions = [asking, GROW]
    stage.fire(name="Late", number=7)
    stage.go(rounds=2)
    assert stage.states == ["waiting"]


def test_what_waits_for_somebody_holds_up_no_other_action_on_its_target(stage: Stage) -> None:
    two_on_one_target(stage)
    stage.fire()
    stage.go(rounds=4)
    assert [(run.action, run.state) for run in stage.runs()] == [("ask", "waiting"), ("grow", "holding")]
    assert stage.target.count == 2
    # Nobody agrees: it ends, and the audit says so.
    stage.go(3600, rounds=2)
    assert stage.runs()[0].state == "lapsed"
    assert [entry.decision.subject for entry in stage.entries() if entry.decision.kind == "lapsed"] == ["ask/ray"]


def test_what_was_agreed_to_meanwhile_waits_for_its_turn(stage: Stage) -> None:
    two_on_one_target(stage)
    stage.fire()
    stage.go(rounds=4)
    with stage.ledger.page() as page:
        approvals.decide(page, 1, Bearer("boss", Role.ADMIN), agree=True, comment="")
    stage.go(rounds=4)
    assert [run.state for run in stage.runs()] == ["intended", "holding"]
    assert len(stage.target.wishes) == 1
    stage.resolve()
    stage.go(rounds=4)
    # Its turn comes; what it wishes for is so already, and nothing is called once more.
    assert [run.state for run in stage.runs()] == ["holding", "recovered"]
    assert len(stage.target.wishes) == 1


def test_what_was_agreed_to_goes_before_what_was_decided_later(stage: Stage) -> None:
    two_on_one_target(stage)
    stage.fire()
    with stage.ledger.page() as page:
        approvals.decide(page, 1, Bearer("boss", Role.ADMIN), agree=True, comment="")
    stage.go(rounds=4)
    assert [(run.action, run.state) for run in stage.runs()] == [("ask", "holding")]
    held = [entry.decision.detail["reason"] for entry in stage.entries() if entry.decision.kind == "held-back"]
    assert held == ["busy"]


def test_a_target_that_cannot_be_made_any_more_keeps_no_run_open_for_ever(stage: Stage) -> None:
    stage.actions = [guarded(approval="admin")]
    stage.fire()
    stage.go()

    def unmade(_: object) -> Target:
        raise TargetFault("target ray: its token's file is missing; put it there")

    other = Engine(stage.ledger, lambda: stage.actions, unmade)
    stage.now += timedelta(seconds=3601)
    other.work()
    assert stage.states == ["lapsed"]


def test_an_agreement_is_about_the_target_as_it_was(stage: Stage) -> None:
    stage.actions = [guarded(approval="admin")]
    stage.fire()
    stage.go()
    stage.target.count = 4
    with stage.ledger.page() as page:
        approvals.decide(page, 1, Bearer("boss", Role.ADMIN), agree=True, comment="")
    stage.go(rounds=3)
    assert stage.states == ["lapsed"]
    assert stage.target.count == 4


def test_the_switch_stops_what_was_not_called_and_lets_it_go_on_afterwards(stage: Stage) -> None:
    stage.actions = [guarded(approval="admin")]
    stage.fire()
    stage.go()
    with stage.ledger.page() as page:
        assert stops.stop(page, "somebody", "stay away")
        assert not stops.stop(page, "somebody else", "")
    stage.go(rounds=3)
    assert stage.states == ["stopped"]
    stage.actions = [GROW]
    stage.go(rounds=3)
    assert stage.target.wishes == []

    with stage.ledger.page() as page:
        assert stops.lift(page, "somebody", "")
        assert not stops.lift(page, "somebody", "")
    stage.go(rounds=3)
    assert len(stage.target.wishes) == 1


def test_while_stopped_what_was_called_is_still_watched_and_nothing_is_rolled_back(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=3)
    with stage.ledger.page() as page:
        stops.stop(page, "somebody", "")
    stage.go(600, rounds=3)
    assert stage.states == ["in-vain"]
    assert stage.target.count == 2


def test_another_responder_goes_on_with_what_one_left_behind(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=2)
    other = stage.another()
    other.work()
    assert stage.states == ["called"], "the first one still has the lease"
    stage.now += timedelta(seconds=61)
    other.work()
    assert stage.states == ["holding"]
    assert "taken-over" in stage.story
    assert len(stage.target.wishes) == 1


def test_an_action_that_is_declared_no_more_is_not_followed_any_more(stage: Stage) -> None:
    stage.fire()
    stage.go(rounds=2)
    declared, stage.actions = stage.actions, []
    stage.go()
    stage.actions = declared
    assert stage.states == ["failed"]


def test_two_actions_on_one_target_take_turns(stage: Stage) -> None:
    stage.actions = [GROW, replace(GROW, name="grow-more")]
    stage.fire()
    stage.go(rounds=4)
    assert len(stage.target.wishes) == 1
    assert {one.action for one in stage.runs()} == {"grow"}


def test_old_runs_are_forgotten_and_what_the_guards_look_at_is_not(stage: Stage) -> None:
    with stage.database.writing() as connection:
        first = runs.write(connection, ended("grow", "in-vain", 0))
        runs.write(connection, {**ended("grow", "done", 1), "rolls_back": first.id})
        for number in range(2, 120):
            runs.write(connection, ended("grow", "recovered", number))
        for number in range(120, 130):
            runs.write(connection, ended("rarely", "failed", number))
        runs.write(connection, {**ended("grow", "holding", 130), "ended_at": None})
    long_after = START + timedelta(days=400)
    assert forget_runs(stage.database, START) == 0
    assert forget_runs(stage.database, long_after) == 21
    with stage.database.reading() as connection:
        assert len(runs.recent(connection, "grow", 1_000)) == runs.LOOKED_AT
        assert failures(runs.recent(connection, "rarely"), None) == 10
        assert [run.state for run in runs.open_runs(connection)] == ["holding"]
    assert forget_runs(stage.database, long_after) == 0


def ended(action: str, state: str, number: int) -> dict[str, Any]:
    """What is written of a run that ended so many seconds after the start."""
    moment = START + timedelta(seconds=number)
    return {
        "action": action,
        "target": "ray",
        "kind": "scale-up",
        "mode": "real",
        "key": f"{number:032x}",
        "state": state,
        "why": "",
        "severity": "high",
        "firings": [],
        "found": {},
        "wished": {},
        "calls": [],
        "made_at": moment,
        "ended_at": moment + timedelta(seconds=1),
    }
