"""Rule files of anybody, read with the line of each part; what cannot be read is a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import promql_parser as promql
import yaml

from featurewatch.dashboards import promql as queries
from featurewatch.lint.finding import Finding


@dataclass(frozen=True, slots=True)
class Text:
    """A value and the line it stands on."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule as it is written, with the syntax tree of its expression."""

    file: str
    line: int
    name: str
    alert: bool
    expr: Text
    tree: promql.Expr
    patience: bool
    """Whether it has `for` or `keep_firing_for`."""
    labels: dict[str, Text] = field(default_factory=dict)
    annotations: dict[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """All rules of all files that could be read, and why others could not."""

    rules: tuple[RuleText, ...]
    findings: tuple[Finding, ...]


def read(files: Iterable[Path], root: Path | None = None) -> Read:
    """Read rule files; paths in findings are relative to `root` where they lie below it."""
    rules: list[RuleText] = []
    findings: list[Finding] = []
    for file in files:
        name = str(file.relative_to(root)) if root is not None and file.is_relative_to(root) else str(file)
        for found in _file(name, file):
            (findings if isinstance(found, Finding) else rules).append(found)  # type: ignore[arg-type]
    return Read(tuple(rules), tuple(findings))


def _file(name: str, file: Path) -> Iterator[RuleText | Finding]:
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        yield Finding(name, 0, "syntax", "error", "the file", f"cannot be read: {error}", "name a readable rule file")
        return
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        yield Finding(name, line, "syntax", "error", "the file", f"is no YAML: {error.problem}", "correct it")
        return
    groups = _items(_get(root, "groups"))
    if not groups:
        yield Finding(name, 1, "syntax", "error", "the file", "holds no groups of rules", "begin with `groups:`")
    for group in groups:
        for node in _items(_get(group, "rules")):
            yield _rule(name, node)


def _rule(file: str, node: yaml.Node) -> RuleText | Finding:
    line = node.start_mark.line + 1
    alert = _text(_get(node, "alert"))
    title = alert or _text(_get(node, "record"))
    if title is None:
        return Finding(file, line, "syntax", "error", "a rule", "has neither `alert` nor `record`", "add one of them")
    expr = _text(_get(node, "expr"))
    if expr is None or not expr.value.strip():
        return Finding(file, line, "syntax", "error", title.value, "has no expression", "add `expr`")
    try:
        tree = queries.parse(expr.value)
    except ValueError as error:
        return Finding(file, expr.line, "syntax", "error", title.value, f"does not parse: {error}", "correct `expr`")
    return RuleText(
        file=file,
        line=line,
        name=title.value,
        alert=alert is not None,
        expr=expr,
        tree=tree,
        patience=any(_get(node, key) is not None for key in ("for", "keep_firing_for")),
        labels=_texts(_get(node, "labels")),
        annotations=_texts(_get(node, "annotations")),
    )


def _get(node: yaml.Node | None, wanted: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == wanted), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _text(node: yaml.Node | None) -> Text | None:
    return Text(str(node.value), node.start_mark.line + 1) if isinstance(node, yaml.ScalarNode) else None


def _texts(node: yaml.Node | None) -> dict[str, Text]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {str(key.value): text for key, value in pairs if (text := _text(value)) is not None}
