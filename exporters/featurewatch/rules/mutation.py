"""Rules changed in one thing: what a slip of the hand or of the compiler would look like. Pure.

Numbers are changed by little (a limit by a tenth of what it allows, a count by one, a window to its half and double),
because a test that notices the small slip notices the large one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules.model import Alert, Group, Recording, Rule


@dataclass(frozen=True, slots=True)
class Mutant:
    """One rule with one change."""

    group: str
    rule: str
    position: int
    """Of the rule in its group."""
    kind: str
    """threshold, for, keep_firing_for, comparison, window, minimum, label, …"""
    change: str
    """What was changed, as `before -> after`, in the line where it stands."""
    changed: Rule

    def __str__(self) -> str:
        return f"{self.rule}: {self.kind}: {self.change}"


Change = tuple[str, str, str]
"""Kind, what it was, what it becomes."""


def mutants(groups: tuple[Group, ...]) -> Iterator[Mutant]:
    """Every change of every rule."""
    for group in groups:
        for position, rule in enumerate(group.rules):
            if isinstance(rule, Alert):
                for hold in (rule.hold + group.interval, rule.hold - group.interval):
                    if hold >= 0:
                        change = f"{duration_text(rule.hold)} -> {duration_text(hold)}" if rule.hold else "0s -> longer"
                        yield Mutant(group.name, _title(rule), position, "for", change, replace(rule, hold=hold))
                for keep in (rule.keep + group.interval, rule.keep - group.interval) if rule.keep else ():
                    change = f"{duration_text(rule.keep)} -> {duration_text(keep) if keep > 0 else 'none'}"
                    yield Mutant(
                        group.name,
                        _title(rule),
                        position,
                        "keep_firing_for",
                        change,
                        replace(rule, keep=max(keep, 0.0)),
                    )
            for kind, change, expr in _changed(rule.expr):
                yield Mutant(group.name, _title(rule), position, kind, change, _with(rule, expr))


def _title(rule: Rule) -> str:
    return f"{rule.name} ({rule.labels.get('severity', '')})" if isinstance(rule, Alert) else rule.name


def _with(rule: Alert | Recording, expr: str) -> Rule:
    return replace(rule, expr=expr)


def _changed(expr: str) -> Iterator[tuple[str, str, str]]:
    """(kind, change, changed expression) for each place and each change of it."""
    for kind, pattern, changes in OPERATORS:
        for match in pattern.finditer(expr):
            for after in changes(match):
                change = f"{_line(expr, match)}: {match[0].strip()} -> {after.strip() or 'nothing'}"
                yield kind, change, expr[: match.start()] + after + expr[match.end() :]


def _line(expr: str, match: re.Match[str]) -> str:
    begin = expr.rfind("\n", 0, match.start()) + 1
    return expr[begin:].split("\n", 1)[0].strip()


def _target(match: re.Match[str]) -> Iterator[str]:
    allowed = 1 - float(match["target"])
    for target in (1 - 1.1 * allowed, 1 - 0.9 * allowed):
        yield f"< {number_text(round(target, 9))} -"


def _count(match: re.Match[str]) -> Iterator[str]:
    for number in (int(match["number"]) + 1, int(match["number"]) - 1):
        yield f"{match['operator']} {number}"


def _quantile(match: re.Match[str]) -> Iterator[str]:
    value = float(match["value"])
    for other in (value + (1 - value) / 5, value - (1 - value) / 5):
        yield f"{match['indent']}{number_text(round(other, 9))},"


def _number(match: re.Match[str]) -> Iterator[str]:
    """By a tenth; a small whole number by one."""
    value = float(match["number"])
    step = max(1, round(value / 10)) if value.is_integer() else value / 10
    for other in (value + step, value - step):
        yield f"{match['before']}{number_text(round(other, 9))}{match['after']}"


def _window(match: re.Match[str]) -> Iterator[str]:
    seconds = float(match["number"]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[match["unit"]]
    for other in (seconds / 2, seconds * 2):
        yield f"{match['before']}{duration_text(other)}{match['after']}"


def _labels(match: re.Match[str]) -> Iterator[str]:
    labels = match["labels"].split(", ")
    for left_out in labels:
        yield f"{match['word']} ({', '.join(label for label in labels if label != left_out)})"
    if match["word"] == "on":
        more = "extractor"
    else:  # one that the series below has
        more = "job" if "up{" in match.string[match.end() :].split("\n")[0] else "outcome"
    yield f"{match['word']} ({', '.join((*labels, more))})"


def _matcher(match: re.Match[str]) -> Iterator[str]:
    """Left out; and turned round."""
    inverse = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[match["operator"]]
    yield ""  # a comma left behind at the end is good PromQL
    yield f"{match['label']}{inverse}{match['value']}{match['after']}"


def _words(others: Mapping[str, tuple[str, ...]]) -> Callable[[re.Match[str]], Iterator[str]]:
    def change(match: re.Match[str]) -> Iterator[str]:
        yield from others[match[0]]

    return change


COMPARISONS = {
    "<": ("<=", ">"),
    ">": (">=", "<"),
    ">=": (">", "<"),
    "<=": ("<", ">"),
    "==": ("!=", ">"),
}
SETS = {"and": ("or", "unless"), "or": ("and",)}
AGGREGATIONS = {"sum by": ("max by", "avg by"), "max by": ("min by", "sum by"), "min by": ("max by", "sum by")}
FUNCTIONS = {
    "rate(": ("increase(", "irate("),
    "increase(": ("rate(",),
    "avg_over_time(": ("max_over_time(", "min_over_time("),
}
ARITHMETIC = {"1 -": ("2 -", "1 +"), "0 *": ("1 *",), "-\n": ("+\n",), "+\n": ("-\n",), "/\n": ("*\n",)}


def _one_of(words: Mapping[str, tuple[str, ...]], before: str = "", after: str = "") -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(f"{before}(?:{alternatives}){after}")


OPERATORS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], Iterator[str]]], ...] = (
    ("threshold", re.compile(r"< (?P<target>0\.\d+) -"), _target),
    ("threshold", re.compile(r"(?P<operator>==) (?P<number>\d+)"), _count),
    ("threshold", re.compile(r"(?P<indent>\((?:\n  )?)(?P<value>0\.\d+),"), _quantile),
    ("tolerance", re.compile(r"1e-9"), _words({"1e-9": ("0", "1e-3")})),
    ("minimum", re.compile(r"(?P<operator>>=) (?P<number>[1-9]\d*)"), _count),
    ("comparison", _one_of(COMPARISONS, r"(?<=\s)", r"(?=\s)"), _words(COMPARISONS)),
    ("threshold", re.compile(r"(?P<before>[<>] )(?P<number>\d+(?:\.\d+)?)(?P<after>)(?=\n|$)"), _number),
    ("threshold", re.compile(r"(?P<before>)(?P<number>\d+\.\d+)(?P<after> \*)"), _number),
    ("window", re.compile(r"(?P<before>\[)(?P<number>[\d.]+)(?P<unit>ms|s|m|h|d|w)(?P<after>\])"), _window),
    ("window", re.compile(r"(?P<before>offset )(?P<number>[\d.]+)(?P<unit>ms|s|m|h|d|w)(?P<after>\b)"), _window),
    ("label", re.compile(r"(?P<word>by|on) \((?P<labels>[a-z_, ]+)\)"), _labels),
    (
        "matcher",
        re.compile(r'(?<=[{,])(?P<label>\w+)(?P<operator>=~|!~|!=|=)(?P<value>"[^"]*")(?P<after>,?)'),
        _matcher,
    ),
    ("operator", _one_of(SETS, r"(?<=\n)", r"(?=[\s])"), _words(SETS)),
    ("operator", _one_of(SETS, r"(?<=\n  )", r"(?=\n)"), _words(SETS)),
    ("aggregation", _one_of(AGGREGATIONS, r"\b"), _words(AGGREGATIONS)),
    ("function", _one_of(FUNCTIONS, r"\b"), _words(FUNCTIONS)),
    ("arithmetic", _one_of(ARITHMETIC, r"(?<![\w.])"), _words(ARITHMETIC)),
)
"""Kind, where it applies, and what it makes of the place."""
