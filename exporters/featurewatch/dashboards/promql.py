"""PromQL as dashboards hold it: with Grafana's variables in it. Filled in, parsed and looked through here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import promql_parser as promql

VARIABLE: Final = re.compile(r"\$\{(\w+)(?:[.:][^}]*)?\}|\$([A-Za-z_]\w*)|\[\[(\w+)(?::\w+)?\]\]")
"""`${name}`, `${name:format}`, `$name` and `[[name]]`."""

BUILT_IN: Final[Mapping[str, str]] = {
    "__interval": "15s",
    "__interval_ms": "15000",
    "__range": "15m",
    "__range_ms": "900000",
    "__range_s": "900",
    "__rate_interval": "1m",
}
"""Grafana's own variables, with values as they are on a dashboard of a quarter of an hour."""


MARKED_RATE: Final = "61s"
"""Stands for `$__rate_interval` while parsing: a range that nobody would write."""
MARKED_WHOLE: Final = "62s"
"""Stands for `$__range`, over which totals are taken."""
MARKED: Final[Mapping[str, str]] = {"__rate_interval": MARKED_RATE, "__range": MARKED_WHOLE}


class Undefined(LookupError):
    """A variable that neither the dashboard nor Grafana defines; holds its name."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of a query."""

    metric: str | None
    labels: frozenset[str]


def variables(text: str) -> frozenset[str]:
    """Names of all variables that stand in `text`."""
    return frozenset(next(filter(None, match.groups())) for match in VARIABLE.finditer(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every variable replaced, as Grafana does before it asks. Raises `Undefined`."""

    def value(match: re.Match[str]) -> str:
        name = next(filter(None, match.groups()))
        if name in values:
            return values[name]
        if name in BUILT_IN:
            return BUILT_IN[name]
        raise Undefined(name)

    return VARIABLE.sub(value, text)


@lru_cache(maxsize=4096)
def parse(expr: str) -> promql.Expr:
    """The syntax tree, which nobody changes. Raises `ValueError` with what Prometheus would say."""
    return promql.parse(expr)


def nodes(tree: promql.Expr) -> Iterator[promql.Expr]:
    """The tree's nodes, outer before inner."""
    found: list[promql.Expr] = []
    promql.walk(tree, found.append)
    yield from found


def selectors(tree: promql.Expr) -> list[Selector]:
    """Every selector of the tree, those of ranges too."""
    return [
        Selector(node.name, frozenset(matcher.name for matcher in node.matchers.matchers))
        for node in nodes(tree)
        if isinstance(node, promql.VectorSelector)
    ]


def result_labels(tree: promql.Expr) -> frozenset[str] | None:
    """The labels that a result can have; None where the tree alone does not say."""
    match tree:
        case promql.AggregateExpr():
            return _aggregated(tree)
        case promql.ParenExpr() | promql.UnaryExpr():
            return result_labels(tree.expr)
        case promql.Call() if tree.func.name == "label_replace":
            inner = result_labels(tree.args[0])
            return None if inner is None else inner | {tree.args[1].val}
        case promql.Call() if tree.func.name in ("vector", "scalar"):
            return frozenset()
        case promql.NumberLiteral():
            return frozenset()
        case promql.BinaryExpr():
            return _combined(result_labels(tree.lhs), result_labels(tree.rhs))
        case _:
            return None


def _aggregated(tree: promql.AggregateExpr) -> frozenset[str] | None:
    if str(tree.prettify()).startswith(("topk", "bottomk", "limitk", "limit_ratio")):
        return result_labels(tree.expr)
    if tree.modifier is None:
        return frozenset()
    if tree.modifier.type == promql.AggModifierType.By:
        return frozenset(tree.modifier.labels)
    inner = result_labels(tree.expr)
    return None if inner is None else inner - set(tree.modifier.labels)


def _combined(left: Any, right: Any) -> frozenset[str] | None:
    return None if left is None or right is None else left | right
