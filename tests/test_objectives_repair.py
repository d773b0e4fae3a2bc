"""What may be said of actions and their targets, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import objectives_sample

from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.objectives.model import Severity
from featurewatch.objectives.repair import Action, Guards, Target, Trigger

RESPONDER = "responder: {url: 'http://responder:8090', token_file: secrets/token, audit_key_file: secrets/key}\n"
RAY = "{name: ray, kind: ray-serve, url: 'http://ray:8265', application: features, deployment: Extractor}"
HOOK = "{name: hook, kind: http, url: 'http://desk:80/'}"
ON = "on: [{alert: ExtractionTooSlow}]"
GROW = f"{{name: grow, kind: scale-up, {ON}, target: ray, replicas: [1, 2, 4]}}"


def read(tmp_path: Path, actions: str, targets: str = f"{RAY}, {HOOK}", more: str = RESPONDER) -> tuple[Action, ...]:
    file = tmp_path / "objectives.yaml"
    text = f"{objectives_sample.TEXT}\n{more}targets: [{targets}]\nactions: [{actions}]\n"
    file.write_text(text, encoding="utf-8")
    return load(file).handling.actions


def test_an_action_is_told_only_and_held_back_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    (found,) = read(tmp_path, GROW)

    settings = {"application": "features", "deployment": "Extractor"}
    assert found == Action(
        name="grow",
        kind="scale-up",
        on=(Trigger("ExtractionTooSlow", Severity.LOW),),
        target=Target(name="ray", kind="ray-serve", url="http://ray:8265", timeout=10.0, settings=settings),
        mode="dry-run",
        replicas=(1, 2, 4),
        guards=Guards(
            cool_down=600.0,
            per_hour=4,
            share=0.5,
            approval=None,
            approval_within=3600.0,
            time_limit=300.0,
            recovers_within=600.0,
            roll_back=True,
            failures=3,
            not_during=(),
        ),
    )


def test_everything_about_an_action_may_be_said(tmp_path: Path) -> None:
    calendar = (
        "calendar: [{name: nights, silent: [low], weekly: [{weekdays: [sunday], begins: '22:00', ends: '06:00'}]}]\n"
    )
    (found,) = read(
        tmp_path,
        "{name: shrink, kind: scale-down, on: [{alert: CacheHitRatioLow, severity: medium}], target: ray, mode: real,"
        " replicas: [2, 3], cool_down: 1h, per_hour: 1, share: 40%, approval: operator, approval_within: 10m,"
        " time_limit: 2m, recovers_within: 20m, roll_back: false, failures: 1, not_during: [nights]}",
        more=RESPONDER + calendar,
    )
    guards = found.guards
    assert (found.mode, found.on[0].severity, found.can_be_rolled_back) == ("real", Severity.MEDIUM, False)
    assert (guards.cool_down, guards.per_hour, guards.share, guards.approval) == (3600.0, 1, 0.4, "operator")
    assert (guards.time_limit, guards.recovers_within, guards.failures) == (120.0, 1200.0, 1)
    assert [stretch.name for stretch in guards.not_during] == ["nights"]


def test_a_halt_always_needs_an_admin_and_retraining_rests_for_six_hours(tmp_path: Path) -> None:
    training = "{name: jobs, kind: retraining, url: 'http://jobs:80', model: prices}"
    halt, retrain = read(
        tmp_path,
        f"{{name: stop, kind: halt, {ON}, target: hook}}, {{name: learn, kind: retrain, {ON}, target: jobs}}",
        targets=f"{HOOK}, {training}",
    )
    assert (halt.guards.approval, dict(halt.state)) == ("admin", {"halted": True})
    assert (retrain.guards.approval, retrain.guards.cool_down) == (None, 21_600.0)


@pytest.mark.parametrize(
    ("actions", "complaint"),
    [
        (f"{GROW}, {GROW}", "'grow' again"),
        (GROW.replace("target: ray", "target: sun"), "sun: no such target"),
        (GROW.replace("ExtractionTooSlow", "Nothing"), "Nothing: no such alert"),
        (GROW.replace("[1, 2, 4]", "[1, 4, 2]"), "does not grow"),
        (GROW.replace("[1, 2, 4]", "[1, 4]"), "changes more than 50% of all replicas"),
        (GROW.replace(", replicas: [1, 2, 4]", ""), "must know which numbers are allowed"),
        (GROW.replace("scale-up", "restart"), "means nothing to restart"),
        (GROW.replace("scale-up", "clear-cache"), "ray-serve cannot clear-cache"),
        (GROW.replace("target: ray", "target: ray, time_limit: 30s"), "too short for calls of up to 10s"),
        (GROW.replace("target: ray", "target: ray, not_during: [nights]"), "nights: no such time"),
        (GROW.replace("target: ray", "target: ray, state: {a: 1}"), "follows from the kind scale-up"),
        (GROW.replace("target: ray", "target: ray, share: 0%"), "allows nothing"),
        (GROW.replace("target: ray", "target: ray, mode: sometimes"), "mode"),
        (f"{{name: o, kind: optimise, {ON}, target: ray}}", "nobody knows what is optimal here"),
        (f"{{name: h, kind: halt, {ON}, target: hook, share: 10%}}", "acts on everything at once"),
    ],
)
def test_actions_that_make_no_sense_are_refused(actions: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Faulty) as faults:
        read(tmp_path, actions)
    assert complaint in str(faults.value)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        (RAY.replace(", application: features", ""), "a target of kind ray-serve needs it"),
        (RAY.replace("deployment", "prefix: p, deployment"), "means nothing to a target of kind ray-serve"),
        (RAY.replace("http://", "redis://"), "is no address of kind ray-serve"),
        (RAY.replace("http://", "http://me:secret@"), "without user or password"),
        (f"{RAY}, {RAY}", "'ray' again"),
    ],
)
def test_targets_that_make_no_sense_are_refused(target: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Faulty) as faults:
        read(tmp_path, GROW, targets=target)
    assert complaint in str(faults.value)
    assert "secret" not in str(faults.value)


def test_actions_need_a_responder_to_carry_them_out(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="nobody would carry them out"):
        read(tmp_path, GROW, more="")
    with pytest.raises(Faulty, match="what actions do is chained with it"):
        read(tmp_path, GROW, more=RESPONDER.replace(", audit_key_file: secrets/key", ""))
