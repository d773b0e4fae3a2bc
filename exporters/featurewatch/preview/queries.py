"""What may be asked of Prometheus and of the responder: reading, by a short list of paths and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from featurewatch.preview.problem import Problem

LONGEST_VALUE: Final = 16_384
"""Characters of one parameter. The longest query of our dashboards has about 2000."""
MOST_PARAMETERS: Final = 32

Pairs = tuple[tuple[str, str], ...]

_TIMES: Final = frozenset({"start", "end", "limit"})
PROMETHEUS_PARAMETERS: Final = {
    "query": frozenset({"query", "time", "timeout", "limit", "lookback_delta"}),
    "query_range": frozenset({"query", "start", "end", "step", "timeout", "limit", "lookback_delta"}),
    "query_exemplars": frozenset({"query", "start", "end"}),
    "parse_query": frozenset({"query"}),
    "series": _TIMES | {"match[]"},
    "labels": _TIMES | {"match[]"},
    "label": _TIMES | {"match[]"},
    "alerts": frozenset[str](),
    "rules": frozenset({"type", "rule_name[]", "rule_group[]", "file[]", "match[]", "exclude_alerts"}),
    "metadata": frozenset({"metric", "limit", "limit_per_metric"}),
    "status/buildinfo": frozenset[str](),
}
_LABEL: Final = re.compile(r"label/([A-Za-z_][A-Za-z0-9_]*)/values")

_LIST: Final = frozenset(
    {"state", "alertname", "severity", "service", "extractor", "since", "until", "limit", "cursor"}
)
RESPONDER_PARAMETERS: Final = {
    "alerts": _LIST,
    "incidents": _LIST,
    "history": _LIST | {"kind", "incident", "alert"},
    "acknowledgements": frozenset({"owner", "service", "limit"}),
    "on-call": frozenset[str](),
    "silences": frozenset[str](),
    "reports/alerts": frozenset({"since", "until", "service", "extractor", "alertname", "severity"}),
}
"""What the preview may read of the responder, by path."""
_RESPONDER_ITEM: Final = re.compile(r"(alerts|incidents)/[0-9]{1,10}")


def prometheus(path: str, parameters: Iterable[tuple[str, str]]) -> Pairs:
    """The parameters in an order that makes equal questions equal. Raises Problem for what may not be asked."""
    kind = "label" if _LABEL.fullmatch(path) else path
    allowed = PROMETHEUS_PARAMETERS.get(kind)
    if allowed is None or (kind == "label" and path == "label"):
        raise _unknown(path, "Prometheus")
    return _checked(parameters, allowed)


def responder(path: str, parameters: Iterable[tuple[str, str]]) -> Pairs:
    """As `prometheus`, for the responder's lists, and one alert or incident."""
    allowed = frozenset[str]() if _RESPONDER_ITEM.fullmatch(path) else RESPONDER_PARAMETERS.get(path)
    if allowed is None:
        raise _unknown(path, "the responder")
    return _checked(parameters, allowed)


def shared_for(path: str, pairs: Pairs, shortest: float) -> float:
    """For how many seconds an answer may be given to others: a range's changes once per step at most."""
    if path != "query_range" or not shortest:
        return shortest
    try:
        step = float(dict(pairs).get("step", ""))
    except ValueError:
        return shortest
    return min(max(step, shortest), 5 * shortest) if step == step else shortest


def _checked(parameters: Iterable[tuple[str, str]], allowed: frozenset[str]) -> Pairs:
    pairs = tuple(sorted(parameters))
    if len(pairs) > MOST_PARAMETERS:
        raise Problem(400, "Too many parameters", f"{len(pairs)} were given; {MOST_PARAMETERS} are allowed.")
    for name, value in pairs:
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise Problem(400, "Parameter not allowed", f"{name!r} is not asked by the preview; known here: {known}.")
        if len(value) > LONGEST_VALUE:
            raise Problem(
                400, "Parameter too long", f"{name} has {len(value)} characters; {LONGEST_VALUE} are allowed."
            )
    return pairs


def _unknown(path: str, whom: str) -> Problem:
    return Problem(404, "Not asked by the preview", f"{path!r} is not among what the preview reads from {whom}.")
