"""What is wrong with an objectives.yaml: of form (the validator says) and of meaning (we say), all at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter, ValidationError

from featurewatch import names
from featurewatch.faults import Fault
from featurewatch.objectives import model, spec
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text, percent_text

_OBJECTIVE: TypeAdapter[spec.Quantile | spec.RatioOf | spec.Presence] = TypeAdapter(spec.ObjectiveSpec)


def find_faults(source: Source) -> list[Fault]:
    """Every fault of the document. What is malformed in one place does not hide what is wrong in another."""
    if not isinstance(source.data, dict):
        return [source.fault((), "not a mapping of keys to values", f"begin with `version: {spec.VERSION}`")]
    faults = list(source.faults)
    try:
        spec.ObjectivesSpec.model_validate(source.data)
    except ValidationError as error:
        faults += _form_faults(source, error)
    return faults + list(_meaning_faults(source))


def _form_faults(source: Source, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        path = _file_path(source.data, detail["loc"])
        found = _value_at(source.data, path)
        where = _dotted(path) or "the document"
        match detail["type"]:
            case "extra_forbidden":
                yield source.fault(path, f"{where}: unknown key", "remove it, or see docs/objectives.md")
            case "missing":
                yield source.fault(path, f"{where}: missing", "add it, see docs/objectives.md")
            case "union_tag_invalid" | "union_tag_not_found":
                kinds = "quantile, ratio, presence"
                yield source.fault((*path, "kind"), f"{where}: no such kind", f"kind is one of {kinds}")
            case "string_pattern_mismatch":
                remedy = spec.PATTERNS[detail["ctx"]["pattern"]]
                yield source.fault(path, f"{where}: found {_short(found)}", remedy)
            case _:
                message = detail["msg"].removeprefix("Value error, ")
                yield source.fault(path, f"{where}: found {_short(found)}", message[:1].lower() + message[1:])


def _file_path(data: Any, location: tuple[str | int, ...]) -> KeyPath:
    """The path in the file: without the tags that the validator adds, with the key that is missing."""
    path: list[str | int] = []
    for depth, key in enumerate(location):
        if depth == 2 and location[0] == "objectives":
            continue  # the kind, which the validator puts between an objective and its keys
        if isinstance(data, dict):
            last = depth == len(location) - 1
            if key in data or last:
                path.append(key)
                data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            path.append(key)
            data = data[key]
    return tuple(path)


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _dotted(path: KeyPath) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _meaning_faults(source: Source) -> Iterator[Fault]:
    raw = source.data.get("objectives")
    raw = raw if isinstance(raw, list) else []
    yield from _duplicates(source, raw)
    for index, item in enumerate(raw):
        path: KeyPath = ("objectives", index)
        try:
            objective = _OBJECTIVE.validate_python(item)
        except ValidationError:
            continue  # told already
        yield from _duplicate_severities(source, path, objective)
        if isinstance(objective, spec.Quantile):
            yield from _edge_faults(source, path, objective)
        if isinstance(objective, spec.RatioOf):
            yield from _ratio_faults(source, path, objective)
    yield from _absence_faults(source, raw)
    try:
        notify = spec.NotifySpec.model_validate(source.data.get("notify"))
    except ValidationError:
        return
    yield from _channel_faults(source, notify)


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


def _duplicate_severities(source: Source, path: KeyPath, item: spec.PromiseSpec) -> Iterator[Fault]:
    limits: list[Any] = getattr(item, "limits")  # noqa: B009 - each kind has its own type of limit
    ranked = [(model.Severity[limit.severity.upper()], limit) for limit in limits]
    for index, (severity, _) in enumerate(ranked):
        if severity in [other for other, _ in ranked[:index]]:
            where = (*path, "limits", index, "severity")
            yield source.fault(where, f"{_dotted(where)}: {severity} again", "give each severity one limit")


def _edge_faults(source: Source, path: KeyPath, item: spec.Quantile) -> Iterator[Fault]:
    for index, limit in enumerate(item.limits):
        if limit.above not in names.DURATION_EDGES_SECONDS:
            edges = ", ".join(duration_text(edge) for edge in names.DURATION_EDGES_SECONDS)
            where = (*path, "limits", index, "above")
            yield source.fault(
                where,
                f"{_dotted(where)}: {duration_text(limit.above)} is not a bucket edge of {item.of}",
                f"choose one of {edges}",
            )
    yield from _ladder_faults(source, path, [(step.severity, step.above) for step in item.limits], rising=True)


def _ratio_faults(source: Source, path: KeyPath, item: spec.RatioOf) -> Iterator[Fault]:
    if (item.good is None) == (item.bad is None):
        yield source.fault(path, f"{_dotted(path)}: needs `good` or `bad`", "name one of the two")
        return
    wanted, other = ("below", "above") if item.good else ("above", "below")
    bounds: list[tuple[str, float]] = []
    for index, limit in enumerate(item.limits):
        where = (*path, "limits", index)
        bound = getattr(limit, wanted)
        if bound is None or getattr(limit, other) is not None:
            counted = "good" if item.good else "bad"
            yield source.fault(
                where,
                f"{_dotted(where)}: needs `{wanted}`",
                f"a share of {counted} events has `{wanted}` alone",
            )
        elif not 0 < bound < 1:
            yield source.fault(
                (*where, wanted),
                f"{_dotted(where)}.{wanted}: found {percent_text(bound)}",
                "a limit of 0 % or 100 % would fire always or never",
            )
        else:
            bounds.append((limit.severity, bound))
    yield from _ladder_faults(source, path, bounds, rising=item.bad is not None)


def _ladder_faults(source: Source, path: KeyPath, steps: list[tuple[str, float]], *, rising: bool) -> Iterator[Fault]:
    """A more severe step must lie beyond a less severe one, or inhibition would outlive what it inhibits."""
    ladder = sorted(steps, key=lambda step: model.Severity[step[0].upper()])
    for (low, nearer), (high, farther) in pairwise(ladder):
        if (farther <= nearer) if rising else (farther >= nearer):
            yield source.fault(
                (*path, "limits"),
                f"{_dotted(path)}.limits: {high} does not lie beyond {low}",
                "the more severe, the farther from what is promised",
            )


def _absence_faults(source: Source, raw: list[Any]) -> Iterator[Fault]:
    """A rule over a series that is gone stays silent; somebody must watch that it is there."""
    kinds = [(item.get("kind"), item.get("of")) if isinstance(item, dict) else (None, None) for item in raw]
    measured = [index for index, (kind, _) in enumerate(kinds) if kind in ("quantile", "ratio")]
    if measured and ("presence", "events") not in kinds:
        yield source.fault(
            ("objectives", measured[0]),
            f"objectives[{measured[0]}]: nothing watches that its data is there",
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
