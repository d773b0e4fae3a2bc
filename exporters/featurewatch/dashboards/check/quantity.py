"""Which quantity a query answers with, as far as the names of its series tell: seconds, bytes, a share."""

from __future__ import annotations

import re
from typing import Final, Literal

import promql_parser

Quantity = Literal["seconds", "bytes", "bytes per second", "shares"]

UNITS: Final[dict[Quantity, frozenset[str]]] = {
    "seconds": frozenset({"s", "dtdurations", "dthms"}),
    "bytes": frozenset({"bytes", "decbytes"}),
    "bytes per second": frozenset({"Bps", "binBps"}),
    "shares": frozenset({"percentunit"}),
}
"""What Grafana writes them in without changing them."""

# Passes on what it is given.
_PASSING: Final = frozenset(
    {
        *("abs", "avg_over_time", "ceil", "clamp", "clamp_max", "clamp_min", "floor", "histogram_quantile"),
        *("label_join", "label_replace", "last_over_time", "max_over_time", "min_over_time", "quantile_over_time"),
        *("round", "sort", "sort_desc"),
    }
)
_PASSING_AGGREGATIONS: Final = frozenset({"avg", "bottomk", "max", "min", "quantile", "sum", "topk"})
_COMPARING: Final = frozenset({">", ">=", "<", "<=", "==", "!="})

_SECONDS: Final = re.compile(r"(?<!timestamp)_seconds(?:_bucket)?$|:full_in_seconds$|:budget_left_seconds\w*$")
_SHARES: Final = re.compile(r"_ratio$|:(?:good|bad|used|budget_left)_ratio\w*$|:ratio\w*$")
_BYTES: Final = re.compile(r"_bytes(?:_bucket)?$")
_QUANTILE: Final = re.compile(r"_seconds:p[\d_]+_rate\w+$")


def quantity(tree: promql_parser.Expr) -> Quantity | None:
    """None where the query computes something new, or where the names do not tell."""
    match tree:
        case promql_parser.VectorSelector():
            return _named(tree.name or "")
        case promql_parser.MatrixSelector():
            return _named(tree.vector_selector.name or "")
        case promql_parser.ParenExpr() | promql_parser.SubqueryExpr():
            return quantity(tree.expr)
        case promql_parser.AggregateExpr() if str(tree.op) in _PASSING_AGGREGATIONS:
            return quantity(tree.expr)
        case promql_parser.Call() if tree.func.name == "rate":
            return "bytes per second" if _counted_bytes(tree.args[0]) else None
        case promql_parser.Call() if tree.func.name in _PASSING:
            found = [quantity(argument) for argument in tree.args]
            return next((one for one in found if one is not None), None)
        case promql_parser.BinaryExpr() if str(tree.op) in _COMPARING:
            return quantity(tree.lhs)
        case promql_parser.BinaryExpr() if str(tree.op) == "or":
            left, right = quantity(tree.lhs), quantity(tree.rhs)
            return left if left == right else None
        case _:
            return None


def _named(name: str) -> Quantity | None:
    if _SECONDS.search(name) or _QUANTILE.search(name):
        return "seconds"
    if _BYTES.search(name):
        return "bytes"
    return "shares" if _SHARES.search(name) else None


def _counted_bytes(tree: promql_parser.Expr) -> bool:
    return isinstance(tree, promql_parser.MatrixSelector) and (tree.vector_selector.name or "").endswith("_bytes_total")
