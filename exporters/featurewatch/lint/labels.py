"""Which labels the result of an expression has, as far as the text tells: recorded series are followed into theirs."""

from __future__ import annotations

from collections.abc import Mapping

import promql_parser as promql

Labels = frozenset[str] | None
"""None: anything; the text does not say."""

_NOTHING: frozenset[str] = frozenset()
_CONSTANT = ("vector", "scalar", "time", "pi")
_SELECTING = ("topk", "bottomk", "limitk", "limit_ratio")


def labels_of(tree: promql.Expr, recorded: Mapping[str, Labels]) -> Labels:
    """Labels that the result can have. `recorded` has those of the recorded series."""
    match tree:
        case promql.VectorSelector():
            return recorded.get(tree.name or "")
        case promql.MatrixSelector():
            return recorded.get(tree.vector_selector.name or "")
        case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
            return labels_of(tree.expr, recorded)
        case promql.NumberLiteral() | promql.StringLiteral():
            return _NOTHING
        case promql.Call():
            return _called(tree, recorded)
        case promql.AggregateExpr():
            return _aggregated(tree, recorded)
        case promql.BinaryExpr():
            return _combined(tree, recorded)
        case _:
            return None


def is_number(tree: promql.Expr) -> bool:
    """Whether it is a number and no vector."""
    match tree:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return is_number(tree.expr)
        case promql.Call():
            return tree.func.name in ("scalar", "time", "pi")
        case promql.BinaryExpr():
            return is_number(tree.lhs) and is_number(tree.rhs)
        case _:
            return False


def selecting(tree: promql.AggregateExpr) -> bool:
    """Whether it passes some of its series on as they are."""
    return str(tree.prettify()).startswith(_SELECTING)


def _called(tree: promql.Call, recorded: Mapping[str, Labels]) -> Labels:
    name = tree.func.name
    if name in _CONSTANT:
        return _NOTHING
    if name in ("absent", "absent_over_time", "info"):
        return None
    vectors = [arg for arg in tree.args if not isinstance(arg, promql.NumberLiteral | promql.StringLiteral)]
    if not vectors:
        return _NOTHING
    inner = labels_of(vectors[-1] if name.startswith("histogram_") else vectors[0], recorded)
    if inner is None:
        return None
    if name in ("label_replace", "label_join"):
        return inner | {tree.args[1].val}
    return inner - {"le"} if name == "histogram_quantile" else inner


def _aggregated(tree: promql.AggregateExpr, recorded: Mapping[str, Labels]) -> Labels:
    inner = labels_of(tree.expr, recorded)
    if selecting(tree):
        return inner
    if tree.modifier is None:
        return _NOTHING
    named = frozenset(tree.modifier.labels)
    if tree.modifier.type == promql.AggModifierType.By:
        return named if inner is None else named & inner
    return None if inner is None else inner - named


def _combined(tree: promql.BinaryExpr, recorded: Mapping[str, Labels]) -> Labels:
    left, right = labels_of(tree.lhs, recorded), labels_of(tree.rhs, recorded)
    operator = str(tree.op)
    if is_number(tree.lhs):
        return right
    if is_number(tree.rhs) or operator in ("and", "unless"):
        return left
    if operator == "or":
        return None if left is None or right is None else left | right
    modifier = tree.modifier
    if modifier is not None and str(modifier.card) not in ("OneToOne", "VectorMatchCardinality.OneToOne"):
        many = right if "OneToMany" in str(modifier.card) else left
        return None if many is None else many | frozenset(modifier.group_labels or ())
    matching = modifier.matching if modifier is not None else None
    if matching is None or _compares(operator):
        return left
    named = frozenset(matching.labels)
    if _is_on(matching):
        return named if left is None else named & left
    return None if left is None else left - named


def _compares(operator: str) -> bool:
    return operator in ("==", "!=", "<", ">", "<=", ">=")


def _is_on(matching: promql.LabelModifier) -> bool:
    return str(matching.type).endswith(".Include")


def matched_on(tree: promql.BinaryExpr) -> frozenset[str]:
    """The labels of its `on (…)`."""
    matching = tree.modifier.matching if tree.modifier is not None else None
    return frozenset(matching.labels) if matching is not None and _is_on(matching) else frozenset()
