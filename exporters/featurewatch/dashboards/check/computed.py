"""Does a query compute what its panel says: right functions, the chosen service only, and nothing a rule has done?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import promql_parser

from featurewatch import manifests, names
from featurewatch.dashboards import promql
from featurewatch.dashboards.check import vocabulary
from featurewatch.dashboards.check.board import Board, Json, field_defaults
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.check.known import Known, sums
from featurewatch.dashboards.check.quantity import UNITS, quantity
from featurewatch.lint.checks import COUNTERS, mistakes
from featurewatch.lint.source import RuleText, Text

CALLS_ON_COUNTERS: Final = ("rate", "increase", "irate")
COUNTED: Final = ("node_vmstat_oom_kill",)
"""Counters that are not called so."""
RECORDED_QUANTILE: Final = re.compile(r":p\d[\d_]*_rate")
NOT_OF_A_SERVICE: Final = re.compile(
    r"featurewatch_(?:build_info|container|gpu|internal|otlp|preview|process|responder)|chain:|alert:"
)
"""Ours, but of the chain, of a machine, or of every service."""


def check_computed(
    board: Board, panel: Json, reference: str, tree: promql_parser.Expr, known: Known
) -> Iterator[Finding]:
    """Findings about what one query of a panel computes, filled in as `promql.MARKED` and parsed."""
    yield from _as_in_rules(board, panel, reference, tree, known)
    yield from _counters(board, panel, tree)
    yield from _recorded(board, panel, tree, known)
    yield from _chosen(board, panel, tree)
    yield from _unit(board, panel, tree)


def _as_in_rules(
    board: Board, panel: Json, reference: str, tree: promql_parser.Expr, known: Known
) -> Iterator[Finding]:
    """What is a mistake in a rule is one in a panel."""
    rule = RuleText(board.file, 0, reference, False, Text(str(tree.prettify()), 0), tree, True)
    for found in mistakes(rule, known.labels):
        yield board.error(panel, f"query {found.rule!r}: {found.what}", found.remedy)
    for node in promql.nodes(tree):
        if isinstance(node, promql_parser.AggregateExpr) and str(node.op) in ("avg", "sum") and _is_quantile(node.expr):
            what = f"query {reference!r}: a mean of quantiles is no quantile"
            yield board.error(panel, what, "take the quantile of the sum of buckets, or the max of the quantiles")


def _is_quantile(tree: promql_parser.Expr) -> bool:
    match tree:
        case promql_parser.ParenExpr():
            return _is_quantile(tree.expr)
        case promql_parser.VectorSelector():
            return RECORDED_QUANTILE.search(tree.name or "") is not None
        case promql_parser.Call():
            return tree.func.name == "histogram_quantile"
        case _:
            return False


def _counters(board: Board, panel: Json, tree: promql_parser.Expr) -> Iterator[Finding]:
    """A rate wants a counter, and a counter wants a rate."""
    for node in promql.nodes(tree):
        if not (isinstance(node, promql_parser.Call) and node.func.name in CALLS_ON_COUNTERS):
            continue
        name = _looked_at(node.args[0])
        # Recorded series are told by `mistakes`; a native histogram has no suffix.
        if name and ":" not in name and not name.endswith((*COUNTERS, *names.HISTOGRAMS, *COUNTED)):
            yield board.error(panel, f"{node.func.name} of a gauge, {name}", "show it as it stands, or use delta")
    shown = _shown(tree)
    if isinstance(shown, promql_parser.VectorSelector):
        name = shown.name or ""
        if ":" not in name and name.endswith(COUNTERS):
            what = f"shows {name}, counted since the start of each process"
            yield board.error(panel, what, "show its rate, or its increase over $__range")


def _looked_at(tree: promql_parser.Expr) -> str | None:
    return tree.vector_selector.name if isinstance(tree, promql_parser.MatrixSelector) else None


def _shown(tree: promql_parser.Expr) -> promql_parser.Expr:
    """What is left when sums and brackets are taken off."""
    while isinstance(tree, promql_parser.ParenExpr | promql_parser.AggregateExpr):
        if isinstance(tree, promql_parser.AggregateExpr) and str(tree.op) in ("count", "group", "count_values"):
            break
        tree = tree.expr
    return tree


def _recorded(board: Board, panel: Json, tree: promql_parser.Expr, known: Known) -> Iterator[Finding]:
    for computed, looked in sums([tree]):
        name = known.recorded_as(computed)
        # Over the whole range shown nothing is recorded.
        if name is not None and looked.range == promql_parser.parse_duration(promql.MARKED_RATE):
            what = f"computes from {computed.metric} what a rule records as {name}"
            yield board.error(panel, what, "take the name from featurewatch.rules.recorded")


def _chosen(board: Board, panel: Json, tree: promql_parser.Expr) -> Iterator[Finding]:
    for selector in promql.selectors(tree):
        name = selector.metric or ""
        if names.ENVIRONMENT not in selector.labels:
            yield board.error(panel, f"{name} shows every environment at once", "select by queries.ENVIRONMENT")
        ours = name.startswith((manifests.PREFIX, "service")) and not NOT_OF_A_SERVICE.match(name)
        if ours and names.SERVICE not in selector.labels:
            what = f"{name} shows every service at once, whichever was chosen"
            yield board.error(panel, what, "select with queries.of_service or queries.of_extractors")


def _unit(board: Board, panel: Json, tree: promql_parser.Expr) -> Iterator[Finding]:
    unit, found = field_defaults(panel).get("unit"), quantity(tree)
    if found is not None and panel.get("type") != "table" and unit in vocabulary.UNITS - UNITS[found]:
        remedy = f"give it the unit {' or '.join(sorted(UNITS[found]))}"
        yield board.error(panel, f"shows what are {found} as {unit!r}", remedy)
