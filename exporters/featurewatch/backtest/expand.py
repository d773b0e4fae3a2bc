"""Alerts' expressions without recorded series: history from before a recording has none of it.

A recorded name is replaced by its expression. Matchers on it are put into the selectors inside, which is the same as
long as the recording keeps the label; a range over it becomes a subquery, an offset a subquery of one evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from featurewatch.dashboards import promql as queries
from featurewatch.lint.labels import Labels, labels_of
from featurewatch.objectives.units import duration_text
from featurewatch.rules.model import Group, Recording

_BRACES = r"\{(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*\}"
_RECORDED = re.compile(
    rf"(?<![\w:\"])(?P<name>[a-zA-Z_]\w*(?::\w+)+)(?P<braces>{_BRACES})?(?P<range>\[[^\]:]+\])?"
    r"(?P<offset>\s+offset\s+\w+)?"
)
_MATCHER = re.compile(r"\s*(?P<label>\w+)\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>\"(?:[^\"\\]|\\.)*\")\s*,?")
ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


class Unreplayable(ValueError):
    """The alert cannot be replayed over raw history; says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded series with what is needed to put its expression in its place."""

    expr: str
    interval: float
    labels: Labels
    why_not: str = ""
    """Why it has no such expression: nothing that reads it can be replayed."""


def recorded(groups: Iterable[Group]) -> dict[str, Recorded]:
    """All recorded series, by name, their own expressions expanded where that is possible."""
    waiting: dict[str, tuple[Recording, float]] = {
        rule.name: (rule, group.interval) for group in groups for rule in group.recordings
    }
    known: dict[str, Recorded] = {}
    while waiting:
        ready = [name for name, (rule, _) in waiting.items() if not _names(rule.expr) & (waiting.keys() - {name})]
        if not ready:  # what remembers what it said before, such as a baseline that leaves out what was unusual
            return known | {
                name: Recorded("", interval, None, f"reads {name}, which is computed from what it was before")
                for name, (_, interval) in waiting.items()
            }
        for name in ready:
            rule, interval = waiting.pop(name)
            try:
                expr = expanded(rule.expr, known)
                known[name] = Recorded(expr, interval, labels_of(queries.parse(expr), {}))
            except Unreplayable as error:
                known[name] = Recorded("", interval, None, str(error))
    return known


def expanded(expr: str, known: Mapping[str, Recorded]) -> str:
    """`expr` on series that exporters export. Raises `Unreplayable`."""
    if alerts := _names(expr) & ALERT_SERIES:
        raise Unreplayable(f"reads {', '.join(sorted(alerts))}: it is about other alerts, not about series")

    def inlined(match: re.Match[str]) -> str:
        recording = known.get(match["name"])
        if recording is None:
            return match[0]
        if recording.why_not:
            raise Unreplayable(recording.why_not)
        inner = _selected(match["name"], recording, match["braces"] or "")
        step = duration_text(recording.interval)
        if match["range"]:
            return f"({inner})[{match['range'][1:-1]}:{step}]{match['offset'] or ''}"
        if match["offset"]:
            return f"last_over_time(({inner})[{step}:{step}]{match['offset']})"
        return f"({inner})"

    return _RECORDED.sub(inlined, expr)


def _names(expr: str) -> set[str]:
    found = (selector.metric for selector in queries.selectors(queries.parse(expr)))
    return {metric for metric in found if metric is not None}


def _selected(name: str, recording: Recorded, braces: str) -> str:
    """The recording's expression with further matchers in each of its selectors."""
    matchers = list(_MATCHER.finditer(braces[1:-1]))
    for matcher in matchers:
        if recording.labels is None or matcher["label"] not in recording.labels:
            raise Unreplayable(f"selects {name} by `{matcher['label']}`, which its expression may not keep")
    if not matchers:
        return recording.expr
    metrics: list[str] = sorted(_names(recording.expr), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w:\"])(?P<name>{'|'.join(map(re.escape, metrics))})(?![\w:(])(?P<braces>{_BRACES})?")

    def narrowed(match: re.Match[str]) -> str:
        there = [found[0].strip().rstrip(",") for found in _MATCHER.finditer((match["braces"] or "{}")[1:-1])]
        more = [text for matcher in matchers if (text := matcher[0].strip().rstrip(",")) not in there]
        return f"{match['name']}{{{','.join((*there, *more))}}}"

    return pattern.sub(narrowed, recording.expr)
