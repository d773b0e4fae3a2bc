"""What is wrong with an objectives.yaml: of form (the validator says) and of meaning (we say), all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from featurewatch import names
from featurewatch.faults import Fault
from featurewatch.objectives import (
    form_faults,
    handling_spec,
    kinds,
    limit_faults,
    model,
    outlook_spec,
    overrides,
    series_faults,
    shipped,
    spec,
)
from featurewatch.objectives.known import Known, known
from featurewatch.objectives.source import KeyPath, Source, dotted

_OBJECTIVE: TypeAdapter[kinds.AnyObjective] = TypeAdapter(kinds.ObjectiveSpec)


def find_faults(source: Source) -> list[Fault]:
    """Every fault of the document. What is malformed in one place does not hide what is wrong in another."""
    if not isinstance(source.data, dict):
        return [source.fault((), "not a mapping of keys to values", f"begin with `version: {spec.VERSION}`")]
    faults = list(source.faults)
    try:
        spec.ObjectivesSpec.model_validate(source.data)
    except ValidationError as error:
        faults += form_faults.find(source, error)
    return faults + list(_meaning_faults(source))


def _meaning_faults(source: Source) -> Iterator[Fault]:
    raw = source.data.get("objectives")
    raw = raw if isinstance(raw, list) else []
    known_series = known(source.data)
    yield from _duplicates(source, raw)
    for index, item in enumerate(raw):
        path: KeyPath = ("objectives", index)
        try:
            objective = _OBJECTIVE.validate_python(item)
        except ValidationError:
            continue  # told already
        yield from _objective_faults(source, path, objective, known_series)
    yield from _absence_faults(source, raw)
    yield from handling_spec.faults(source)
    yield from outlook_spec.faults(source)
    yield from _use_faults(source, known_series)
    try:
        notify = spec.NotifySpec.model_validate(source.data.get("notify"))
    except ValidationError:
        return
    yield from _channel_faults(source, notify)


def _objective_faults(source: Source, path: KeyPath, item: kinds.AnyObjective, known_series: Known) -> Iterator[Fault]:
    for below, what, remedy in overrides.complaints(item, _place(source.data), _by_extractor(item)):
        where = (*path, *below)
        yield source.fault(where, f"{dotted(where)}: {what}", remedy)
    yield from series_faults.find(source, path, item, known_series)
    given = [path, *((*path, "overrides", index) for index in range(len(item.overrides)))]
    for place, owner in zip(given, (item, *item.overrides), strict=True):
        limits: list[Any] | None = getattr(owner, "limits", None)
        if limits:
            yield from limit_faults.find(source, place, item, limits, known_series)


def _place(data: Any) -> overrides.Place:
    """What the overrides can be about, as far as the document says it."""

    def texts(key: str) -> frozenset[str]:
        value = data.get(key)
        return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()

    return overrides.Place(
        str(data.get("service")), str(data.get("environment")), texts("environments"), texts("extractors")
    )


def _by_extractor(item: kinds.AnyObjective) -> bool:
    """Whether it judges each extractor for itself."""
    if isinstance(item, kinds.Presence):
        return False
    return names.EXTRACTOR in item.by or not series_faults.is_foreign(item)


def _use_faults(source: Source, known_series: Known) -> Iterator[Fault]:
    """The names of the catalogue's objectives that are switched on here."""
    wanted = source.data.get("use")
    for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
        where: KeyPath = ("use", index)
        item = shipped.find(name) if isinstance(name, str) else None
        if not isinstance(name, str):
            continue  # told already
        if item is None:
            yield source.fault(where, f"use[{index}]: no {name!r} in the catalogue", "see docs/alerts/README.md")
            continue
        if name in wanted[:index]:
            yield source.fault(where, f"use[{index}]: {name!r} again", "name it once")
        for metric in series_faults.missing(item, known_series):
            yield source.fault(
                where,
                f"use[{index}]: {name} needs {metric}, which nobody exports",
                f"declare it under `metrics`, as {series_faults.declaration(item, metric)}",
            )


def _duplicates(source: Source, raw: list[Any]) -> Iterator[Fault]:
    for key in ("name", "alert"):
        first: dict[str, int] = {}
        for index, item in enumerate(raw):
            value = item.get(key) if isinstance(item, dict) else None
            if not isinstance(value, str):
                continue
            if value in first:
                line = source.places[("objectives", first[value], key)][0]
                yield source.fault(
                    ("objectives", index, key),
                    f"objectives[{index}].{key}: {value!r} again",
                    f"choose another {key}; it stands in line {line} already",
                )
            first.setdefault(value, index)


def _absence_faults(source: Source, raw: list[Any]) -> Iterator[Fault]:
    """A rule over a series that is gone stays silent; somebody must watch that it is there."""
    own: list[int] = []
    for index, item in enumerate(raw):
        if not isinstance(item, dict) or item.get("enabled") is False:
            continue
        if item.get("kind") == "presence" and item.get("of") == "events":
            return
        if item.get("kind") in ("quantile", "ratio") and not any(
            isinstance(item.get(key), dict) for key in ("of", "good", "bad")
        ):
            own.append(index)
    if own:
        yield source.fault(
            ("objectives", own[0]),
            f"objectives[{own[0]}]: nothing watches that its data is there",
            "add an objective of kind presence with `of: events`",
        )


def _channel_faults(source: Source, notify: spec.NotifySpec) -> Iterator[Fault]:
    for severity in model.Severity:
        channels: list[model.Channel] = getattr(notify, str(severity))
        for index, channel in enumerate(channels):
            where: KeyPath = ("notify", str(severity), index)
            if channel in channels[:index]:
                yield source.fault(where, f"notify.{severity}: {channel} again", "name each channel once")
            if getattr(notify, channel) is None:
                yield source.fault(where, f"notify.{severity}: {channel} is not set up", f"add notify.{channel}")
    if notify.email and (notify.email.username is None) != (notify.email.password_file is None):
        yield source.fault(
            ("notify", "email"), "notify.email: half a login", "give username and password_file, or neither"
        )
