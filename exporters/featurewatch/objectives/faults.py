"""What is wrong with an objectives.yaml: of form (the validator says) and of meaning (we say), all at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter, ValidationError

from featurewatch import names
from featurewatch.faults import Fault
from featurewatch.objectives import (
    handling_spec,
    kinds,
    model,
    outlook_spec,
    overrides,
    series_faults,
    shipped,
    spec,
    words,
)
from featurewatch.objectives.known import Known, known
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.units import duration_text, percent_text

_OBJECTIVE: TypeAdapter[kinds.AnyObjective] = TypeAdapter(kinds.ObjectiveSpec)


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
                of_these = ", ".join(kinds.KINDS)
                yield source.fault((*path, "kind"), f"{where}: no such kind", f"kind is one of {of_these}")
            case "string_pattern_mismatch":
                remedy = words.PATTERNS[detail["ctx"]["pattern"]]
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
        if key in kinds.TAGS:
            continue
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
        yield source.fault(where, f"{_dotted(where)}: {what}", remedy)
    yield from series_faults.find(source, path, item, known_series)
    given = [path, *((*path, "overrides", index) for index in range(len(item.overrides)))]
    for place, owner in zip(given, (item, *item.overrides), strict=True):
        limits: list[Any] | None = getattr(owner, "limits", None)
        if limits:
            yield from _limit_faults(source, place, item, limits, known_series)


def _limit_faults(
    source: Source, path: KeyPath, item: kinds.AnyObjective, limits: list[Any], known_series: Known
) -> Iterator[Fault]:
    yield from _duplicate_severities(source, path, limits)
    if isinstance(item, kinds.Quantile):
        yield from _edge_faults(source, path, item, limits, known_series)
    elif isinstance(item, kinds.RatioOf):
        yield from _ratio_faults(source, path, item, limits)
    elif isinstance(item, kinds.Gauge | kinds.RateOf):
        yield from _bound_faults(source, path, limits)
    elif isinstance(item, kinds.Increase):
        yield from _ladder_faults(source, path, [(step.severity, step.at_least) for step in limits], rising=True)
    elif isinstance(item, kinds.Freshness):
        yield from _ladder_faults(source, path, [(step.severity, step.above) for step in limits], rising=True)


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
                where, f"use[{index}]: {name} needs {metric}, which nobody exports", "declare it under `metrics`"
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


def _duplicate_severities(source: Source, path: KeyPath, limits: list[Any]) -> Iterator[Fault]:
    ranked = [model.Severity[limit.severity.upper()] for limit in limits]
    for index, severity in enumerate(ranked):
        if severity in ranked[:index]:
            where = (*path, "limits", index, "severity")
            yield source.fault(where, f"{_dotted(where)}: {severity} again", "give each severity one limit")


def _edge_faults(
    source: Source, path: KeyPath, item: kinds.Quantile, limits: list[kinds.Above], known_series: Known
) -> Iterator[Fault]:
    metric = item.of.metric if isinstance(item.of, kinds.SeriesSpec) else names.EXTRACTION_DURATION
    title = item.of.metric if isinstance(item.of, kinds.SeriesSpec) else item.of
    scale = series_faults.SCALES[item.unit]
    exported = known_series.edges(metric)
    for index, limit in enumerate(limits):
        if exported and round(limit.above * scale, 9) not in exported:
            edges = ", ".join(duration_text(round(edge / scale, 9)) for edge in exported)
            where = (*path, "limits", index, "above")
            yield source.fault(
                where,
                f"{_dotted(where)}: {duration_text(limit.above)} is not a bucket edge of {title}",
                f"choose one of {edges}",
            )
    yield from _ladder_faults(source, path, [(step.severity, step.above) for step in limits], rising=True)


def _ratio_faults(source: Source, path: KeyPath, item: kinds.RatioOf, limits: list[kinds.RatioStep]) -> Iterator[Fault]:
    counts = series_faults.counts(item)
    if counts is None:
        return  # told of the objective
    wanted, other = ("below", "above") if counts == "good" else ("above", "below")
    bounds: list[tuple[str, float]] = []
    for index, limit in enumerate(limits):
        where = (*path, "limits", index)
        bound = getattr(limit, wanted)
        if bound is None or getattr(limit, other) is not None:
            yield source.fault(
                where,
                f"{_dotted(where)}: needs `{wanted}`",
                f"a share of {counts} events has `{wanted}` alone",
            )
        elif not 0 < bound < 1:
            yield source.fault(
                (*where, wanted),
                f"{_dotted(where)}.{wanted}: found {percent_text(bound)}",
                "a limit of 0 % or 100 % would fire always or never",
            )
        else:
            bounds.append((limit.severity, bound))
    yield from _ladder_faults(source, path, bounds, rising=counts == "bad")


def _bound_faults(source: Source, path: KeyPath, limits: list[kinds.BoundStep]) -> Iterator[Fault]:
    """All steps lie on one side."""
    side = "below" if limits[0].above is None else "above"
    bounds: list[tuple[str, float]] = []
    for index, limit in enumerate(limits):
        where = (*path, "limits", index)
        if (limit.above is None) == (limit.below is None):
            yield source.fault(where, f"{_dotted(where)}: needs `above` or `below`", "name one of the two")
        elif getattr(limit, side) is None:
            yield source.fault(where, f"{_dotted(where)}: needs `{side}`", f"the first limit has `{side}`")
        else:
            bounds.append((limit.severity, getattr(limit, side)))
    yield from _ladder_faults(source, path, bounds, rising=side == "above")


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
