"""What is a mistake although promtool accepts it. Each check is a function from what was read to findings; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import promql_parser as promql

from featurewatch.dashboards import promql as queries
from featurewatch.lint.finding import Finding, Severity
from featurewatch.lint.labels import Labels, is_number, labels_of, matched_on, selecting
from featurewatch.lint.source import RuleText, Text
from featurewatch.objectives.units import duration_text

SCRAPES_PER_WINDOW = 4
"""A rate over fewer scrapes breaks when one of them fails."""

RATES = ("rate", "increase", "irate", "delta", "idelta", "deriv")
COUNTERS = ("_total", "_bucket", "_count", "_sum")
MOMENTARY = ("increase", "changes", "resets", "absent_over_time", "vector")
"""Functions that look back by themselves, or are meant to fire at once."""

_LABEL = re.compile(r"\$labels\.(\w+)|(?<!\w)\.Labels\.(\w+)")
_OPTIONAL = re.compile(r"(?:with|if)\s+\$labels\.(\w+)")
"""A message that asks whether the label is there may do without it."""
_ASKED = re.compile(r'(?:query|printf)\s+"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Context:
    """What rules are judged against."""

    scrape_interval: float
    """Seconds."""
    known: frozenset[str]
    """Series that are exported, by name."""
    runbooks: Path | None = None
    """The folder with one page per alert; None: runbooks are not looked for."""
    readers: frozenset[str] | None = None
    """Recorded series that something beside the rules reads (panels, runbooks); None: what is unused is not told."""


def check(rules: Iterable[RuleText], context: Context) -> list[Finding]:
    """Everything that is wrong, in the order of files and lines."""
    rules = tuple(rules)
    recorded = recorded_labels(rules)
    found: list[Finding] = []
    for rule in rules:
        found += mistakes(rule, recorded)
        found += _windows(rule, context)
        found += _labels(rule, recorded)
        found += _phantoms(rule, context.known | recorded.keys())
        found += _patience(rule)
        found += _runbooks(rule, context.runbooks)
    found += _duplicates(rules)
    if context.readers is not None:
        found += _unused(rules, context.readers)
    return sorted(found)


def mistakes(rule: RuleText, recorded: Mapping[str, Labels]) -> Iterator[Finding]:
    """What is wrong with its PromQL whatever it is for, so that panels are judged alike. `recorded` is the labels of
    recorded series."""
    yield from _quantiles(rule)
    yield from _counters(rule, recorded)
    yield from _aggregations(rule, recorded)


def recorded_labels(rules: Iterable[RuleText]) -> dict[str, Labels]:
    """Recorded series to their labels; those that two rules write have the labels of both."""
    recordings = [rule for rule in rules if not rule.alert]
    known: dict[str, Labels] = {}
    for _ in recordings:  # until nothing changes: a rule may stand before the one that it reads
        before = dict(known)
        for rule in recordings:
            inner = labels_of(rule.tree, before)
            known[rule.name] = None if inner is None else inner | rule.labels.keys()
        if known == before:
            break
    return known


def asked(text: str) -> Iterator[promql.Expr]:
    """Queries inside a message's template, as far as they can be told."""
    for match in _ASKED.finditer(text):
        try:
            yield queries.parse(json.loads(f'"{match[1]}"').replace("%q", '"x"').replace("%s", "x"))
        except ValueError:  # what printf builds otherwise is no query
            continue


def read_by(rule: RuleText) -> set[str]:
    """Names of all series that a rule reads, its messages included."""
    trees = [rule.tree, *(tree for text in rule.annotations.values() for tree in asked(text.value))]
    return {selector.metric for tree in trees for selector in queries.selectors(tree) if selector.metric}


def _finding(
    rule: RuleText, check: str, what: str, remedy: str, place: Text | None = None, severity: Severity = "error"
) -> Finding:
    return Finding(rule.file, (place or rule.expr).line, check, severity, rule.name, what, remedy)


def _windows(rule: RuleText, context: Context) -> Iterator[Finding]:
    least = SCRAPES_PER_WINDOW * context.scrape_interval
    for node in queries.nodes(rule.tree):
        if isinstance(node, promql.Call) and node.func.name in RATES:
            for window in (arg for arg in node.args if isinstance(arg, promql.MatrixSelector)):
                if window.range.total_seconds() < least:
                    what = f"{node.func.name} over {duration_text(window.range.total_seconds())}"
                    remedy = f"look back over at least {SCRAPES_PER_WINDOW} scrapes: {duration_text(least)}"
                    yield _finding(rule, "window", what, remedy)


def _quantiles(rule: RuleText) -> Iterator[Finding]:
    for node in queries.nodes(rule.tree):
        if not (isinstance(node, promql.Call) and node.func.name == "histogram_quantile"):
            continue
        buckets = node.args[1]
        inner = list(queries.nodes(buckets))
        if not any(isinstance(n, promql.VectorSelector) and (n.name or "").endswith("_bucket") for n in inner):
            continue
        for part in inner:
            if isinstance(part, promql.AggregateExpr) and not selecting(part) and not _keeps_le(part):
                remedy = "write `sum by (le, …) (rate(…))`"
                yield _finding(rule, "quantile", "histogram_quantile of an aggregation that loses `le`", remedy)
        if not any(isinstance(n, promql.Call) and n.func.name in RATES for n in inner):
            yield _finding(rule, "quantile", "histogram_quantile of buckets since the start", "put `rate(…[…])` inside")


def _keeps_le(tree: promql.AggregateExpr) -> bool:
    if tree.modifier is None:
        return False
    by = tree.modifier.type == promql.AggModifierType.By
    return bool(by) == ("le" in tree.modifier.labels)


def _counters(rule: RuleText, recorded: Mapping[str, Labels]) -> Iterator[Finding]:
    for node in queries.nodes(rule.tree):
        if isinstance(node, promql.Call) and node.func.name in ("rate", "increase", "irate"):
            for arg in node.args:
                name = _ranged(arg)
                if name is not None and name in recorded:
                    remedy = "take the rate first, then the sum: a sum goes down when one process starts over"
                    yield _finding(rule, "counter", f"{node.func.name} of the recorded series {name}", remedy)
        if rule.alert and isinstance(node, promql.BinaryExpr) and str(node.op) in (">", ">=", "<", "<="):
            for side, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
                name = (side.name or "") if isinstance(side, promql.VectorSelector) else ""
                if name.endswith(COUNTERS) and name not in recorded and is_number(other):
                    remedy = f"compare `increase({name}[…])`"
                    yield _finding(rule, "counter", f"compares {name}, counted since the start, with a number", remedy)


def _ranged(tree: promql.Expr) -> str | None:
    match tree:
        case promql.MatrixSelector():
            return tree.vector_selector.name
        case promql.SubqueryExpr() if isinstance(tree.expr, promql.VectorSelector):
            return tree.expr.name
        case _:
            return None


def _aggregations(rule: RuleText, recorded: Mapping[str, Labels]) -> Iterator[Finding]:
    remedy = "keep the label in the inner aggregation, or leave it out here"
    for node in queries.nodes(rule.tree):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            if node.modifier.type == promql.AggModifierType.By:
                for label in _lost(node.modifier.labels, labels_of(node.expr, recorded)):
                    yield _finding(rule, "aggregation", f"aggregates by `{label}`, which was dropped before", remedy)
        elif isinstance(node, promql.VectorSelector) and node.name is not None and node.name in recorded:
            wanted = (m.name for m in node.matchers.matchers if str(m.op) in ("=", "MatchOp.Equal") and m.value)
            for label in _lost(wanted, recorded[node.name]):
                what = f"selects {node.name} by `{label}`, which that has dropped"
                yield _finding(rule, "aggregation", what, remedy)
        elif isinstance(node, promql.BinaryExpr):
            sides = labels_of(node.lhs, recorded), labels_of(node.rhs, recorded)
            on = matched_on(node)
            lost = {label for label in on if [label in side for side in sides if side is not None].count(False) == 1}
            for label in sorted(lost):
                yield _finding(rule, "aggregation", f"matches on `{label}`, which one side has dropped", remedy)


def _lost(wanted: Iterable[str], labels: Labels) -> list[str]:
    return [] if labels is None else [label for label in wanted if label not in labels and label != "__name__"]


def _labels(rule: RuleText, recorded: Mapping[str, Labels]) -> Iterator[Finding]:
    there = labels_of(rule.tree, recorded)
    if there is None:
        return
    known = there | rule.labels.keys()
    for name, text in (*rule.annotations.items(), *rule.labels.items()):
        optional = frozenset(_OPTIONAL.findall(text.value))
        for match in _LABEL.finditer(text.value):
            label = match[1] or match[2]
            if label not in known | optional and not (match[2] and "query" in text.value):
                what = f"`{name}` speaks of the label `{label}`, which the expression does not have"
                yield _finding(rule, "label", what, f"it has {', '.join(sorted(known)) or 'no labels'}", text)


def _phantoms(rule: RuleText, known: frozenset[str]) -> Iterator[Finding]:
    remedy = "name a series that a rule records or an exporter exports"
    texts = [
        (rule.tree, rule.expr),
        *((tree, text) for text in rule.annotations.values() for tree in asked(text.value)),
    ]
    for tree, text in texts:
        for metric in dict.fromkeys(selector.metric for selector in queries.selectors(tree)):
            if metric is not None and metric not in known:
                yield _finding(rule, "phantom", f"no series is called {metric}", remedy, text)


def _patience(rule: RuleText) -> Iterator[Finding]:
    if not rule.alert or rule.patience:
        return
    nodes = list(queries.nodes(rule.tree))
    calls = {node.func.name for node in nodes if isinstance(node, promql.Call)}
    if not calls & {*MOMENTARY} and "ALERTS" not in read_by(rule):
        place = Text(rule.name, rule.line)
        yield _finding(rule, "patience", "fires after a single evaluation", "add `for`", place, "warning")


def _runbooks(rule: RuleText, folder: Path | None) -> Iterator[Finding]:
    link = rule.annotations.get("runbook_url")
    if folder is None or link is None or "{{" in link.value:
        return
    page = re.split(r"[?#]", link.value)[0].rstrip("/").rpartition("/")[2].removesuffix(".md")
    if not (folder / f"{page}.md").is_file():
        yield _finding(rule, "runbook", f"its runbook {page}.md does not exist", f"write it in {folder.name}/", link)


def _duplicates(rules: Iterable[RuleText]) -> Iterator[Finding]:
    first: dict[tuple[object, ...], RuleText] = {}
    for rule in rules:
        labels = tuple(sorted((name, text.value) for name, text in rule.labels.items()))
        key = (rule.name, labels, rule.alert, str(rule.tree.prettify()) if rule.alert else "")
        other = first.setdefault(key, rule)
        if other is not rule:
            same = other.tree.prettify() == rule.tree.prettify()
            what = f"stands already in line {other.line} of {other.file}" + (
                "" if same else ", with another expression"
            )
            yield _finding(rule, "duplicate", what, "remove one, or rename it", Text(rule.name, rule.line))


def _unused(rules: Iterable[RuleText], readers: frozenset[str]) -> Iterator[Finding]:
    """Recorded series that no alert, panel or page reads, directly or through another one."""
    read = [(rule, read_by(rule)) for rule in rules]
    used = set(readers)
    for rule, names in read:
        if rule.alert:
            used |= names
    while more := {name for rule, names in read if not rule.alert and rule.name in used for name in names} - used:
        used |= more
    for rule, _ in read:
        if not rule.alert and rule.name not in used:
            what, remedy = "is recorded and read by nothing", "remove it, or show it"
            yield _finding(rule, "unused", what, remedy, Text(rule.name, rule.line), "warning")
