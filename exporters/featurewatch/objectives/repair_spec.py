"""What may be written about actions and their targets, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from featurewatch.objectives import handling, model, repair
from featurewatch.objectives.words import (
    KebabName,
    LabelValue,
    PascalName,
    Ratio,
    Seconds,
    SecretPath,
    SeverityName,
    Strict,
    TargetUrl,
    Text,
    Word,
)

Replicas = Annotated[int, Field(ge=0, le=10_000)]
StateValue = bool | int | float | Text

UNDERSTOOD: Final[Mapping[repair.ActionKind, tuple[repair.TargetKind, ...]]] = {
    "scale-up": ("ray-serve", "http"),
    "scale-down": ("ray-serve", "http"),
    "restart": ("ray-serve", "http"),
    "clear-cache": ("redis", "http"),
    "retrain": ("retraining",),
    "optimise": ("ray-serve", "redis", "http"),
    "halt": ("http",),
}
"""Which kinds of targets can do what."""

SETTINGS: Final[Mapping[repair.TargetKind, tuple[str, ...]]] = {
    "ray-serve": ("application", "deployment"),
    "redis": ("prefix", "refilled"),
    "retraining": ("model", "minimum_samples", "deploy"),
    "http": (),
}
"""Keys of a target that belong to its kind."""

NEEDED: Final = ("application", "deployment", "prefix", "model")
"""Those of them without a default."""


class TargetSpec(Strict):
    name: KebabName
    kind: Literal["ray-serve", "redis", "retraining", "http"]
    url: TargetUrl
    timeout: Seconds = 10.0
    token_file: SecretPath | None = None
    ca_file: SecretPath | None = None
    application: Text | None = None
    deployment: Text | None = None
    prefix: Text | None = None
    refilled: Annotated[int, Field(ge=0)] | None = None
    model: Text | None = None
    minimum_samples: Annotated[int, Field(ge=0)] | None = None
    deploy: bool | None = None


class TriggerSpec(Strict):
    alert: PascalName
    severity: SeverityName = "low"
    extractor: LabelValue | None = None


class ActionSpec(Strict):
    name: KebabName
    kind: Literal["scale-up", "scale-down", "restart", "clear-cache", "retrain", "optimise", "halt"]
    on: Annotated[list[TriggerSpec], Field(min_length=1, max_length=50)]
    target: KebabName
    mode: Literal["dry-run", "real"] = "dry-run"
    replicas: Annotated[list[Replicas], Field(min_length=2, max_length=50)] | None = None
    state: Annotated[dict[Word, StateValue], Field(min_length=1, max_length=20)] | None = None
    cool_down: Seconds | None = None
    per_hour: Annotated[int, Field(ge=1, le=60)] = 4
    share: Ratio | None = None
    approval: Literal["operator", "admin"] | None = None
    approval_within: Seconds = 3_600.0
    time_limit: Seconds = 300.0
    recovers_within: Seconds = 600.0
    roll_back: bool = True
    failures: Annotated[int, Field(ge=1, le=20)] = 3
    not_during: Annotated[list[KebabName], Field(max_length=20)] = []


COOL_DOWN: Final = 600.0
RETRAINING_COOL_DOWN: Final = 21_600.0
"""Six hours."""

SHARE: Final = 0.5


def actions(
    declared: list[ActionSpec], targets: list[TargetSpec], calendar: tuple[handling.Stretch, ...]
) -> tuple[repair.Action, ...]:
    known = {item.name: _target(item) for item in targets}
    times = {stretch.name: stretch for stretch in calendar}
    return tuple(_action(item, known[item.target], times) for item in declared)


def _target(item: TargetSpec) -> repair.Target:
    given = {name: getattr(item, name) for name in SETTINGS[item.kind]}
    return repair.Target(
        name=item.name,
        kind=item.kind,
        url=item.url.rstrip("/"),
        timeout=item.timeout,
        token_file=item.token_file,
        ca_file=item.ca_file,
        settings={name: value for name, value in given.items() if value is not None},
    )


def _action(item: ActionSpec, target: repair.Target, times: Mapping[str, handling.Stretch]) -> repair.Action:
    usual = RETRAINING_COOL_DOWN if item.kind == "retrain" else COOL_DOWN
    guards = repair.Guards(
        cool_down=usual if item.cool_down is None else item.cool_down,
        per_hour=item.per_hour,
        share=SHARE if item.share is None else item.share,
        approval=item.approval or ("admin" if item.kind == "halt" else None),
        approval_within=item.approval_within,
        time_limit=item.time_limit,
        recovers_within=item.recovers_within,
        roll_back=item.roll_back,
        failures=item.failures,
        not_during=tuple(times[name] for name in item.not_during),
    )
    return repair.Action(
        name=item.name,
        kind=item.kind,
        on=tuple(repair.Trigger(one.alert, model.Severity[one.severity.upper()], one.extractor) for one in item.on),
        target=target,
        mode=item.mode,
        replicas=tuple(item.replicas or ()),
        state=dict(item.state or ({"halted": True} if item.kind == "halt" else {})),
        guards=guards,
    )
