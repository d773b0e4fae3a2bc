"""Which rule reads which series, and which tests look at what: by name, which is all that PromQL knows them by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from featurewatch.rules.model import Alert, Group, Rule

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def names_in(text: str) -> set[str]:
    """Every word of an expression that could be the name of a series."""
    return set(_METRIC.findall(text))


def read_by(rule: Rule) -> set[str]:
    """What a rule reads: in its expression, and in the queries of its messages."""
    texts = (rule.expr, *rule.annotations.values()) if isinstance(rule, Alert) else (rule.expr,)
    return names_in(" ".join(texts))


def downstream(groups: Iterable[Group], name: str) -> set[str]:
    """The rule of this name and every rule computed from it."""
    read = {rule.name: read_by(rule) for group in groups for rule in group.rules}
    affected = {name}
    while more := {reader for reader, names in read.items() if names & affected} - affected:
        affected |= more
    return affected


def upstream(groups: Iterable[Group], names: Iterable[str]) -> set[str]:
    """The rules of these names and every rule that they are computed from."""
    read: dict[str, set[str]] = {}
    for group in groups:
        for rule in group.rules:  # the steps of a ladder share a name
            read.setdefault(rule.name, set()).update(read_by(rule))
    needed = set(names)
    while more := {name for reader in needed for name in read.get(reader, ()) if name in read} - needed:
        needed |= more
    return needed


def looked_at(content: Mapping[str, Any]) -> set[str]:
    """Names of the alerts and series that a test file has expectations of."""
    seen: set[str] = set()
    for case in content["tests"]:
        seen |= {look["alertname"] for look in case.get("alert_rule_test") or ()}
        for check in case.get("promql_expr_test") or ():
            seen |= names_in(check["expr"])
    return seen
